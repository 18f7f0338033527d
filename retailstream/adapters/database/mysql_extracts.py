"""Any table of a MySQL server as lines of text, read in one moment, with the proof of what it held in that moment."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pymysql.err import MySQLError

from retailstream.adapters.database import mysql_tables as tables
from retailstream.adapters.database.mysql_address import address_of
from retailstream.adapters.database.mysql_errors import code_of
from retailstream.adapters.database.mysql_obstacles import refuse_broken_view, refuse_too_long
from retailstream.adapters.database.mysql_server import open_server
from retailstream.adapters.database.mysql_shapes import denied_column, described_table, qualified
from retailstream.adapters.database.mysql_types import MySqlDialect, described, field_of, quoted, value_of
from retailstream.choices import AS_THEY_ARE, Changes, chosen
from retailstream.conditions import MYSQL, checked
from retailstream.durable import naming
from retailstream.errors import RetailStreamError, UsageError
from retailstream.extracts import Extract, Split
from retailstream.proofs import proof_of, proof_sql
from retailstream.relations import DAYS, EXACT, WHOLE, Relation, relation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from retailstream.adapters.database.mysql_server import Server, Session
    from retailstream.contracts import Contract
    from retailstream.extracts import Span
    from retailstream.proofs import Proof
    from retailstream.relations import Field

T = TypeVar("T")

UTC: Final = "set time_zone = '+00:00'"
"""What a session says first: TIMESTAMP values are read as those of UTC."""

MISTAKES: Final = {1054, 1064, 1109, 1111, 1146, 1241, 1305, 1582, 1583}
"""What the server says of SQL that it cannot read, or that names what is not there."""

WIDEST: Final = 1 << 62
"""Bounds that are further apart are beyond the whole numbers that Sqoop reckons with."""

_DIALECT: Final = MySqlDialect()


@contextmanager
def open_mysql_tables(url: str) -> Iterator[MySqlTables]:
    """Open the tables of a `mysql+pymysql://` URL; the server is connected to when it is first needed."""
    with open_server(address_of(url)) as server:
        yield MySqlTables(server)


class MySqlTables:
    """The tables of one database of a server, whatever they hold."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def url(self) -> str:
        """The address, without its password."""
        return str(self._server.address)

    def source(self, table: str) -> str:
        """Return a table in words that no other one has, whoever asks for it and how."""
        address = self._server.address
        return f"table '{table}' in mysql://{address.host}:{address.port}/{address.database}"

    def relation(self, table: str, columns: Sequence[str] | None = None, changes: Changes = AS_THEY_ARE) -> Relation:
        """Return a table, or some of its columns, with changes; UsageError for one that is not there or has no type.

        `other.table` is a table of another database of the server. Raises UsageError, too, where all columns are asked
        for and the user of the database may see some of them alone.
        """
        schema, name, rows, key = self._server.read(lambda session: described_table(session, table))
        if not rows:
            self._server.read(lambda session: refuse_broken_view(session, table))
            raise UsageError(f"table '{table}' is missing in {self.url}", hint="name one that is there with --table")
        there = {row[0].lower(): described(row) for row in rows}
        names = chosen(table, [row[0] for row in rows], columns, changes)
        if columns is None and (denied := self._server.read(lambda session: denied_column(session, schema, name))):
            raise UsageError(
                f"the user of {self.url} may not read all columns of table '{table}': {denied}",
                hint=f"copy what it may read with --columns {','.join(there)}, or have SELECT granted on the table",
            )
        fields = tuple(field_of(table, there[name], changes) for name in names)
        named = tuple(changes.name(name) for name in key) if set(key) <= set(names) else ()
        return Relation(table, fields, named, schema=schema)

    def loaded(self, contract: Contract, partitions: Collection[str] | None) -> Extract:
        """Return the rows of partitions (None: all) of a table of a contract, in its types."""
        return self.extract(relation_of(contract), tables.within(contract, partitions))

    def extract(self, relation: Relation, where: str | None = None, span: Span | None = None) -> Extract:
        """Return the rows of a table that a condition in MySQL's SQL holds for."""
        conditions = []
        if span:
            column, least = relation.column(span.column), ">=" if span.inclusive else ">"
            name = quoted(column.asked)
            if span.after is not None:
                conditions.append(f"{name} {least} {_literal(column, span.after)}")
            conditions.append(f"{name} <= {_literal(column, span.until)}")
        conditions += [f"({checked(where, MYSQL)})"] if where else []
        table = qualified(relation.schema, relation.table)
        return Extract(relation, _DIALECT.line(relation.columns), table, " and ".join(conditions) or "true")

    def newest(self, extract: Extract, column: Field) -> str | None:
        """Return the largest value of a column as text, None where there are no rows; UsageError where one is null."""
        value = _DIALECT.value(column)
        query = f"select max({value}), count(*) - count({value}) from {extract.source}"
        ((newest, nulls),) = self._read(lambda session: session.ask(query))
        if nulls:
            raise UsageError(
                f"column '{column.name}' of table '{extract.relation.name}' is null in {nulls:,} rows, which an"
                " incremental transfer would never see",
                hint="choose another --check-column, or leave these rows out with --where",
            )
        return None if newest is None else str(newest)

    def split(self, extract: Extract, column: str | None, parts: int) -> Split | None:
        """Return how rows are shared out by a column (None: the key's first), or None where they cannot be."""
        if parts < 2 or not (column or extract.relation.key):
            return None
        relation = extract.relation
        shared = self._column(relation.name, column or relation.column(relation.key[0]).asked)
        name = value_of(shared)
        if shared.kind in WHOLE:
            query = f"select min({name}), max({name}) from {extract.source}"
            ((least, most),) = self._read(lambda session: session.ask(query))
            if least is None:
                return None
            if most - least < WIDEST:
                # A null would belong to no part: it goes with the smallest.
                expression = name if shared.required else f"ifnull({name}, {least})"
                return Split(expression, least, most, parts)
        return Split(f"mod(crc32(ifnull({name}, '')), {parts})", 0, parts - 1, parts)

    def proof(self, extract: Extract) -> Proof:
        """Return what the rows hold now."""
        return self._read(lambda session: _proof(session, extract))

    def dump(self, extract: Extract, path: Path) -> Proof:
        """Write the rows as lines of text, and return what they hold, taken in the same transaction."""

        def work(session: Session) -> Proof:
            with naming(path), path.open("w", encoding="ascii", newline="") as stream:
                stream.writelines(_line(extract, row) for row in session.stream(extract.query))
            return _proof(session, extract)

        return self._read(work)

    def _read(self, work: Callable[[Session], T]) -> T:
        def within(session: Session) -> T:
            session.do(UTC)
            try:
                return work(session)
            except MySQLError as error:
                if code_of(error) in MISTAKES:
                    raise UsageError(
                        f"database {self.url} does not understand the condition: {error.args[-1]}",
                        hint="check --where: it is SQL of the database",
                    ) from error
                raise

        return self._server.read(within)

    def _column(self, table: str, name: str) -> Field:
        _schema, _name, rows, _key = self._server.read(lambda session: described_table(session, table))
        there = {row[0].lower(): row for row in rows}
        if name.lower() not in there:
            raise UsageError(
                f"column '{name}' is missing in table '{table}'", hint="name one that is there with --split-by"
            )
        return field_of(table, described(there[name.lower()]), Changes({name.lower(): "share"}))


def _literal(column: Field, value: str) -> str:
    """Return a value of a number or a day, as `newest` gave it, as SQL."""
    if column.kind in EXACT and re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", value):
        return value
    if column.kind in DAYS and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9:.]{15})?", value):
        return f"'{value}'"
    raise UsageError(f"column '{column.name}' cannot be a check column", hint="name a number, a date or a time")


def _proof(session: Session, extract: Extract) -> Proof:
    days = [column for column in extract.relation.columns if column.kind in DAYS]
    query = proof_sql(extract.relation, _DIALECT, extract.source, [_DIALECT.no_day(column) for column in days])
    refuse_too_long(session, extract, _DIALECT)
    row = session.ask(query)[0]
    counts = row[len(row) - len(days) :]
    lost = tuple((column.name, int(count)) for column, count in zip(days, counts, strict=True) if count)
    return replace(proof_of(extract.relation, row), no_days=lost)


def _line(extract: Extract, row: tuple[Any, ...]) -> str:
    if row[0] is None:
        raise RetailStreamError(
            f"a row of table '{extract.relation.name}' is longer than the server sends as one text",
            hint="have max_allowed_packet of the server raised, or leave its longest column out with --columns",
        )
    return f"{row[0]}\n"
