"""Any table of a SQLite file as lines of text, read in one moment, with the proof of what it held in that moment.

SQLite keeps whatever it is given, whatever the declared type; so each value is looked at, and one that is not of its
column's type is an error that names it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from retailstream.adapters.database.sqlite_connection import connected, mapped
from retailstream.adapters.database.sqlite_types import NO_DAY, encoder_of, field_of
from retailstream.adapters.database.tally import Tally
from retailstream.choices import AS_THEY_ARE, chosen
from retailstream.conditions import SQLITE, checked
from retailstream.durable import naming
from retailstream.errors import RetailStreamError, UsageError
from retailstream.extracts import Extract
from retailstream.interruption import behind
from retailstream.relations import DAYS, Relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retailstream.choices import Changes
    from retailstream.extracts import Span, Split
    from retailstream.proofs import Proof
    from retailstream.relations import Field


@contextmanager
def open_sqlite_tables(path: Path) -> Iterator[SqliteTables]:
    """Open the tables of a database file; one that is not there has none."""
    with connected(path, create=False) as connection:
        yield SqliteTables(connection, path)


class SqliteTables:
    """The tables of one SQLite file, whatever they hold."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        # Whatever text is in a file must come as far as to be named with its row, also where it is no UTF-8.
        connection.text_factory = lambda data: data.decode(errors="surrogateescape")
        self._connection = connection
        self._path = path

    @property
    def url(self) -> str:
        """The file as an SQLAlchemy-like URL."""
        return f"sqlite:///{self._path}"

    def source(self, table: str) -> str:
        """Return a table in words that no other one has, whoever asks for it and how."""
        return f"table '{table.lower()}' in sqlite:///{self._path.resolve()}"

    def relation(self, table: str, columns: Sequence[str] | None = None, changes: Changes = AS_THEY_ARE) -> Relation:
        """Return a table, or some of its columns, with changes; UsageError for one that is not there or has no type."""
        with mapped(self._path):
            query = 'select name, type, "notnull", pk from pragma_table_info(?)'
            try:
                rows = self._connection.execute(query, (table,)).fetchall()
            except sqlite3.OperationalError as error:
                if not str(error).startswith("no such table"):  # of a view: one that is missing has no columns
                    raise
                raise RetailStreamError(
                    f"view '{table}' cannot be read: {error}",
                    hint="mend the view in the database, or name another with --table",
                ) from error
        if not rows:
            raise UsageError(f"table '{table}' is missing in {self.url}", hint="name one that is there with --table")
        there = {str(row[0]).lower(): row for row in rows}
        names = chosen(table, [str(row[0]) for row in rows], columns, changes)
        key = tuple(str(row[0]).lower() for row in sorted(rows, key=lambda row: int(row[3])) if row[3])
        fields = tuple(
            field_of(table, str(there[name][0]), str(there[name][1]), changes, required=bool(there[name][2]))
            for name in names
        )
        return Relation(table, fields, tuple(map(changes.name, key)) if set(key) <= set(names) else ())

    def extract(self, relation: Relation, where: str | None = None, span: Span | None = None) -> Extract:
        """Return the rows of a table that a condition in SQLite's SQL holds for."""
        conditions = []
        if span:
            name, least = _quoted(relation.column(span.column).asked), ">=" if span.inclusive else ">"
            if span.after is not None:
                conditions.append(f"{name} {least} {_literal(span.after)}")
            conditions.append(f"{name} <= {_literal(span.until)}")
        conditions += [f"({checked(where, SQLITE)})"] if where else []
        columns = ", ".join(_quoted(column.asked) for column in relation.columns)
        return Extract(relation, columns, _quoted(relation.name), " and ".join(conditions) or "true")

    def newest(self, extract: Extract, column: Field) -> str | None:
        """Return the largest value of a column as text, None where there are no rows; UsageError where one is null."""
        name = _quoted(column.asked)
        ((newest, nulls),) = self._ask(f"select max({name}), count(*) - count({name}) from {extract.source}")
        if nulls:
            raise UsageError(
                f"column '{column.name}' of table '{extract.relation.name}' is null in {nulls:,} rows, which an"
                " incremental transfer would never see",
                hint="choose another --check-column, or leave these rows out with --where",
            )
        return None if newest is None else str(newest)

    def split(self, _extract: Extract, _column: str | None, _parts: int) -> Split | None:
        """Return None: a file is read over one connection."""
        return None

    def proof(self, extract: Extract) -> Proof:
        """Return what the rows hold now."""
        tally, lost = Tally(extract.relation), {column.name: 0 for column in extract.relation.columns}
        for _line in self._lines(extract, tally, lost):
            pass
        return tally.proof([(name, count) for name, count in lost.items() if count])

    def dump(self, extract: Extract, path: Path) -> Proof:
        """Write the rows as lines of text, and return what they hold: it is reckoned as they are read."""
        tally, lost = Tally(extract.relation), {column.name: 0 for column in extract.relation.columns}
        with naming(path), path.open("w", encoding="ascii", newline="") as stream:
            stream.writelines(f"{line}\n" for line in self._lines(extract, tally, lost))
        return tally.proof([(name, count) for name, count in lost.items() if count])

    def _lines(self, extract: Extract, tally: Tally, lost: dict[str, int]) -> Iterator[str]:
        """Yield the lines of rows, count them, and count days that are none."""
        relation = extract.relation
        encoders = [(column, encoder_of(relation.name, column)) for column in relation.columns]
        with mapped(self._path), closing(self._cursor(f"select {extract.line} from {extract.source}")) as rows:
            for row in rows:
                fields: list[str | None] = []
                for value, (column, encode) in zip(row, encoders, strict=True):
                    text = None if value is None else encode(value)
                    if text == NO_DAY and column.kind in DAYS:
                        lost[column.name] += 1
                        text = None
                    fields.append(text)
                yield tally.add(fields)

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self._cursor(query)) as rows:
            return rows.fetchall()

    def _cursor(self, query: str) -> sqlite3.Cursor:
        """Run a query with a condition of the user's in it."""
        with mapped(self._path):
            try:
                return self._connection.execute(query)
            except sqlite3.OperationalError as error:
                if "locked" in str(error) or behind(error) is not error:
                    raise
                raise UsageError(
                    f"database {self.url} does not understand the condition: {error}",
                    hint="check --where: it is SQL of the database",
                ) from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    """Return a number as it is, and anything else as text."""
    try:
        float(value)
    except ValueError:
        return "'" + value.replace("'", "''") + "'"
    return value
