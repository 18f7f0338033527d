"""The tables of the contracts as MySQL holds them, and the table of what was loaded into them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from retailstream.adapters.formats import DATABASE, DATABASE_ROW, refuse_first, refuse_newer
from retailstream.contracts import Column, Contract, Type
from retailstream.errors import RetailStreamError
from retailstream.manifests import WHOLE
from retailstream.ports import DOUBTED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from retailstream.adapters.database.mysql_server import Session

LOADS: Final = "retailstream_loads"
"""The table of what was loaded: the digest of the clean partition that each partition's rows came from."""

LOADED: Final = ""
"""The name of no partition: its row says that the table was loaded at all; tables are made before their first load."""

ENGINE: Final = "engine = InnoDB default character set utf8mb4 collate utf8mb4_bin"

_TYPES: Final = {
    Type.INTEGER: "int",
    Type.MONEY: "decimal(12,2)",
    Type.NUMBER: "decimal(18,10)",
    Type.DATE: "date",
    Type.BOOLEAN: "boolean",
    Type.LETTER: "char(1)",
}

_LOADS_DEFINITION: Final = (
    f"create table if not exists {LOADS} (`table_name` varchar(64) not null, `partition` varchar(64) not null,"
    f" `digest` varchar(64) not null, primary key (`table_name`, `partition`)) {ENGINE}"
)


def definition(contract: Contract, name: str, *, temporary: bool = False) -> str:
    """Return the statement for a table of the contract, with its key alone."""
    columns = [
        f"`{column.name}` {_TYPES[column.type]}{' not null' if column.required else ''}" for column in contract.columns
    ]
    kind = "temporary table" if temporary else "table if not exists"
    return f"create {kind} `{name}` ({', '.join(columns)}, primary key ({listed(contract.key)})) {ENGINE}"


def add_index(session: Session, contract: Contract) -> None:
    """Give a table its index on date, where it has none: sorted once, it costs half of what a row at a time does."""
    if not contract.by_month or session.ask(f"show index from `{contract.name}` where key_name = 'date'"):
        return
    session.do(f"alter table `{contract.name}` add key `date` (`date`)")


def listed(names: Collection[str], alias: str = "") -> str:
    """`("store", "date")` → "`store`, `date`"."""
    return ", ".join(f"{alias}`{name}`" for name in names)


def existing(session: Session, names: Sequence[str]) -> set[str]:
    """Return which of these tables are there."""
    marks = ", ".join(["%s"] * len(names))
    query = (
        f"select table_name from information_schema.tables where table_schema = database() and table_name in ({marks})"
    )
    return {str(row[0]) for row in session.ask(query, names)}


def refuse_without_transactions(session: Session, names: Sequence[str]) -> None:
    """Raise RetailStreamError where one of these tables is kept by an engine that has no transactions."""
    marks = ", ".join(["%s"] * len(names))
    query = (
        "select tables.table_name, tables.engine from information_schema.tables as tables"
        " join information_schema.engines as engines on engines.engine = tables.engine"
        " where tables.table_schema = database() and coalesce(engines.transactions, 'NO') <> 'YES'"
        f" and tables.table_name in ({marks}) order by 1"
    )
    for name, engine in session.ask(query, names) if names else ():
        raise RetailStreamError(
            f"table '{name}' is kept by the engine {engine}, which has no transactions: a load would be seen half",
            hint=f"alter table `{name}` engine = InnoDB, then run the same command again",
        )


def digests(session: Session, contract: Contract) -> dict[str, str] | None:
    """Return the digest of each loaded partition, or None where the table is not there or was never loaded."""
    if len(existing(session, (LOADS, contract.name))) < 2:
        return None
    refuse_newer_database(session)
    query = f"select `partition`, `digest` from {LOADS} where `table_name` = %s"
    found = {str(name): str(digest) for name, digest in session.ask(query, (contract.name,))}
    return None if found.pop(LOADED, None) is None else found


def prepare(session: Session, contracts: Collection[Contract]) -> None:
    """Make the tables that are missing; what a table that is gone was loaded from is forgotten."""
    there = existing(session, (LOADS, *(contract.name for contract in contracts)))
    refuse_newer_database(session)
    refuse_without_transactions(session, sorted(there))
    if LOADS not in there:
        refuse_first(there)
        session.do(_LOADS_DEFINITION)
    session.do(f"replace into {LOADS} values (%s, %s, %s)", (*DATABASE_ROW, DATABASE))
    for contract in contracts:
        if contract.name not in there:
            session.do(f"delete from {LOADS} where `table_name` = %s", (contract.name,))
            session.do(definition(contract, contract.name))
    session.commit()


def remember(session: Session, contract: Contract, changes: Mapping[str, str | None]) -> None:
    """Note the new digest of each partition; None for one that was taken away."""
    noted: dict[str, str | None] = {**changes, LOADED: "loaded"}
    for name, digest in noted.items():
        if digest is None:
            query = f"delete from {LOADS} where `table_name` = %s and `partition` = %s"
            session.do(query, (contract.name, name))
    rows = [(contract.name, name, digest) for name, digest in noted.items() if digest is not None]
    session.do_many(f"replace into {LOADS} values (%s, %s, %s)", rows)


def doubt(session: Session, contract: Contract) -> None:
    """Forget of a table what its partitions were loaded from."""
    query = f"update {LOADS} set `digest` = %s where `table_name` = %s and `partition` <> %s"
    session.do(query, (DOUBTED, contract.name, LOADED))
    session.commit()


def within(contract: Contract, partitions: Collection[str] | None, alias: str = "") -> str:
    """Return the condition of a row's partition being among these (None: any), such that the index on date serves."""
    if partitions is None:
        return "true"
    if not contract.by_month:
        return "true" if WHOLE in partitions else "false"
    months = sorted(name for name in partitions if re.fullmatch(r"[0-9]{4}-(?:0[1-9]|1[0-2])", name))
    ranges = [f"{alias}`date` between '{month}-01' and last_day('{month}-01')" for month in months]
    return f"({' or '.join(ranges)})" if ranges else "false"


def compared(columns: Collection[Column], left: str, right: str) -> str:
    """Return the condition of two rows having the same values, null being the same as null."""
    return " and ".join(f"{left}`{column.name}` <=> {right}`{column.name}`" for column in columns) or "true"


def refuse_newer_database(session: Session) -> None:
    """Raise RetailStreamError where a newer version loaded the database."""
    if not existing(session, (LOADS,)):
        return
    query = f"select `digest` from {LOADS} where `table_name` = %s and `partition` = %s"
    rows = session.ask(query, DATABASE_ROW)
    refuse_newer("the database", int(rows[0][0]) if rows else 0, DATABASE)
