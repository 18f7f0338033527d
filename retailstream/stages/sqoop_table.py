"""One table of the relational database, whatever it holds, goes into the warehouse: whole, or what is new in it.

The table of the warehouse notes what it was made from: what was asked for, what the database held, and for incremental
transfers the last value of the check column. All three are published with the rows in one step, so they cannot differ
from them, however a run ends. See docs/adr/0025-transfers-of-any-table.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, cast

from retailstream.contracts import CONTRACTS
from retailstream.errors import DamagedError, RetailStreamError, UsageError
from retailstream.extracts import Span
from retailstream.manifests import WHOLE, NewPartition
from retailstream.relations import DAYS, EXACT
from retailstream.reports import Counts, RunWarning, StageReport, outcome
from retailstream.stages import TABLE

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.extracts import Extract, TableEngine, Tables
    from retailstream.manifests import Manifest
    from retailstream.ports import Table, Warehouse
    from retailstream.proofs import Proof
    from retailstream.relations import Field, Relation
    from retailstream.runs import Run, TableRequest
    from retailstream.transferring import Transfer


def run(*, tables: Tables, warehouse: Warehouse, files: TableEngine, transfer: Transfer, run: Run) -> StageReport:
    """Copy the rows that `run.table` asks for, and publish them once they are proved; nothing where nothing changed.

    Raises UsageError for a table, column or condition that the database does not have, or that no warehouse can hold;
    RetailStreamError where what arrived is not what the database held.
    """
    request = run.table
    if request is None:
        raise ValueError("the run is about no table")
    if request.target in CONTRACTS:
        raise UsageError(
            f"'{request.target}' is a table of the pipeline itself", hint="name another for the copy with --target"
        )
    relation = tables.relation(request.table, request.columns)
    table = warehouse.table(_published(relation, request.target))
    plan = _plan(tables, table, relation, request)
    if run.dry_run or not plan.changed:
        counts, sent = Counts(files_in=1, files_new=int(plan.changed)), None
        if not run.dry_run:
            table.sweep(plan.manifest)
    else:
        sent = transfer.table(plan.extract, run.work / f"arrived.{request.format}")
        counts = _publish(plan, table, files, sent, run.work / f"arrived.{request.format}")
    return StageReport(
        TABLE,
        outcome(dry_run=run.dry_run, changed=bool(counts.files_new)),
        {request.target: counts},
        outputs=(warehouse.url,),
        inputs=(plan.asked,),
        warnings=tuple(
            RunWarning(
                "no_calendar_day",
                f"{count:,} values of '{name}' in table '{request.table}' are no days of the calendar, such as"
                " 0000-00-00; they are null in the warehouse",
                request.target,
            )
            for name, count in (sent.no_days if sent else ())
        ),
    )


@dataclass(frozen=True)
class _Made:
    """What a table of the warehouse was made from, as it notes it."""

    asked: str
    proof: str = ""
    last: str | None = None

    @classmethod
    def read(cls, manifest: Manifest) -> _Made | None:
        """Return what a version notes; None where there is no version, or none of ours."""
        try:
            return cls(**json.loads(manifest.partitions[WHOLE].source))
        except (KeyError, ValueError, TypeError):
            return None

    @property
    def text(self) -> str:
        """The note."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class _Plan:
    """Which rows are to be read, onto which version of the table they are to be laid, and what it is to note."""

    manifest: Manifest
    extract: Extract
    asked: str
    changed: bool
    onto: bool = False
    last: str | None = None


def _plan(tables: Tables, table: Table, relation: Relation, request: TableRequest) -> _Plan:
    manifest, asked = table.manifest(), _asked(tables, relation, request)
    made = _Made.read(manifest)
    if made and (made.asked != asked or not _is_whole(table, manifest)):
        made = None
    extract = tables.extract(relation, request.where)
    if request.incremental is None:
        return _Plan(manifest, extract, asked, changed=made is None or made.proof != tables.proof(extract).digest)
    column = _check_column(relation, request)
    newest = tables.newest(extract, column)
    if newest is None:
        return _Plan(manifest, extract, asked, changed=made is None)
    after, inclusive = made.last if made else None, request.incremental == "lastmodified"
    new = tables.extract(relation, request.where, Span(column.name, after, newest, inclusive))
    changed = after is None or inclusive or newest != after
    return _Plan(manifest, new, asked, changed, onto=after is not None, last=newest)


def _is_whole(table: Table, manifest: Manifest) -> bool:
    """Say whether new rows may be laid over a version: they must not carry damage on."""
    try:
        return table.intact(manifest) and bool(table.paths(manifest))
    except DamagedError:
        return False


def _publish(plan: _Plan, table: Table, files: TableEngine, sent: Proof, path: Path) -> Counts:
    """Prove what arrived, lay it over what is there if need be, and put it in place."""
    relation, rows, old = plan.extract.relation, sent.rows, 0
    if difference := files.proof(relation, [path]).difference(sent):
        raise RetailStreamError(
            f"table '{relation.name}' did not arrive whole: {difference}",
            hint="nothing was published; run the same command again",
        )
    if plan.onto:
        old, arrived, path = plan.manifest.rows, path, path.with_stem("whole")
        rows = files.lay_over(relation, table.paths(plan.manifest), arrived, path)
    note = _Made(plan.asked, "" if plan.last else sent.digest, plan.last).text
    published = table.publish(plan.manifest, {WHOLE: NewPartition(path, rows, source=note)}, landing=0)
    return Counts(
        files_in=1,
        files_new=int(published != plan.manifest),
        rows_in=sent.rows,
        rows_out=sent.rows,
        rows_replaced=old + sent.rows - rows if plan.onto else 0,
        bytes=published.partitions[WHOLE].bytes,
    )


def _published(relation: Relation, target: str) -> Contract:
    """Return what a published table asks of a contract: a name, columns with types, and that it has no months."""
    return cast("Contract", replace(relation, name=target))


def _asked(tables: Tables, relation: Relation, request: TableRequest) -> str:
    """Return a digest of what was asked for; what another question has brought is no base for more of it."""
    told = (tables.url, relation, request.where, request.incremental, request.check_column, request.format)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _check_column(relation: Relation, request: TableRequest) -> Field:
    name = (request.check_column or "").lower()
    if not name:
        raise UsageError("--incremental needs a column to tell new rows by", hint="name it with --check-column")
    if name not in relation.names:
        raise UsageError(
            f"column '{name}' is not among the columns of table '{relation.name}' that are transferred",
            hint=f"there are {', '.join(relation.names)}",
        )
    column = relation.column(name)
    if column.kind not in EXACT | DAYS:
        raise UsageError(
            f"column '{name}' of table '{relation.name}' cannot tell new rows: it is no number, date or time",
            hint="name another with --check-column",
        )
    if request.incremental == "lastmodified" and not relation.key:
        raise UsageError(
            f"table '{relation.name}' has no primary key among the columns that are transferred, by which changed rows"
            " find the old ones",
            hint="use --incremental append, or transfer the whole table",
        )
    return column
