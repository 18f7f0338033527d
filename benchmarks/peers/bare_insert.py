"""Bare sqlite3: the rows of Parquet files into a keyed table, by the fastest insert found: 500 rows a statement.

python -m benchmarks.peers.bare_insert FOLDER DATABASE
"""

from __future__ import annotations

import sqlite3
import sys
from itertools import chain

import duckdb

ROWS = 500


def main(folder: str, database: str) -> None:
    """Insert the sales of all Parquet files below a folder, in the order of the key, in one transaction."""
    connection = create(database)
    rows = duckdb.execute(
        "select store, dept, cast(date as varchar), cast(weekly_sales * 100 as bigint), cast(is_holiday as integer),"
        f" customers from read_parquet('{folder}/**/*.parquet', hive_partitioning = false) order by store, dept, date"
    )
    insert(connection, rows)


def create(database: str) -> sqlite3.Connection:
    """Make a database with an empty table `sales`."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma cache_size = -65536")
    connection.execute(
        "create table sales (store integer not null, dept integer not null, date text not null,"
        " weekly_sales_cents integer not null, is_holiday integer not null, customers integer,"
        " primary key (store, dept, date)) without rowid"
    )
    return connection


def insert(connection: sqlite3.Connection, rows: duckdb.DuckDBPyConnection) -> None:
    """Insert a result of six columns into `sales`."""
    many = f"insert into sales values {', '.join(['(?, ?, ?, ?, ?, ?)'] * ROWS)}"
    connection.execute("begin")
    while batch := rows.fetchmany(ROWS * 100):
        whole = len(batch) - len(batch) % ROWS
        for start in range(0, whole, ROWS):
            connection.execute(many, tuple(chain.from_iterable(batch[start : start + ROWS])))
        connection.executemany("insert into sales values (?, ?, ?, ?, ?, ?)", batch[whole:])
    connection.execute("commit")


if __name__ == "__main__":
    main(*sys.argv[1:])
