"""One table of the relational database, whatever it holds, goes into the warehouse: whole, or what is new in it.

The table of the warehouse notes what it was made from: which table, what was asked for, what the database held, and for
incremental transfers the last value of the check column. All of it is published with the rows in one step, so it cannot
differ from them, however a run ends. See docs/adr/0025-transfers-of-any-table.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from retailstream.contracts import CONTRACTS
from retailstream.cursors import cursor_of
from retailstream.errors import DamagedError, RetailStreamError, UsageError
from retailstream.manifests import WHOLE, NewPartition
from retailstream.ownership import refuse_strangers
from retailstream.reports import Counts, RunWarning, StageReport, outcome
from retailstream.stages import TABLE
from retailstream.table_notes import Note

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.cursors import Cursor
    from retailstream.extracts import Extract, TableEngine, Tables
    from retailstream.manifests import Manifest
    from retailstream.ports import Table, Warehouse
    from retailstream.proofs import Proof
    from retailstream.relations import Relation
    from retailstream.runs import Run, TableRequest
    from retailstream.transferring import Transfer


_WAYS: Final = "copy it to another table with --target, or have --adopt replace what is there"


def run(*, tables: Tables, warehouse: Warehouse, files: TableEngine, transfer: Transfer, run: Run) -> StageReport:
    """Copy the rows that `run.table` asks for, and publish them once they are proved; nothing where nothing changed.

    Raises UsageError for a table, column or condition that the database does not have, or that no warehouse can hold,
    and for a target that is not ours, or a copy of another table; RetailStreamError where what arrived is not what the
    database held.
    """
    request = run.table
    if request is None:
        raise ValueError("the run is about no table")
    if request.target in CONTRACTS:
        raise UsageError(
            f"'{request.target}' is a table of the pipeline itself", hint="name another for the copy with --target"
        )
    relation = tables.relation(request.table, request.columns, request.changes)
    table = warehouse.table(_published(relation, request.target))
    before = _claim(table, tables.source(request.table), warehouse.url, run)
    plan = _plan(tables, table, relation, request)
    if run.dry_run or not plan.changed:
        arrival = _Arrival(Counts(files_in=1, files_new=int(plan.changed)))
        if not run.dry_run:
            table.sweep(plan.manifest)
    else:
        work = _Work(transfer, files, run.work, request.format)
        arrival = _publish(plan, table, work, before)
    return StageReport(
        TABLE,
        outcome(dry_run=run.dry_run, changed=bool(arrival.counts.files_new)),
        {request.target: arrival.counts},
        outputs=(warehouse.url,),
        inputs=(plan.note.asked,),
        warnings=_warnings(arrival, request),
    )


def _claim(table: Table, source: str, url: str, run: Run) -> int:
    """Return how many rows a copy has that goes on by a cursor, and so may have rows that the database has no more.

    Raises UsageError where the target is not ours, or a copy of another table, unless it is to be adopted.
    """
    if run.table and run.table.adopt:
        if not run.dry_run:
            table.adopt()
        return 0
    refuse_strangers(table, _WAYS)
    found = table.kept()
    made = Note.read(found.source) if found else None
    if made and made.source not in {"", source}:
        raise UsageError(f"table '{table.contract.name}' in {url} is a copy of {made.source}", hint=_WAYS)
    return found.rows if found and made and made.last and run.table and run.table.incremental else 0


@dataclass(frozen=True)
class _Plan:
    """Which rows are to be read, onto which version of the table they are to be laid, and what it is to note."""

    manifest: Manifest
    extract: Extract
    note: Note
    changed: bool
    cursor: Cursor | None = None


@dataclass(frozen=True)
class _Arrival:
    """What came of a copy: its figures, days that are none, and how many rows a cursor had passed before they came."""

    counts: Counts
    no_days: tuple[tuple[str, int], ...] = ()
    late: int = 0


def _plan(tables: Tables, table: Table, relation: Relation, request: TableRequest) -> _Plan:
    manifest = table.manifest()
    note = Note(_asked(tables, relation, request), source=tables.source(request.table))
    made = Note.read(manifest.partitions[WHOLE].source) if manifest.partitions else None
    if made and (made.asked != note.asked or not _is_whole(table, manifest)):
        made = None
    extract = tables.extract(relation, request.where)
    if request.incremental is None:
        return _Plan(manifest, extract, note, changed=made is None or made.proof != tables.proof(extract).digest)
    cursor = cursor_of(tables, relation, request, made)
    if cursor is None:
        return _Plan(manifest, extract, note, changed=made is None)
    note = replace(note, last=cursor.last, seen=cursor.held.digest)
    return _Plan(manifest, cursor.new, note, cursor.changed, cursor)


def _is_whole(table: Table, manifest: Manifest) -> bool:
    """Say whether new rows may be laid over a version: they must not carry damage on."""
    try:
        return table.intact(manifest) and bool(table.paths(manifest))
    except DamagedError:
        return False


@dataclass(frozen=True)
class _Work:
    """What rows are brought by, what computes over their files, and where these lie meanwhile."""

    transfer: Transfer
    files: TableEngine
    folder: Path
    format: str

    def path(self, name: str) -> Path:
        """Return where a file of that name lies."""
        return self.folder / f"{name}.{self.format}"

    def bring(self, extract: Extract, path: Path) -> Proof:
        """Write rows into a file, and return what the database held; RetailStreamError where they are not the same."""
        sent = self.transfer.table(extract, path)
        if difference := self.files.proof(extract.relation, [path]).difference(sent):
            raise RetailStreamError(
                f"table '{extract.relation.name}' did not arrive whole: {difference}",
                hint="nothing was published; run the same command again",
            )
        return sent


def _publish(plan: _Plan, table: Table, work: _Work, before: int) -> _Arrival:
    """Bring the rows, lay them over what is there if need be, and put them in place.

    Raises UsageError where a copy that goes on by a cursor is to be made anew with fewer rows than it had `before`.
    """
    path, late = work.path("arrived"), 0
    sent = work.bring(plan.extract, path)
    rows, replaced = sent.rows, 0
    if plan.cursor and plan.cursor.onto:
        old, there, arrived = plan.manifest.rows, table.paths(plan.manifest), path
        rows = work.files.lay_over(plan.extract.relation, there, arrived, path := work.path("laid"))
        if late := _late(plan.cursor, path, work):
            sent = work.bring(plan.cursor.whole, arrived := work.path("again"))
            rows = work.files.add_missing(plan.extract.relation, there, arrived, path := work.path("whole"))
        replaced = old + sent.rows - rows
    elif rows < before:
        raise UsageError(
            f"table '{table.contract.name}' is to be made anew, as something else is asked of it or its columns have"
            f" changed, and would have {rows:,} rows after {before:,}",
            hint=_WAYS,
        )
    note = plan.note if plan.note.last else replace(plan.note, proof=sent.digest)
    published = table.publish(plan.manifest, {WHOLE: NewPartition(path, rows, source=note.text)}, landing=0)
    was, new = plan.manifest.partitions.get(WHOLE), published.partitions[WHOLE]
    counts = Counts(
        files_in=1,
        files_new=int(was is None or was.file != new.file),
        rows_in=sent.rows,
        rows_out=sent.rows,
        rows_replaced=replaced,
        bytes=new.bytes,
    )
    return _Arrival(counts, sent.no_days, late)


def _late(cursor: Cursor, path: Path, work: _Work) -> int:
    """Return how many rows up to the cursor the database has and the copy has not; those that it lost stay there."""
    if work.files.proof(cursor.relation, [path]).difference(cursor.held) is None:
        return 0
    there = work.folder / "narrow.parquet"
    work.bring(cursor.narrow, there)
    return work.files.missing(cursor.relation, [path], there)


def _warnings(arrival: _Arrival, request: TableRequest) -> tuple[RunWarning, ...]:
    name, target = request.table, request.target
    days = [
        RunWarning(
            "no_calendar_day",
            f"{count:,} values of '{column}' in table '{name}' are no days of the calendar, such as 0000-00-00;"
            " they are null in the warehouse",
            target,
        )
        for column, count in arrival.no_days
    ]
    late = RunWarning(
        "late_rows",
        f"{arrival.late:,} rows of table '{name}' came with values of '{request.check_column}' that an earlier copy had"
        " passed; the table was read whole, and they are in the copy now",
        target,
    )
    return (*days, *[late] * bool(arrival.late))


def _published(relation: Relation, target: str) -> Contract:
    """Return what a published table asks of a contract: a name, columns with types, and that it has no months."""
    return cast("Contract", replace(relation, name=target))


def _asked(tables: Tables, relation: Relation, request: TableRequest) -> str:
    """Return a digest of what was asked for; what another question has brought is no base for more of it."""
    told = (tables.url, relation, request.where, request.incremental, request.check_column, request.format)
    changes = [(column.name, column.origin, column.form) for column in relation.columns if column.changed]
    return hashlib.sha256(repr((*told, *changes)).encode()).hexdigest()
