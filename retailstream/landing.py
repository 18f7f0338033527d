"""New files go to a lake as they are, in numbered landings that survive being stopped.

A landing is the list of new files, written down before the first byte moves. Rows are ordered by landing, so a stopped
one is completed with the same list, and an interrupted run orders its rows like an uninterrupted one. What counts as
landed has the bytes that are written down: see docs/adr/0035-landings-that-are-lost.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.adoption import adopt, last_landing
from retailstream.novelty import news
from retailstream.ports import no_progress
from retailstream.relanding import land_again, with_other_bytes
from retailstream.source_files import unchanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retailstream.landings import Landed, LandingLog
    from retailstream.ports import Lake, Progress, Table
    from retailstream.reports import RunWarning
    from retailstream.source_files import SourceFile


@dataclass(frozen=True)
class RawStore:
    """The raw files of a scope: what is remembered of them, where they lie, and the last landing that a table holds."""

    log: LandingLog
    lake: Lake
    merged: int = 0


def last_merged(tables: Iterable[Table]) -> int:
    """Return the last landing that any of the tables holds, or held before its columns were others."""
    return max((max(version.landing, version.passed) for version in (table.manifest() for table in tables)), default=0)


@dataclass(frozen=True)
class Landing:
    """What came of a look into a source: every file that was copied, and what an operator should know of the others.

    `again` were landed before, and had to be copied once more.
    """

    copied: list[Landed]
    again: list[Landed]
    warnings: list[RunWarning]


def land(
    raw: RawStore, run_id: str, files: Sequence[SourceFile], progress: Progress = no_progress, *, old: bool = False
) -> Landing:
    """Complete a stopped landing, then land what is new; with `old` also old bytes under new names.

    Before that, what the lake has and nothing remembers is written down, and what it lost is landed again in place.
    """
    log, lake = raw.log, raw.lake
    listed = lake.sizes("")
    above = max(raw.merged, last_landing(listed, log.scope))
    sizes = adopt(log, lake, listed, files, merged=raw.merged)
    again = land_again(log, lake, files, deep=False, sizes=sizes)
    copied: list[Landed] = []
    if (stopped := log.unfinished()) is not None:
        copied += _copy(raw, stopped, files, progress, there=sizes)
    found = news(files, log.known())
    if new := [*found.new, *(found.old if old else [])]:
        copied += _copy(raw, log.open(run_id, new, found.copies, above=above), files, progress, there={})
    if found.renamed:
        log.note(found.renamed)
    return Landing(copied, again.landed, [*again.warnings, *([] if old else found.warnings)])


def _copy(
    raw: RawStore, landing: int, files: Sequence[SourceFile], progress: Progress, *, there: Mapping[str, int]
) -> list[Landed]:
    """Bring the files of a landing to the lake, of which some may be `there`, and complete it."""
    log, lake = raw.log, raw.lake
    sources = {(file.dataset, file.file, file.sha256): file for file in files}
    listed = log.files(landing=landing)
    wrong = with_other_bytes(lake, listed, there)
    lake.delete(file.key for file in wrong)
    whole = {file.key for file in listed if file.key in there} - {file.key for file in wrong}
    wanted = [(file, sources.get((file.dataset, file.file, file.sha256))) for file in listed]
    adding = lake.add_all([(file.key, source.path) for file, source in wanted if source and file.key not in whole])
    copied: list[Landed] = []
    withdrawn: list[Landed] = []
    for done, (file, source) in enumerate(wanted, start=1):
        arrived = file.key in whole or (source is not None and next(adding) and unchanged(source))
        (copied if arrived else withdrawn).append(file)
        progress("landing files", done, len(listed))
    lake.delete(file.key for file in withdrawn)
    log.complete(landing, withdrawn)
    return copied
