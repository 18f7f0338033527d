"""Sales and store files of the source land in the raw bucket as they are; nothing is judged here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.landing import land
from retailstream.reports import Counts, StageReport, outcome
from retailstream.source_files import hashed, new_files, scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.landings import Landed
    from retailstream.ports import Lake
    from retailstream.runs import Books, Run
    from retailstream.source_files import SourceFile

STAGE = "ingest"


def run(*, source: Path, lake: Lake, books: Books, run: Run) -> StageReport:
    """Land every file of the scope whose content is not known yet; a stopped landing is completed first.

    Counts are files and bytes. Raises UsageError where the source folder does not exist.
    """
    datasets = books.landings.scope.datasets
    paths, warnings = scan(source, datasets)
    files = []
    for done, path in enumerate(paths, start=1):
        files.append(hashed(source, path))
        run.progress("looking at files", done, len(paths))
    if run.dry_run:
        new: Sequence[SourceFile | Landed] = new_files(files, books.landings.known())
    else:
        new = land(books.landings, lake, run.run_id, files, run.progress)
    return StageReport(
        STAGE,
        outcome(dry_run=run.dry_run, changed=bool(new)),
        {dataset: _counts(dataset, files, new) for dataset in datasets},
        outputs=(lake.url,),
        inputs=tuple(file.sha256 for file in new),
        warnings=tuple(warnings),
    )


def _counts(dataset: str, files: Sequence[SourceFile], new: Sequence[SourceFile | Landed]) -> Counts:
    mine = [file for file in new if file.dataset == dataset]
    return Counts(
        files_in=sum(file.dataset == dataset for file in files),
        files_new=len(mine),
        bytes=sum(file.bytes for file in mine),
    )
