"""Answers kept as tables of the SQLite database, for whoever reads it with other tools."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from retailstream.adapters.database.sqlite_connection import connected, mapped
from retailstream.adapters.sqlite_file import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from retailstream.ports import ResultTable


@contextmanager
def open_sqlite_results(path: Path) -> Iterator[SqliteResults]:
    """Open the database file, made on first use."""
    with connected(path, create=True) as connection:
        yield SqliteResults(connection, path)


class SqliteResults:
    """Tables of answers in one SQLite file; figures are `real`, as SQLite has no decimals, dates are ISO text."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def replace(self, table: ResultTable) -> None:
        """Put a table in the place of the one of its name, in one transaction."""
        columns = ", ".join(f"{name} {_affinity(type_)}" for name, type_ in table.columns)
        marks = ", ".join("?" * (len(table.columns) + 1))
        with mapped(self._path), transaction(self._connection):
            self._connection.execute(f"drop table if exists {table.name}")
            self._connection.execute(f"create table {table.name} ({columns}, run_id text not null)")
            self._connection.executemany(
                f"insert into {table.name} values ({marks})",
                ([*(_stored(value) for value in row), table.run_id] for row in table.rows),
            )


def _affinity(type_: str) -> str:
    if type_.startswith(("DECIMAL", "DOUBLE")):
        return "real"
    return "text" if type_ in {"VARCHAR", "DATE"} else "integer"


def _stored(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
