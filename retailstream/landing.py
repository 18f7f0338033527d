"""New files go to a lake as they are, in numbered landings that survive being stopped.

A landing is the list of new files, written down before the first byte moves. Rows are ordered by landing, so a stopped
one is completed with the same list, and an interrupted run orders its rows like an uninterrupted one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.hashing import sha256
from retailstream.landings import Landed
from retailstream.novelty import news
from retailstream.ports import no_progress
from retailstream.source_files import unchanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.landings import LandingLog
    from retailstream.ports import Lake, Progress
    from retailstream.reports import RunWarning
    from retailstream.source_files import SourceFile

_LANDED: Final = re.compile(r"(?P<dataset>[^/]+)/landing-(?P<landing>\d{6,})/(?P<name>.+)", re.DOTALL)


@dataclass(frozen=True)
class Landing:
    """What came of a look into a source: every file that was copied, and what an operator should know of the others."""

    copied: list[Landed]
    warnings: list[RunWarning]


def land(
    log: LandingLog,
    lake: Lake,
    run_id: str,
    files: Sequence[SourceFile],
    progress: Progress = no_progress,
    *,
    old: bool = False,
) -> Landing:
    """Complete a stopped landing, then land what is new; with `old` also old bytes under new names."""
    if log.is_empty():
        _adopt(log, lake)
    copied: list[Landed] = []
    if (stopped := log.unfinished()) is not None:
        copied += _copy(log, lake, stopped, files, progress)
    found = news(files, log.known())
    if new := [*found.new, *(found.old if old else [])]:
        copied += _copy(log, lake, log.open(run_id, new, found.copies), files, progress)
    if found.renamed:
        log.note(found.renamed)
    return Landing(copied, [] if old else found.warnings)


def _adopt(log: LandingLog, lake: Lake) -> None:
    """Remember what a lake has from landings that nothing remembers: its home is a new one, or the state was lost.

    Without them the next landing would begin to count anew, below the landings that clean tables already hold.
    """
    sizes = {key: size for key, size in lake.sizes("").items() if key.lower().endswith((".csv", ".gz"))}
    matches = [found for found in map(_LANDED.fullmatch, sizes) if found and found["dataset"] in log.scope.datasets]
    found = []
    for match, path in zip(matches, lake.fetch_all([match[0] for match in matches]), strict=True):
        file = f"{match['dataset']}/{match['name']}"
        found.append(Landed(match["dataset"], int(match["landing"]), file, sha256(path), sizes[match[0]]))
    if found:
        log.adopt(found)


def _copy(log: LandingLog, lake: Lake, landing: int, files: Sequence[SourceFile], progress: Progress) -> list[Landed]:
    sources = {(file.dataset, file.file, file.sha256): file for file in files}
    listed = [(file, sources.get((file.dataset, file.file, file.sha256))) for file in log.files(landing=landing)]
    adding = lake.add_all([(file.key, source.path) for file, source in listed if source])
    copied: list[Landed] = []
    withdrawn: list[Landed] = []
    for done, (file, source) in enumerate(listed, start=1):
        there = next(adding) and unchanged(source) if source else lake.sizes(file.key).get(file.key) == file.bytes
        (copied if there else withdrawn).append(file)
        progress("landing files", done, len(listed))
    lake.delete(file.key for file in withdrawn)
    log.complete(landing, withdrawn)
    return copied
