"""A check column as a cursor: which rows are new by it, and whether it has passed rows that came late.

A cursor knows no row that was committed with a smaller value after a copy had passed it, nor one of an equal value. So
what the database holds of the key and the check column up to the cursor is compared with the copy. See
docs/adr/0043-what-a-cursor-passes.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.errors import UsageError
from retailstream.extracts import Span
from retailstream.relations import DAYS, EXACT, Kind

if TYPE_CHECKING:
    from retailstream.extracts import Extract, Tables
    from retailstream.proofs import Proof
    from retailstream.relations import Field, Relation
    from retailstream.runs import TableRequest
    from retailstream.table_notes import Note


@dataclass(frozen=True)
class Cursor:
    """How far a copy is to go: the new rows, all rows up to there, and the key and check column of all of them."""

    last: str
    new: Extract
    whole: Extract
    narrow: Extract
    held: Proof
    """What the database holds of `narrow`."""
    onto: bool
    """Whether `new` is to be laid over the rows of an earlier copy, or is all there is."""
    changed: bool

    @property
    def relation(self) -> Relation:
        """The table with its key and its check column alone."""
        return self.narrow.relation


def cursor_of(tables: Tables, relation: Relation, request: TableRequest, made: Note | None) -> Cursor | None:
    """Return how far a copy is to go beyond the one that was made, or None where the table has no rows.

    Raises UsageError where the check column cannot tell.
    """
    column = _check_column(relation, request)
    everything = tables.extract(relation, request.where)
    newest = tables.newest(everything, column)
    if newest is None:
        return None
    after, inclusive = made.last if made else None, request.incremental == "lastmodified"
    upto = Span(column.name, None, newest)
    narrow = tables.extract(relation.only({*relation.key, column.name}), request.where, upto)
    held = tables.proof(narrow)
    seen = made.seen if made else ""
    return Cursor(
        newest,
        tables.extract(relation, request.where, Span(column.name, after, newest, inclusive)),
        tables.extract(relation, request.where, upto),
        narrow,
        held,
        onto=after is not None,
        changed=after is None or inclusive or newest != after or held.digest != seen,
    )


def _check_column(relation: Relation, request: TableRequest) -> Field:
    name = request.changes.name(request.check_column or "")
    if not name:
        raise UsageError("--incremental needs a column to tell new rows by", hint="name it with --check-column")
    if name not in relation.names:
        raise UsageError(
            f"column '{name}' is not among the columns of table '{relation.name}' that are transferred",
            hint=f"there are {', '.join(relation.names)}",
        )
    column = relation.column(name)
    if column.kind not in EXACT | DAYS:
        text = "; which text comes last hangs on its collation, also of a UUIDv7 or a ULID"
        raise UsageError(
            f"column '{name}' of table '{relation.name}' cannot tell new rows: it is no number, date or time"
            f"{text if column.kind is Kind.STRING else ''}",
            hint="name another with --check-column, or copy the whole table",
        )
    if request.incremental == "lastmodified" and not relation.key:
        raise UsageError(
            f"table '{relation.name}' has no primary key among the columns that are transferred, by which changed rows"
            " find the old ones",
            hint="use --incremental append, or transfer the whole table",
        )
    return column
