"""The bytes of landed files, as long as they are those that landed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError
from retailstream.hashing import sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.landings import Landed
    from retailstream.ports import Lake

_WAY_OUT: Final = "retailstream repair lands it again if the source has its bytes; else bring it back from a backup"


def fetched(raw: Lake, files: Sequence[Landed]) -> list[Path]:
    """Return local files with what landed; RetailStreamError where the lake has one of them no more."""
    try:
        return raw.fetch_all([file.key for file in files])
    except RetailStreamError as error:
        there = raw.sizes("")
        gone = next((file.key for file in files if file.key not in there), None)
        if gone is None:
            raise
        raise RetailStreamError(f"landed file '{gone}' in {raw.url} is missing", hint=_WAY_OUT) from error


def check(raw: Lake, file: Landed, path: Path) -> None:
    """Raise RetailStreamError where a landed file has other bytes than it landed with."""
    if sha256(path) != file.sha256 and not _fetched_again(raw, file):
        raise RetailStreamError(
            f"landed file '{file.key}' in {raw.url} no longer has the bytes it landed with",
            hint=_WAY_OUT,
        )


def _fetched_again(raw: Lake, file: Landed) -> bool:
    """Say whether it was only the copy on this machine that was damaged: it is another one now."""
    raw.drop_copies([file.key])
    return sha256(raw.fetch(file.key)) == file.sha256
