"""The embedded relational database: one SQLite file that any client can query.

SQLite has no decimals and adds text up as floats, so money is kept in whole cents, with a view in dollars beside it.
Readers are never blocked and never see half a load: the file is in write-ahead mode, and a load is one transaction.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Final

from retailstream.adapters.database.sqlite_connection import LOADS, connected, has_table, mapped
from retailstream.adapters.formats import DATABASE, DATABASE_ROW, refuse_first
from retailstream.adapters.sqlite_file import transaction
from retailstream.contracts import Column, Contract, Type
from retailstream.durable import naming
from retailstream.fingerprints import fingerprint_of, fingerprint_sql
from retailstream.manifests import WHOLE
from retailstream.ports import DOUBTED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from retailstream.fingerprints import Fingerprint
    from retailstream.ports import Row, TableLoad

ROWS_A_STATEMENT: Final = 500
"""Many rows in one INSERT spare SQLite's Python binding most of its work; 999 parameters would be its oldest limit."""

_TYPES: Final = {
    Type.INTEGER: "integer",
    Type.MONEY: "integer",
    Type.DATE: "text",
    Type.BOOLEAN: "integer",
    Type.LETTER: "text",
}
_DAY: Final = "(unixepoch(date) / 86400)"


@contextmanager
def open_sqlite(path: Path, *, create: bool = True) -> Iterator[SqliteDatabase]:
    """Open the database file; one that is not there is made, or without `create` is empty for the moment."""
    with connected(path, create=create) as connection:
        yield SqliteDatabase(connection, path)


