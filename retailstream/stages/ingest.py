"""Sales and store files of the source land in the raw bucket as they are; nothing is judged here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream import landing
from retailstream.reports import Counts, StageReport, outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.landing import Landed, SourceFile
    from retailstream.ports import Lake
    from retailstream.runs import Books, Run

STAGE = "ingest"


def run(*, source: Path, lake: Lake, books: Books, run: Run) -> StageReport:
    """Land every file of the scope whose content is not known yet; a stopped landing is completed first.

    Counts are files and bytes. Raises UsageError where the source folder does not exist.
    """
    datasets = books.landings.scope.datasets
    paths, warnings = landing.scan(source, datasets)
    files = []
    for done, path in enumerate(paths, start=1):
        files.append(landing.hashed(source, path))
        run.progress("looking at files", done, len(paths))
    if run.dry_run:
        new: Sequence[SourceFile | Landed] = landing.new_files(files, books.landings.known())
    else:
        new = landing.land(books.landings, lake, run.run_id, files, run.progress)
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
