"""Landed files become clean rows of a published table: the work that `glue-merge` and `features` share.

`prepare` computes everything and publishes nothing; the caller looks at the figures of all its tables, and only then
publishes them. What was rejected is kept in the quarantine either way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from retailstream.errors import QualityGateError, RetailStreamError
from retailstream.hashing import sha256
from retailstream.landings import landed_key
from retailstream.manifests import NewPartition
from retailstream.ports import LakeFile, LandedFile
from retailstream.quarantine import Reject
from retailstream.records import raw_records, survey
from retailstream.reports import Counts, RunWarning, StageReport, outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.landings import Landed
    from retailstream.manifests import Manifest
    from retailstream.ports import FoundReject, Lake, Merge, Merger, Progress, Table
    from retailstream.records import FileSurvey
    from retailstream.runs import Books, Limit, Run

    Surveys = Mapping[tuple[int, str], FileSurvey]

NAMED = 5
"""How many things of a kind a warning names; of the others it has the number."""

RAW_BATCH = 10_000
"""How many rejects are looked up in their files at a time."""


@dataclass(frozen=True)
class Pending:
    """The landed files of one table that are not in its clean rows yet."""

    contract: Contract
    old: Manifest
    files: Sequence[Landed]
    settled: frozenset[tuple[int, str, int | None]]


@dataclass(frozen=True)
class Prepared:
    """A table's next version, computed and not published; `merge` is None where there is nothing to do."""

    table: Table
    pending: Pending
    merge: Merge | None
    counts: Counts
    warnings: tuple[RunWarning, ...] = ()


def find_pending(table: Table, books: Books) -> Pending:
    """Return what is landed and not merged; everything where the published table was damaged or taken away."""
    old = table.manifest()
    if not table.intact(old):
        old = replace(old, landing=0, partitions={})
    name, unfinished = table.contract.name, books.landings.unfinished()
    settled = frozenset(books.quarantine.settled_records(name, old.landing))
    files = [
        file
        for file in books.landings.files(name, after=old.landing)
        if (file.landing, file.file, None) not in settled and file.landing != unfinished
    ]
    return Pending(table.contract, old, files, settled)


def prepare(table: Table, pending: Pending, *, raw: Lake, engine: Merger, books: Books, run: Run) -> Prepared:
    """Read, check and merge the pending files, and record every reject with its raw text under the run's id."""
    contract, quarantine = pending.contract, books.quarantine
    if not pending.files:
        return Prepared(table, pending, None, Counts())
    files, defects, warnings = _survey(contract, pending.files, raw, run.progress)
    quarantine.keep(run.run_id, defects)
    numbers = {(file.landing, file.file): file.number for file in files}
    settled = {
        (numbers[landing, file], record)
        for landing, file, record in pending.settled
        if record is not None and (landing, file) in numbers
    }
    current = _current(table, pending.old)
    merge = engine.merge(contract, files, settled=settled, current=current)
    surveys = {(file.landing, file.file): file.survey for file in files}
    quarantine.keep(run.run_id, _with_raw(contract, merge.rejects(), raw, surveys))
    if merge.off_fridays:
        text = f"{contract.name}: {merge.off_fridays:,} rows have a date that is no Friday; they are kept"
        warnings.append(RunWarning("off_week_end", text, contract.name))
    rows = merge.counts
    counts = Counts(
        files_in=len(pending.files),
        files_new=len(pending.files),
        files_quarantined=len(defects),
        rows_in=rows.rows_in,
        rows_out=rows.rows_out,
        rows_quarantined=rows.rows_quarantined,
        rows_duplicate=rows.rows_duplicate,
        rows_superseded=rows.rows_superseded,
        rows_replaced=rows.rows_replaced,
        bytes=sum(file.bytes for file in pending.files),
    )
    return Prepared(table, pending, merge, counts, tuple(warnings))


def plan(stage: str, pending: Iterable[Pending], output: str) -> StageReport:
    """Return what a merge would read, for a dry run."""
    counts = {
        waiting.contract.name: Counts(len(waiting.files), len(waiting.files), bytes=sum(f.bytes for f in waiting.files))
        for waiting in pending
    }
    return StageReport(stage, "dry-run", counts, outputs=(output,))


def publish_all(stage: str, prepared: Sequence[Prepared], run: Run, output: str) -> StageReport:
    """Publish what was prepared and return the stage's report.

    Raises QualityGateError, which carries that report, where any table is over the limit of rejects; nothing is
    published then.
    """
    counts = {ready.pending.contract.name: ready.counts for ready in prepared}
    changed = any(ready.merge for ready in prepared)
    warnings = tuple(warning for ready in prepared for warning in ready.warnings)
    inputs = tuple(file.sha256 for ready in prepared for file in ready.pending.files)
    status = outcome(dry_run=False, changed=changed)
    report = StageReport(stage, status, counts, outputs=(output,), inputs=inputs, warnings=warnings)
    _check_limit(report, run.limit)
    for ready in prepared:
        _publish(ready, run)
    return report


