"""Landed files become clean rows of a published table: the work that `glue-merge` and `features` share.

`prepare` computes everything and publishes nothing; the caller looks at the figures of all its tables, and only then
publishes them. What was rejected is kept in the quarantine either way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from retailstream import finer_files, gate_reasons, landed_bytes, lost_landings, merge_warnings
from retailstream.dated_files import REWRITES, NewFiles, judge
from retailstream.errors import DamagedError, QualityGateError
from retailstream.gate_reasons import Reason
from retailstream.manifests import NewPartition
from retailstream.ownership import refuse_strangers
from retailstream.pending import Pending, find_pending
from retailstream.ports import LakeFile, LandedFile
from retailstream.publishing import verified
from retailstream.raw_texts import with_raw
from retailstream.records import survey
from retailstream.rejects import SUPERSEDED, Reject
from retailstream.reports import Counts, RunWarning, StageReport, outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from retailstream.contracts import Contract
    from retailstream.finer_files import FinerFile
    from retailstream.landings import Landed
    from retailstream.manifests import Manifest
    from retailstream.ports import Lake, Merge, Merger, Table
    from retailstream.runs import Books, Limit, Run


@dataclass(frozen=True)
class Prepared:
    """A table's next version, computed and not published; `merge` is None where there is nothing to do.

    `judged` are the records of files that no version had, and how many of them are rejected; `reasons` tell what else
    closes the gate. Files `finer` than the table are not in it.
    """

    table: Table
    pending: Pending
    merge: Merge | None
    counts: Counts
    warnings: tuple[RunWarning, ...] = ()
    judged: tuple[int, int] = (0, 0)
    reasons: tuple[Reason, ...] = ()
    refused: tuple[Reject, ...] = ()
    """The files that are not readable as the table."""
    finer: tuple[FinerFile, ...] = ()


def prepare(table: Table, pending: Pending, *, raw: Lake, engine: Merger, books: Books, run: Run) -> Prepared:
    """Read, check and merge the pending files, and record every reject with its raw text under the run's id.

    A plan records nothing. Where a file that the new rows are to be laid over has other bytes than were published, all
    is read anew. Raises RetailStreamError where a table made anew would lose rows that no landed file has.
    """
    contract, quarantine = pending.contract, books.quarantine
    if not pending.before.partitions:
        refuse_strangers(table)
    if pending.anew:
        lost_landings.check(table, pending.before, books.landings, engine)
    if pending.anew and not run.dry_run:
        quarantine.doubt(contract.name, pending.reading)
    damaged = merge_warnings.rebuilt(contract.name, pending.damage)
    if not pending.files:
        return Prepared(table, pending, None, Counts(), damaged)
    files, defects, warnings = _survey(contract, pending.files, raw, run)
    again = _copies(defects, books)
    defects += again
    numbers = {(file.landing, file.file): file.number for file in files}
    settled = {
        (numbers[landing, file], record)
        for landing, file, record in pending.settled
        if record is not None and (landing, file) in numbers
    }
    checked = engine.check(contract, files, settled=settled)
    months = pending.old.partitions
    new = NewFiles.of(contract, files, checked, months=months, passed=pending.passed, out=pending.out)
    finer = finer_files.find(new, run.rules.sharing_key, pending.accepted)
    too_fine = finer_files.reasons(contract, finer, run.rules.sharing_key)
    judgement = judge(new, run.rules)
    refused = {found.file.number: found.reject(contract) for found in finer} | dict(judgement.refused)
    defects += refused.values()
    try:
        current = _current(table, pending.old, new.partitions(without=refused))
    except DamagedError as error:
        renewed = find_pending(table, books, run.rules.limits, damage=error.message)
        return prepare(table, renewed, raw=raw, engine=engine, books=books, run=run)
    merge = checked.merge(current=current, refused=refused)
    if not run.dry_run:
        # Which row takes the place of another is not known before it is known which files come in.
        rejects = (found for found in merge.rejects() if not too_fine or found.rule != SUPERSEDED)
        quarantine.keep(run.run_id, chain(defects, with_raw(contract, rejects, raw, run.rules.limits)))
    rows = merge.counts
    counts = Counts(
        files_in=len(pending.files) + len(again),
        files_new=len(pending.files) + len(again),
        files_quarantined=len(defects),
        rows_in=rows.rows_in,
        rows_out=rows.rows_out,
        rows_quarantined=rows.rows_quarantined,
        rows_duplicate=rows.rows_duplicate,
        rows_superseded=rows.rows_superseded,
        rows_replaced=rows.rows_replaced,
        bytes=sum(file.bytes for file in pending.files),
    )
    told = [new.figures[file.number] for file in new.told(refused)]
    judged = sum(found.records for found in told), sum(found.rejected for found in told)
    warnings = [*damaged, *warnings]
    warnings += [w for w in judgement.warnings if w.code != REWRITES or rows.rows_replaced]
    warnings += merge_warnings.disagreements(contract, merge.disagreements())
    reasons = [*too_fine, *gate_reasons.reasons(new, checked, refused, run)]
    reasons = reasons if too_fine else [*_all_refused(pending, defects), *reasons]
    return Prepared(
        table, pending, merge, counts, tuple(warnings), judged, tuple(reasons), tuple(defects), tuple(finer)
    )


def publish_all(stage: str, prepared: Sequence[Prepared], *, books: Books, run: Run, output: str) -> StageReport:
    """Publish what was prepared and return the stage's report; what a table made anew did not meet again lapses.

    Raises QualityGateError, which carries that report, where the gate is closed for any table; nothing is published
    then.
    """
    counts = {ready.pending.contract.name: ready.counts for ready in prepared}
    changed = any(ready.merge or ready.pending.anew for ready in prepared)
    warnings = tuple(warning for ready in prepared for warning in ready.warnings)
    inputs = tuple(file.sha256 for ready in prepared for file in ready.pending.files)
    status = outcome(dry_run=False, changed=changed)
    report = StageReport(stage, status, counts, outputs=(output,), inputs=inputs, warnings=warnings)
    check_gate(report, prepared, run.limit)
    for ready in prepared:
        if ready.finer or ready.pending.unsettled:
            finer_files.settle(books.quarantine, ready.pending.contract, ready.pending.files, ready.finer, run)
        _publish(ready, run)
        if ready.pending.unsettled:
            books.quarantine.lapse(ready.pending.contract.name, ready.pending.reading)
    if any(ready.pending.anew for ready in prepared):
        books.landings.note_read_again()
    return report


def check_gate(report: StageReport, prepared: Iterable[Prepared], limit: Limit) -> None:
    """Raise QualityGateError, which carries the report, where more is rejected than the limit allows."""
    over = [
        f"{rejected:,} of {records:,} {ready.pending.contract.name} records are rejected"
        for ready in prepared
        for records, rejected in [ready.judged]
        if not limit.allows(rejected, records)
    ]
    hint = "retailstream quarantine list; then quarantine replay or discard, or a higher --max-rejects"
    reasons = [Reason(f"{' and '.join(over)}, the limit is {limit.text}", hint)] if over else []
    if reasons := [*reasons, *(reason for ready in prepared for reason in ready.reasons)]:
        raise QualityGateError(
            f"{' and '.join(reason.text for reason in reasons)}; nothing was published",
            hint="; ".join(dict.fromkeys(reason.hint for reason in reasons)),
            report=report,
        )


def _all_refused(pending: Pending, refused: Sequence[Reject]) -> list[Reason]:
    files = {(file.landing, file.file) for file in pending.files if pending.is_new(file.landing)}
    told = [reject for reject in refused if (reject.landing, reject.file) in files]
    return gate_reasons.all_refused(pending.contract.name, len(files), told)


def _publish(prepared: Prepared, run: Run) -> None:
    table, pending = prepared.table, prepared.pending
    if prepared.merge is None and not pending.anew:
        table.sweep(pending.old)
        return
    changes: dict[str, NewPartition | None] = dict.fromkeys(pending.before.partitions) if pending.anew else {}
    if prepared.merge:
        changes |= _written(prepared.merge, pending.contract, run)
    table.publish(pending.before, changes, landing=pending.landing, reading=pending.reading)


def _written(merge: Merge, contract: Contract, run: Run) -> dict[str, NewPartition]:
    rows = merge.partitions()
    paths = {name: run.work / f"{contract.name}-{name}.parquet" for name in rows}
    for done, _name in enumerate(merge.write(paths), start=1):
        run.progress(f"writing {contract.name}", done, len(rows))
    digests = dict(zip(paths, merge.row_digests(list(paths.values())), strict=True))
    return {name: NewPartition(path, rows[name], rows_digest=digests[name]) for name, path in paths.items()}


def _current(table: Table, version: Manifest, touched: Collection[str]) -> dict[str, LakeFile]:
    """Return the files that new rows are laid over, which are read into the next version: DamagedError by damage."""
    names = sorted(name for name in touched if name in version.partitions)
    paths = verified(table.lake, version, names)
    keys = [version.partitions[name].file for name in names]
    return {name: LakeFile(table.lake, key, path) for name, key, path in zip(names, keys, paths, strict=True)}


def _survey(
    contract: Contract, files: Sequence[Landed], raw: Lake, run: Run
) -> tuple[list[LandedFile], list[Reject], list[RunWarning]]:
    readable, defects = [], []
    unknown: dict[str, int] = {}
    warnings: list[RunWarning] = []
    paths = landed_bytes.fetched(raw, files)
    for number, (file, path) in enumerate(zip(files, paths, strict=True), start=1):
        landed_bytes.check(raw, file, path)
        found = survey(path, contract, limits=run.rules.limits)
        if found.defect:
            defect = found.defect
            defects.append(
                Reject(contract.name, file.landing, file.file, None, defect.rule, None, defect.value, defect.header)
            )
        else:
            readable.append(LandedFile(number, file.landing, file.file, LakeFile(raw, file.key, path), found))
            warnings += merge_warnings.spans(contract, file, found)
            for name in found.unknown:
                unknown[name] = unknown.get(name, 0) + 1
        run.progress(f"reading {contract.name}", number, len(files))
    return readable, defects, [*warnings, *merge_warnings.unknown_columns(contract, unknown)]


def _copies(defects: Sequence[Reject], books: Books) -> list[Reject]:
    """Return a reject for each copy of a refused file: whoever sent it is to hear of it, too."""
    if not defects:
        return []
    copies = books.landings.copies(defects[0].dataset, {defect.landing for defect in defects})
    return [replace(defect, file=name) for defect in defects for name in copies.get((defect.landing, defect.file), ())]
