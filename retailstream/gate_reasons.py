"""What closes the gate beside the share of all records: a part that is rejected almost whole, and nothing to read.

A file or a store that is rejected whole hides in a share of all. See docs/adr/0032-what-is-judged.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Final

from retailstream.enumerating import named

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from retailstream.dated_files import NewFiles
    from retailstream.ports import Checked
    from retailstream.rejects import Reject
    from retailstream.runs import Limit, Run

FEWEST: Final = 2
"""Fewer rejects are no part: one bad record is what the limit of all records is for."""

NAMED: Final = 5
"""How many files or stores a reason names; of the others it has the number."""


@dataclass(frozen=True)
class Reason:
    """Why the gate closes, as a part of a sentence, and what to do next."""

    text: str
    hint: str


def reasons(new: NewFiles, checked: Checked, refused: Collection[int], run: Run) -> list[Reason]:
    """Return which files and stores are rejected almost whole, unless too much of all is rejected anyway."""
    told = {file.number: file.file for file in new.told(refused)}
    figures = [new.figures[number] for number in told]
    records, rejected = (sum(found.records for found in figures), sum(found.rejected for found in figures))
    if run.rules.in_part is None or not rejected or not run.limit.allows(rejected, records):
        return []
    stores = checked.stores(refused={file.number for file in new.files} - told.keys())
    parts = [
        *((told[found.number], found.rejected, found.records) for found in figures),
        *((f"store {found.store}", found.rejected, found.records) for found in stores if found.store is not None),
    ]
    return over(new.contract.name, parts, run.rules.in_part, run.limit)


def over(dataset: str, parts: Iterable[tuple[str, int, int]], limit: Limit, whole: Limit) -> list[Reason]:
    """Return which parts have more rejects than the limit for a part allows, and that for all, too.

    `parts` are (name, rejected, records), such as `("store 7", 70, 70)`.
    """
    beyond = [
        f"{'all' if rejected == records else f'{rejected:,} of'} {records:,} {dataset} records of {name}"
        for name, rejected, records in parts
        if rejected >= FEWEST and not limit.allows(rejected, records) and not whole.allows(rejected, records)
    ]
    if not beyond:
        return []
    told = named(beyond, NAMED, nouns="files and stores")
    return [
        Reason(
            f"{told} are rejected, the limit of one file or store is {limit.text}",
            f"retailstream quarantine list --dataset {dataset}; then quarantine replay or discard, or a higher"
            " --max-rejects",
        )
    ]


def all_refused(dataset: str, files: int, refused: Sequence[Reject]) -> list[Reason]:
    """Return what is wrong with each file, where not one of so many new ones can be read."""
    if not files or len(refused) < files:
        return []
    wrong = [f"{reject.file}: {reject.rule}, {reject.value}" for reject in refused]
    told = named(wrong, NAMED, nouns="files", between="; ")
    every = f"all {files:,} new {dataset} files are" if files > 1 else f"the only new {dataset} file is"
    file = refused[0].file
    return [
        Reason(
            f"{every} refused ({told})",
            f"retailstream quarantine show {refused[0].id}; then put a right one into SOURCE/{dataset} and run again;"
            f" or retailstream quarantine discard {quote(file)} --reason TEXT",
        )
    ]
