"""Files and folders that a user names for us to write: what is none is refused, and what is one is replaced whole."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from retailstream import durable
from retailstream.access import hand_out
from retailstream.errors import RetailStreamError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HINT: Final = "name a new folder, or one that is there"


def check_file(path: Path, name: str, *, makes_folder: bool = False) -> None:
    """Raise UsageError, which says `name`, where no file can be written at that path: a device, a pipe, a folder."""
    _check_above(path, name)
    if not makes_folder and not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} of {name} does not exist", hint=f"mkdir -p {path.parent}")
    if path.exists() and not path.is_file():
        raise UsageError(f"{name} {path} exists and is no file", hint="name a new file, or one to be replaced")


def check_folder(folder: Path, name: str) -> None:
    """Raise UsageError, which says `name`, where there is no folder at that path and none can be made."""
    _check_above(folder, name)
    if _is_there(folder) and not folder.is_dir():
        raise UsageError(f"{name} {folder} {_what(folder)}", hint=_HINT)


def _check_above(path: Path, name: str) -> None:
    """Raise UsageError where what a path lies in is no folder."""
    there = next((place for place in path.absolute().parents if _is_there(place)), None)
    if there and not there.is_dir():
        raise UsageError(f"{there}, which {name} {path} lies in, {_what(there)}", hint=_HINT)


def _is_there(place: Path) -> bool:
    """Say whether something has that name, if only a link that leads nowhere: no folder can be made there."""
    return place.exists() or place.is_symlink()


def _what(place: Path) -> str:
    return "is no folder" if place.exists() else "is a link that leads nowhere"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside the target, which takes its place at the end, durably; a link stays, its target changes.

    Raises RetailStreamError where that cannot be, as where the target is a device, a pipe or a folder.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise RetailStreamError(f"{path} exists and is no file", hint="name a new file, or one to be replaced")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        hand_out(part)
        durable.replace(part, target)
    except OSError as error:
        raise RetailStreamError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
