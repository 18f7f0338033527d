"""What has landed and is not in the clean rows of a table yet, or has to be read once more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from retailstream import merge_warnings
from retailstream.read_limits import LIMIT_RULES
from retailstream.readings import digest_of_reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.contracts import Contract
    from retailstream.landings import Landed
    from retailstream.manifests import Manifest
    from retailstream.ports import Origin, Table
    from retailstream.quarantine import Quarantine
    from retailstream.read_limits import ReadLimits
    from retailstream.runs import Books


@dataclass(frozen=True)
class Pending:
    """The landed files of one table that are not in its clean rows yet, or all where they are `anew` to be read.

    Files of landings up to `passed` were in it before: they have been through the gate. `reading` is how all are read.
    """

    contract: Contract
    before: Manifest
    """The version that is there."""
    old: Manifest
    """What of it the files are laid over: nothing where all are read."""
    files: Sequence[Landed]
    settled: frozenset[Origin]
    reading: str
    passed: int
    anew: bool
    accepted: frozenset[tuple[int, str]]
    """Landing and file of what came in though it is finer than the table."""
    out: frozenset[tuple[int, str]]
    """Landing and file of what was refused as a whole until now, and so has not been through the gate."""
    unsettled: bool
    """Whether the memory has entries that are closed once this is published; else it is not needed any more then."""
    damage: str = ""
    """What of the published table is damaged, which is why it is made anew."""

    @property
    def landing(self) -> int:
        """The last landing that is merged once these files are."""
        return max([self.passed, *(file.landing for file in self.files)])

    def is_new(self, landing: int) -> bool:
        """Say whether files of that landing were in no version of the table."""
        return landing > self.passed


def find_pending(table: Table, books: Books, limits: ReadLimits, *, damage: str = "") -> Pending:
    """Return what is landed and not merged.

    That is everything where the published table was damaged or taken away, or was read by other columns or forms, or
    with records that are withdrawn now, or without files that other limits refused; and where landings were forgotten.
    If the table reaches beyond them, nobody knows which files have been through the gate, so none has. `damage` says in
    words what was found damaged of it.
    """
    before = old = table.manifest()
    reached, quarantine = max(old.landing, old.passed), books.quarantine
    reading = digest_of_reading(table.contract, quarantine.withdrawn(table.contract.name))
    ahead = reached > books.landings.last()
    if not damage and not table.intact(old):
        damage = merge_warnings.lost_file(table)
    stale = ahead or old.reading != reading or bool(damage) or books.landings.to_read_again()
    stale = stale or _may_come_in(quarantine, table.contract, limits)
    if stale:
        old = replace(old, landing=0, partitions={})
    anew, passed = stale and reached > 0, 0 if ahead else reached
    name, unfinished = table.contract.name, books.landings.unfinished()
    settled = frozenset(quarantine.settled_records(name, old.landing))
    files = [
        file
        for file in books.landings.files(name, after=old.landing)
        if (file.landing, file.file, None) not in settled and file.landing != unfinished
    ]
    accepted, unsettled = frozenset(quarantine.accepted_files(name)), anew or quarantine.has_unsettled(name, reading)
    out = frozenset(quarantine.refused_files(name))
    return Pending(table.contract, before, old, files, settled, reading, passed, anew, accepted, out, unsettled, damage)


def _may_come_in(quarantine: Quarantine, contract: Contract, limits: ReadLimits) -> bool:
    """Say whether a file was refused by limits that are others now."""
    entries = [entry.reject for rule in LIMIT_RULES for entry in quarantine.entries(dataset=contract.name, rule=rule)]
    return not all(limits.refused(reject.rule, reject.value) for reject in entries)
