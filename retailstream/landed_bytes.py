"""The bytes of landed files, as long as they are those that landed, and the records in them as they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError
from retailstream.hashing import sha256
from retailstream.landings import landed_key
from retailstream.quarantine import Reject
from retailstream.records import raw_records, survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.landings import Landed
    from retailstream.ports import FoundReject, Lake

RAW_BATCH: Final = 10_000
"""How many rejects are looked up in their files at a time."""

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


def with_raw(contract: Contract, found: Iterator[FoundReject], raw: Lake) -> Iterator[Reject]:
    """Add the record as it came to each reject, reading each file once per run of neighbours."""
    batch: list[FoundReject] = []
    for reject in found:
        if batch and ((reject.landing, reject.file) != (batch[0].landing, batch[0].file) or len(batch) >= RAW_BATCH):
            yield from _look_up(contract, batch, raw)
            batch = []
        batch.append(reject)
    if batch:
        yield from _look_up(contract, batch, raw)


def _look_up(contract: Contract, batch: Sequence[FoundReject], raw: Lake) -> Iterator[Reject]:
    texts = _texts(contract, batch, raw)
    for r in batch:
        yield Reject(contract.name, r.landing, r.file, r.record, r.rule, r.column, r.value, texts.get(r.record))


def _texts(contract: Contract, batch: Sequence[FoundReject], raw: Lake) -> Mapping[int, str]:
    """Return records as they came, by number; none where an earlier file is lost, which `monitor` tells."""
    key = landed_key(batch[0].landing, batch[0].file)
    try:
        path = raw.fetch(key)
    except RetailStreamError:
        if key in raw.sizes(key):
            raise
        return {}
    return raw_records(path, survey(path, contract), {reject.record for reject in batch})
