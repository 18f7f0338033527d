"""The base tables of a folder of CSVs, and an answer as the bytes of a CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import duckdb

from retailstream.adapters.query.duckdb import DuckDbQueries
from retailstream.analytics import export
from retailstream.contracts import CONTRACTS, Column, Contract, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from retailstream.analytics.export import TypedAnswer
    from retailstream.analytics.use_case import Answer


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection with the tables `sales`, `features` and `stores` as the folder's CSVs have them."""
    connection = duckdb.connect()
    for contract in CONTRACTS.values():
        connection.execute(f"create table {contract.name} as {_query(connection, contract, folder)}")
    return connection


def answer(connection: duckdb.DuckDBPyConnection, name: str, asked: Mapping[str, object]) -> Answer:
    """Return what an analysis finds in the tables of a connection."""
    return typed_answer(connection, name, asked).answer


def typed_answer(connection: duckdb.DuckDBPyConnection, name: str, asked: Mapping[str, object]) -> TypedAnswer:
    """Return the same with the types of its columns."""
    return export.ask(DuckDbQueries(connection), name, asked)


def _query(connection: duckdb.DuckDBPyConnection, contract: Contract, folder: Path) -> str:
    source = f"read_csv('{folder / contract.name}/*.csv', all_varchar = true, header = true, delim = ',')"
    headers = [str(row[0]) for row in connection.execute(f"describe select * from {source}").fetchall()]
    by_name = {contract.match(header): header for header in headers}
    columns = [_cast(column, by_name.get(column.name)) for column in contract.columns]
    return f"select {', '.join(columns)} from {source}"


def _cast(column: Column, header: str | None) -> str:
    text = "null" if header is None else f"nullif(nullif(trim({header}), ''), 'NA')"
    value = f"strptime({text}, '%d/%m/%Y')" if column.type is Type.DATE else text
    return f"cast({value} as {column.sql_type}) as {column.name}"


def rendered(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return columns and rows as a CSV: nothing for null, a Decimal with all its digits, a float as Python has it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
