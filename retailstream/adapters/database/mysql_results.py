"""Answers kept as tables of a MySQL database, for whoever reads it with other tools."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from retailstream.adapters.database.mysql_address import address_of
from retailstream.adapters.database.mysql_server import open_server
from retailstream.adapters.database.mysql_tables import ENGINE, existing, refuse_newer_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.adapters.database.mysql_server import Server, Session
    from retailstream.ports import ResultTable

_TYPES: Final = {
    "VARCHAR": "text",
    "HUGEINT": "decimal(38,0)",
    "UBIGINT": "bigint unsigned",
    "TIMESTAMP": "datetime(6)",
}
"""What MySQL calls otherwise than DuckDB."""


@contextmanager
def open_mysql_results(url: str) -> Iterator[MySqlResults]:
    """Open the database of a `mysql+pymysql://` URL."""
    with open_server(address_of(url)) as server:
        yield MySqlResults(server)


class MySqlResults:
    """Tables of answers in one database of a server, decimals and dates as they are."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def replace(self, table: ResultTable) -> None:
        """Put a table in the place of the one of its name: filled under another name, then renamed in one step."""
        self._server.write(lambda session: _replace(session, table))


def _replace(session: Session, table: ResultTable) -> None:
    refuse_newer_database(session)
    new, old = f"{table.name}_new", f"{table.name}_old"
    columns = ", ".join(f"`{name}` {_TYPES.get(type_, type_.lower())}" for name, type_ in table.columns)
    marks = ", ".join(["%s"] * (len(table.columns) + 1))
    session.do(f"drop table if exists `{new}`, `{old}`")  # what a killed run left
    session.do(f"create table `{new}` ({columns}, `run_id` varchar(255) not null) {ENGINE}")
    if table.rows:
        rows = [(*row, table.run_id) for row in table.rows]
        session.do_many(f"insert into `{new}` values ({marks})", rows)
    session.commit()
    away = f"`{table.name}` to `{old}`, " if existing(session, (table.name,)) else ""
    session.do(f"rename table {away}`{new}` to `{table.name}`")
    session.do(f"drop table if exists `{old}`")
