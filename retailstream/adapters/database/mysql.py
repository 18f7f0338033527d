"""The relational database on a MySQL or MariaDB server, RDS included: exact types, and no load is seen half."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from retailstream.adapters.database import mysql_tables as tables
from retailstream.adapters.database.mysql_address import address_of
from retailstream.adapters.database.mysql_load import Load
from retailstream.adapters.database.mysql_server import open_server
from retailstream.adapters.database.mysql_text import encode, whole
from retailstream.durable import naming
from retailstream.fingerprints import fingerprint_of, fingerprint_sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from retailstream.adapters.database.mysql_server import Server, Session
    from retailstream.contracts import Column, Contract
    from retailstream.fingerprints import Fingerprint
    from retailstream.ports import TableLoad


@contextmanager
def open_mysql(url: str) -> Iterator[MySqlDatabase]:
    """Open the database of a `mysql+pymysql://` URL; it is connected to when it is first needed."""
    with open_server(address_of(url)) as server:
        yield MySqlDatabase(server)


class MySqlDatabase:
    """Tables of the contracts in one database of a server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def url(self) -> str:
        """The address, without its password."""
        return str(self._server.address)

    def encode(self, column: Column) -> str:
        """Clean value → the text that LOAD DATA reads."""
        return encode(column)

    def decode(self, column: Column) -> str:
        """Text → clean value; MySQL writes all types as DuckDB reads them."""
        return f"cast({column.name} as {column.sql_type})"

    def digests(self, contract: Contract) -> dict[str, str] | None:
        """Return the digest of each loaded partition, or None where the table is not there."""
        return self._server.read(lambda session: tables.digests(session, contract))

    def doubt(self, contract: Contract) -> None:
        """Note that rows of a table were found damaged: its digests are DOUBTED until a load, which empties it."""
        self._server.write(lambda session: tables.doubt(session, contract))

    def load(self, loads: Sequence[TableLoad]) -> dict[str, int]:
        """Make all the changes in one transaction, and return the rows that were given for each table."""
        files = self._server.address.options.local_infile
        return self._server.write(lambda session: Load(session, files).run(loads))

    def dump(self, contract: Contract, partitions: Collection[str] | None, path: Path) -> Fingerprint:
        """Write partitions (None: all) as text, and return their fingerprint, taken in the same transaction."""

        def work(session: Session) -> Fingerprint:
            source = f"`{contract.name}` where {tables.within(contract, partitions)}"
            with naming(path), path.open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(f"{lines}\n" for (lines,) in session.stream(_lines(contract, source)))
            return _fingerprint(session, contract, source)

        return self._server.read(work)

    def fingerprint(self, contract: Contract, partitions: Collection[str] | None = None) -> Fingerprint | None:
        """Return what partitions (None: all) of the table hold, or None where it is not there."""

        def work(session: Session) -> Fingerprint | None:
            if tables.digests(session, contract) is None:
                return None
            return _fingerprint(session, contract, f"`{contract.name}` where {tables.within(contract, partitions)}")

        return self._server.read(work)


def _lines(contract: Contract, source: str) -> str:
    """Return the query for a table as text; a row for each key but for its last part holds all the lines of that key.

    PyMySQL takes a row apart in Python, so few long ones cost a tenth of many short ones; a store's department has a
    line a week, so none grows long.
    """
    fields = [f"`{column.name}`" if column.required else f"ifnull(`{column.name}`, '')" for column in contract.columns]
    line = f"concat_ws(',', {', '.join(fields)})"
    group = tables.listed(contract.key[:-1])
    if not group:
        return f"select {line} from {source}"
    return f"select group_concat({line} separator '\\n') from {source} group by {group}"


def _fingerprint(session: Session, contract: Contract, source: str) -> Fingerprint:
    query = fingerprint_sql(contract, source, whole=whole, day="datediff(`date`, '1970-01-01')")
    return fingerprint_of(contract, session.ask(query)[0])