def _check_limit(report: StageReport, limit: Limit) -> None:
    over = [
        f"{counts.rows_quarantined:,} of {counts.rows_in:,} {dataset} records are rejected"
        for dataset, counts in report.datasets.items()
        if not limit.allows(counts.rows_quarantined, counts.rows_in)
    ]
    if over:
        raise QualityGateError(
            f"{' and '.join(over)}, the limit is {limit.text}; nothing was published",
            hint="retailstream quarantine list; then quarantine replay or discard, or a higher --max-rejects",
            report=report,
        )


def _publish(prepared: Prepared, run: Run) -> None:
    table, old = prepared.table, prepared.pending.old
    if prepared.merge is None:
        table.sweep(old)
        return
    changes: dict[str, NewPartition | None] = {}
    partitions = prepared.merge.partitions()
    paths = {name: run.work / f"{table.contract.name}-{name}.parquet" for name in partitions}
    for done, name in enumerate(prepared.merge.write(paths), start=1):
        changes[name] = NewPartition(paths[name], partitions[name])
        run.progress(f"writing {table.contract.name}", done, len(partitions))
    table.publish(old, changes, landing=max(file.landing for file in prepared.pending.files))


def _current(table: Table, version: Manifest) -> dict[str, LakeFile]:
    keys = {name: partition.file for name, partition in version.partitions.items()}
    paths = table.lake.fetch_all(list(keys.values()))
    return {name: LakeFile(table.lake, key, path) for (name, key), path in zip(keys.items(), paths, strict=True)}


def _survey(
    contract: Contract, files: Sequence[Landed], raw: Lake, progress: Progress
) -> tuple[list[LandedFile], list[Reject], list[RunWarning]]:
    readable, defects, warnings = [], [], []
    unknown: dict[str, int] = {}
    paths = raw.fetch_all([file.key for file in files])
    for number, (file, path) in enumerate(zip(files, paths, strict=True), start=1):
        _check_bytes(raw, file, path)
        found = survey(path, contract)
        if found.defect:
            defect = found.defect
            reject = Reject(contract.name, file.landing, file.file, None, defect.rule, None, defect.value, None)
            defects.append(reject)
        else:
            readable.append(LandedFile(number, file.landing, file.file, LakeFile(raw, file.key, path), found))
            for note in found.notes:
                text = f"{contract.name}: {file.file}: {note.text}"
                warnings.append(RunWarning(note.code, text, contract.name, file.file))
            for name in found.unknown:
                unknown[name] = unknown.get(name, 0) + 1
        progress(f"reading {contract.name}", number, len(files))
    return readable, defects, warnings + _unknown_columns(contract, unknown)


def _unknown_columns(contract: Contract, unknown: Mapping[str, int]) -> list[RunWarning]:
    """Return one warning for all columns that no contract knows, however many there are."""
    if not unknown:
        return []
    shown = [f"'{name}' of {count:,} file{'s' * (count > 1)}" for name, count in islice(unknown.items(), NAMED)]
    more = f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else ""
    several = len(unknown) > 1
    text = f"column{'s' * several} {', '.join(shown)}{more} {'are' if several else 'is'} unknown and ignored"
    return [RunWarning("unknown_columns", f"{contract.name}: {text}", contract.name)]


def _check_bytes(raw: Lake, file: Landed, path: Path) -> None:
    if sha256(path) != file.sha256:
        raise RetailStreamError(
            f"landed file '{file.key}' in {raw.url} no longer has the bytes it landed with",
            hint="bring back the file from a backup of the raw bucket",
        )


def _with_raw(contract: Contract, found: Iterator[FoundReject], raw: Lake, surveys: Surveys) -> Iterator[Reject]:
    """Add the record as it came to each reject, reading each file once per run of neighbours."""
    batch: list[FoundReject] = []
    for reject in found:
        if batch and ((reject.landing, reject.file) != (batch[0].landing, batch[0].file) or len(batch) >= RAW_BATCH):
            yield from _look_up(contract, batch, raw, surveys)
            batch = []
        batch.append(reject)
    if batch:
        yield from _look_up(contract, batch, raw, surveys)


def _look_up(contract: Contract, batch: Sequence[FoundReject], raw: Lake, surveys: Surveys) -> Iterator[Reject]:
    """Look up records in their file, which is one of this run's, or of an earlier one where its row was replaced."""
    landing, file = batch[0].landing, batch[0].file
    path = raw.fetch(landed_key(landing, file))
    found = surveys.get((landing, file)) or survey(path, contract)
    texts = raw_records(path, found, {reject.record for reject in batch})
    for r in batch:
        yield Reject(contract.name, r.landing, r.file, r.record, r.rule, r.column, r.value, texts.get(r.record))
