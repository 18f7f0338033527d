"""Sales and store files of the source land in the raw bucket as they are; nothing is judged here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.contracts import CONTRACTS
from retailstream.errors import RetailStreamError, UsageError
from retailstream.landing import Landing, RawStore, land, last_merged
from retailstream.novelty import news
from retailstream.planning import refusal
from retailstream.records import survey
from retailstream.rejects import Reject
from retailstream.reports import Counts, StageReport, outcome
from retailstream.source_files import UNREADABLE, hashed, passed_over, scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.landings import Landed
    from retailstream.novelty import News
    from retailstream.ports import Lake, Progress, Table
    from retailstream.read_limits import ReadLimits
    from retailstream.reports import RunWarning
    from retailstream.runs import Books, Run
    from retailstream.source_files import Scan, SourceFile

STAGE = "ingest"


def run(*, source: Path, lake: Lake, tables: Sequence[Table], books: Books, run: Run) -> StageReport:
    """Land every file of the scope that is new; a stopped landing is completed first.

    Landings are numbered above what the tables hold. Counts are files and bytes. Raises UsageError where the source
    folder does not exist, is one beside the right one, or holds nothing to read although nothing was ever landed.
    """
    datasets = books.landings.scope.datasets
    found = scan(source, datasets, follow_links=run.rules.follow_links)
    if not found.readable:
        _check(source, found, landed_before=books.landings.anything())
    files, warnings = _hashed(source, found, run.progress)
    new: Sequence[SourceFile | Landed]
    again: Sequence[Landed] = ()
    if run.dry_run:
        plan = news(files, books.landings.known())
        new, more = plan.new, [*plan.warnings, *_refusals(plan, run.rules.limits)]
    else:
        raw = RawStore(books.landings, lake, last_merged(tables))
        done: Landing = land(raw, run.run_id, files, run.progress)
        new, again, more = done.copied, done.again, done.warnings
    return StageReport(
        STAGE,
        outcome(dry_run=run.dry_run, changed=bool(new or again)),
        {dataset: _counts(dataset, files, new) for dataset in datasets},
        outputs=(lake.url,),
        inputs=tuple(file.sha256 for file in new),
        warnings=(*found.warnings, *warnings, *more),
        files=tuple(file.file for file in new),
    )


def _hashed(source: Path, found: Scan, progress: Progress) -> tuple[list[SourceFile], list[RunWarning]]:
    """Return the files that can be read, and a warning for each other one."""
    files, warnings = [], []
    for done, path in enumerate(found.files, start=1):
        try:
            files.append(hashed(source, path))
        except RetailStreamError as error:
            name = path.relative_to(source)
            warnings.append(passed_over(name, error.message, name.parts[0], UNREADABLE))
        progress("looking at files", done, len(found.files))
    return files, warnings


def _refusals(plan: News, limits: ReadLimits) -> list[RunWarning]:
    """Return a warning for each new file that a merge would refuse as a whole."""
    looked = [(file, survey(file.path, CONTRACTS[file.dataset], limits=limits)) for file in plan.new]
    defects = {file.file: found.defect for file, found in looked if found.defect}
    named = [(file, file.file) for file in plan.new] + plan.copies
    return [
        refusal(Reject(file.dataset, 0, file.file, None, defect.rule, None, defect.value, None))
        for file, of in named
        if (defect := defects.get(of))
    ]


def _check(source: Path, found: Scan, *, landed_before: bool) -> None:
    """Raise UsageError where a source without any file to read is no drop that is empty this week."""
    place = source.absolute()
    if place.name in CONTRACTS and any(place.glob("*.csv*")):
        raise UsageError(
            f"the source {source} is the folder of {place.name} itself", hint=f"did you mean --source {source.parent}?"
        )
    deeper = [path for name in CONTRACTS for path in sorted(source.glob(f"*/{name}")) if path.is_dir()]
    if deeper:
        raise UsageError(
            f"the source {source} has none of the folders {', '.join(sorted(CONTRACTS))}",
            hint=f"did you mean --source {deeper[0].parent}?",
        )
    if landed_before:
        return
    told = "; ".join(warning.text for warning in found.warnings[:3])
    raise UsageError(
        f"the source {source} holds no file to read{f': {told}' if told else ''}",
        hint=f"put CSV files into {source}/sales, {source}/features or {source}/stores, or name another --source",
    )


def _counts(dataset: str, files: Sequence[SourceFile], new: Sequence[SourceFile | Landed]) -> Counts:
    mine = [file for file in new if file.dataset == dataset]
    return Counts(
        files_in=sum(file.dataset == dataset for file in files),
        files_new=len(mine),
        bytes=sum(file.bytes for file in mine),
    )
