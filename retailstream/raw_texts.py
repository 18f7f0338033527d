"""Rejects with the text of their records as it came, as far as it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError
from retailstream.landings import landed_key
from retailstream.quarantine import Reject
from retailstream.read_limits import NOT_KEPT
from retailstream.records import raw_records, survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.contracts import Contract
    from retailstream.ports import FoundReject, Lake
    from retailstream.read_limits import ReadLimits

BATCH: Final = 10_000
"""How many rejects are looked up in their files at a time."""


def with_raw(contract: Contract, found: Iterator[FoundReject], raw: Lake, limits: ReadLimits) -> Iterator[Reject]:
    """Add the record as it came to each reject, reading each file once per run of neighbours.

    Of a long record its beginning is kept, and once all of them have more text than a run may keep, none any more: an
    entry names its file and record, where all of it stands.
    """
    room = limits.kept_of_run
    for batch in _neighbours(found):
        texts = _looked_up(contract, batch, raw, limits) if room > 0 else {}
        for r in batch:
            text = texts.get(r.record, "")
            room -= len(text)
            kept = texts.get(r.record) if room > 0 else NOT_KEPT
            yield Reject(contract.name, r.landing, r.file, r.record, r.rule, r.column, r.value, kept)


def _looked_up(contract: Contract, batch: Sequence[FoundReject], raw: Lake, limits: ReadLimits) -> dict[int, str]:
    key = landed_key(batch[0].landing, batch[0].file)
    try:
        path = raw.fetch(key)
    except RetailStreamError:
        if key in raw.sizes(key):
            raise
        return {}  # what is superseded now may have come in a file that is lost, which `monitor` tells
    return raw_records(path, survey(path, contract, limits=limits), {found.record for found in batch}, limits.kept_text)


def _neighbours(found: Iterator[FoundReject]) -> Iterator[list[FoundReject]]:
    """Yield rejects of one file together."""
    batch: list[FoundReject] = []
    for reject in found:
        if batch and ((reject.landing, reject.file) != (batch[0].landing, batch[0].file) or len(batch) >= BATCH):
            yield batch
            batch = []
        batch.append(reject)
    if batch:
        yield batch