class SqliteDatabase:
    """Tables of the contracts in one SQLite file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @property
    def url(self) -> str:
        """The file as an SQLAlchemy-like URL."""
        return f"sqlite:///{self._path}"

    def encode(self, column: Column) -> str:
        """Money → cents, date → ISO text, boolean → 0 or 1."""
        match column.type:
            case Type.MONEY:
                return f"cast({column.name} * 100 as bigint)"
            case Type.DATE:
                return f"cast({column.name} as varchar)"
            case Type.BOOLEAN:
                return f"cast({column.name} as integer)"
            case _:
                return column.name

    def decode(self, column: Column) -> str:
        """Cents → money, and the other types from their text."""
        if column.type is Type.MONEY:
            cents = f"cast({column.name} as decimal(12,0))"
            return f"cast({cents} * cast('0.01' as decimal(3,2)) as {column.sql_type})"  # a division gives a double
        return f"cast({column.name} as {column.sql_type})"

    def digests(self, contract: Contract) -> dict[str, str] | None:
        """Return the digest of each loaded partition, or None where the table is not there."""
        with mapped(self._path):
            if not has_table(self._connection, LOADS) or not has_table(self._connection, contract.name):
                return None
            query = f"select partition, digest from {LOADS} where table_name = ?"
            return dict(self._connection.execute(query, (contract.name,)).fetchall())

    def doubt(self, contract: Contract) -> None:
        """Note that rows of a table were found damaged: its digests are DOUBTED until a load, which empties it."""
        with mapped(self._path), transaction(self._connection):
            self._connection.execute(f"update {LOADS} set digest = ? where table_name = ?", (DOUBTED, contract.name))

    def load(self, loads: Sequence[TableLoad]) -> dict[str, int]:
        """Make all the changes in one transaction, and return the rows that were given for each table."""
        with mapped(self._path), transaction(self._connection):
            names = [load.contract.name for load in loads]
            if not has_table(self._connection, LOADS):
                refuse_first([name for name in names if has_table(self._connection, name)])
            self._connection.execute(
                f"create table if not exists {LOADS} (table_name text, partition text, digest text not null,"
                " primary key (table_name, partition)) without rowid"
            )
            self._connection.execute(f"insert or replace into {LOADS} values (?, ?, ?)", (*DATABASE_ROW, DATABASE))
            counts = {load.contract.name: self._load(load) for load in loads}
            for table in counts:  # what it then knows of the key lets it find a month without a look at every row
                self._connection.execute(f"analyze {table}")
            return counts

    def dump(self, contract: Contract, partitions: Collection[str] | None, path: Path) -> Fingerprint:
        """Write partitions (None: all) as text, and return their fingerprint, taken in the same transaction."""
        # One printf takes half the time of a chain of || and coalesce; it prints nothing for null.
        form = ",".join(["%s"] * len(contract.columns))
        line = f"printf('{form}', {', '.join(_stored(column) for column in contract.columns)})"
        within, values = _within(contract, partitions)
        source = f"{contract.name}{within}"
        with mapped(self._path), transaction(self._connection):
            self._connection.execute("drop table if exists temp.dumped")
            if partitions is not None:  # some months of a long history are looked for once, and then used twice
                self._connection.execute(f"create temp table dumped as select * from {source}", values)
                source = "temp.dumped"
            with naming(path), path.open("w", encoding="utf-8") as stream:
                lines = self._connection.execute(f"select {line} || char(10) from {source}")
                stream.writelines(chain.from_iterable(lines))
            return self._fingerprint(contract, source)

    def fingerprint(self, contract: Contract, partitions: Collection[str] | None = None) -> Fingerprint | None:
        """Return what partitions (None: all) of the table hold, or None where it is not there."""
        within, values = _within(contract, partitions)
        with mapped(self._path):
            if not has_table(self._connection, contract.name):
                return None
            return self._fingerprint(contract, f"{contract.name}{within}", values)

    def _fingerprint(self, contract: Contract, source: str, values: tuple[str, ...] = ()) -> Fingerprint:
        query = fingerprint_sql(contract, source, whole=_whole, day=_DAY, once="limit -1")
        return fingerprint_of(contract, self._connection.execute(query, values).fetchone())

    def _load(self, load: TableLoad) -> int:
        contract = load.contract
        for statement in _definition(contract):
            self._connection.execute(statement)
        names = [_stored(column) for column in contract.columns]
        if not any((self.digests(contract) or {}).values()):
            self._connection.execute(f"delete from {contract.name}")  # rows that nothing is known of
        if not self._has_rows(contract, load.digests):
            count = self._insert(contract.name, len(names), load.rows())
        else:
            count = self._replace(load, names)
        digests = [(contract.name, partition, digest) for partition, digest in load.digests.items()]
        self._connection.executemany(
            f"delete from {LOADS} where table_name = ? and partition = ?", [d[:2] for d in digests]
        )
        self._connection.executemany(f"insert into {LOADS} values (?, ?, ?)", [d for d in digests if d[2] is not None])
        return count

    def _has_rows(self, contract: Contract, partitions: Collection[str]) -> bool:
        within, values = _within(contract, partitions)
        return self._connection.execute(f"select 1 from {contract.name}{within} limit 1", values).fetchone() is not None

    def _replace(self, load: TableLoad, names: Sequence[str]) -> int:
        """Bring partitions that have rows already to the new ones, touching only the rows that differ."""
        table, key = load.contract.name, ", ".join(load.contract.key)
        self._connection.execute("drop table if exists temp.given")
        self._connection.execute(f"create temp table given as select * from {table} where false")
        count = self._insert("temp.given", len(names), load.rows())
        within, values = _within(load.contract, load.digests)
        self._connection.execute(
            f"delete from {table} where ({key}) in (select {key} from {table}{within}"
            f" except select {key} from temp.given)",
            values,
        )
        self._connection.execute(
            f"insert or replace into {table} select * from temp.given except select * from {table}{within}",
            values,
        )
        self._connection.execute("drop table temp.given")
        return count

    def _insert(self, table: str, width: int, batches: Iterable[Sequence[Row]]) -> int:
        marks = f"({', '.join('?' * width)})"
        many = f"insert into {table} values {', '.join([marks] * ROWS_A_STATEMENT)}"
        count = 0
        for batch in batches:
            whole = len(batch) - len(batch) % ROWS_A_STATEMENT
            for start in range(0, whole, ROWS_A_STATEMENT):
                values = tuple(chain.from_iterable(batch[start : start + ROWS_A_STATEMENT]))
                self._connection.execute(many, values)
            self._connection.executemany(f"insert into {table} values {marks}", batch[whole:])
            count += len(batch)
        return count


def _whole(column: Column) -> str:
    return f"unicode({column.name})" if column.type is Type.LETTER else _stored(column)


def _stored(column: Column) -> str:
    return f"{column.name}_cents" if column.type is Type.MONEY else column.name


def _within(contract: Contract, partitions: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    """Return the condition of a row's partition being among these (None: any), and its values."""
    if partitions is None:
        return "", ()
    marks = ", ".join("?" * len(partitions))
    if not contract.by_month:
        return f" where '{WHOLE}' in ({marks})", tuple(partitions)
    # Comparing dates is cheap, so most rows of a long history are passed over before their month is cut out.
    bounds = min(partitions, default=""), max(partitions, default="") + "-31"
    return f" where date between ? and ? and substr(date, 1, 7) in ({marks})", (*bounds, *partitions)


def _definition(contract: Contract) -> tuple[str, str]:
    """Return the statements for a table of the contract, and for its view in dollars."""
    columns = [
        f"{_stored(column)} {_TYPES[column.type]}{' not null' if column.required else ''}"
        + (f" check ({column.name} in (0, 1))" if column.type is Type.BOOLEAN else "")
        for column in contract.columns
    ]
    shown = [
        f"{_stored(column)} / 100.0 as {column.name}" if column.type is Type.MONEY else column.name
        for column in contract.columns
    ]
    key = ", ".join(contract.key)
    return (
        f"create table if not exists {contract.name} ({', '.join(columns)}, primary key ({key})) without rowid",
        f"create view if not exists {contract.name}_in_dollars as select {', '.join(shown)} from {contract.name}",
    )
