"""Rejects with the text of their records as it came, as far as it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError
from retailstream.gathering import gather
from retailstream.landings import landed_key
from retailstream.read_limits import NOT_KEPT
from retailstream.records import raw_records, survey
from retailstream.rejects import Reject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.contracts import Contract
    from retailstream.gathering import Gathered
    from retailstream.ports import FoundReject, Lake
    from retailstream.read_limits import ReadLimits

BATCH: Final = 10_000
"""How many rejects are looked up in their files at a time."""


def with_raw(contract: Contract, found: Iterator[FoundReject], raw: Lake, limits: ReadLimits) -> Iterator[Reject]:
    """Add the record as it came to each reject, reading each file once per run of neighbours.

    Where a file or a run has more than are kept one by one, one reject stands for many, and has its own text only.

    Of a long record its beginning is kept, and once all of them have more text than a run may keep, none any more: an
    entry names its file and record, where all of it stands.
    """
    room = limits.kept_of_run
    for batch in _neighbours(gather(found, limits)):
        texts = _looked_up(contract, [gathered.first for gathered in batch], raw, limits) if room > 0 else {}
        for gathered in batch:
            r = gathered.first
            text = texts.get(r.record, "")
            room -= len(text)
            kept = texts.get(r.record) if room > 0 else NOT_KEPT
            yield Reject(contract.name, r.landing, r.file, r.record, r.rule, r.column, r.value, kept, gathered.others)


def _looked_up(contract: Contract, batch: Sequence[FoundReject], raw: Lake, limits: ReadLimits) -> dict[int, str]:
    key = landed_key(batch[0].landing, batch[0].file)
    try:
        path = raw.fetch(key)
    except RetailStreamError:
        if key in raw.sizes(key):
            raise
        return {}  # what is superseded now may have come in a file that is lost, which `monitor` tells
    return raw_records(path, survey(path, contract, limits=limits), {found.record for found in batch}, limits.kept_text)


def _neighbours(found: Iterator[Gathered]) -> Iterator[list[Gathered]]:
    """Yield rejects of one file together."""
    batch: list[Gathered] = []
    for gathered in found:
        if batch and (_place(gathered) != _place(batch[0]) or len(batch) >= BATCH):
            yield batch
            batch = []
        batch.append(gathered)
    if batch:
        yield batch


def _place(gathered: Gathered) -> tuple[int, str]:
    return gathered.first.landing, gathered.first.file
