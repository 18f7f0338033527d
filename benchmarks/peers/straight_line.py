"""The whole pipeline as a script of DuckDB and sqlite3 would have it: the same steps, and no checks, ledger or locks.

python -m benchmarks.peers.straight_line SOURCE FOLDER
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from itertools import chain
from pathlib import Path

import duckdb

from benchmarks.peers.bare_insert import create, insert
from benchmarks.peers.bare_merge import SALES

NUMBERS = ("temperature", "fuel_price", "markdown1", "markdown2", "markdown3", "markdown4", "markdown5", "cpi")
FEATURES = ("store", "date", *NUMBERS, "unemployment", "is_holiday")


def main(source: str, folder: str) -> None:
    """Land, merge, load, and copy to the warehouse what a source folder holds."""
    home = Path(folder)
    for part in ("clean/sales", "clean/stores", "warehouse/sales", "warehouse/stores", "warehouse/features"):
        (home / part).mkdir(parents=True)
    for dataset in ("sales", "stores", "features"):
        shutil.copytree(Path(source, dataset), home / "raw" / dataset)
    merge(home)
    load(home)
    to_warehouse(home)
    features(home)


def merge(home: Path) -> None:
    """Keep the last row of each key, and write a Parquet file a month."""
    duckdb.execute(
        f"create table sales as select *, null::integer as customers, strftime(date, '%Y-%m') as month"
        f" from read_csv('{home}/raw/sales/*.csv', header = true, auto_detect = false, delim = ',', filename = true,"
        f" dateformat = '%d/%m/%Y', columns = {SALES})"
        " qualify row_number() over (partition by store, dept, date order by filename desc) = 1"
    )
    duckdb.execute(
        f"copy (select * exclude (filename) from sales order by month, store, dept, date) to '{home}/clean/sales'"
        " (format parquet, compression zstd, partition_by (month), overwrite true)"
    )
    duckdb.execute(
        f"copy (select * from read_csv('{home}/raw/stores/*.csv', header = true, auto_detect = false, delim = ',',"
        " columns = {'store': 'integer', 'type': 'varchar', 'size': 'integer'}))"
        f" to '{home}/clean/stores/stores.parquet'"
    )


def load(home: Path) -> None:
    """Insert what is clean into SQLite."""
    connection = create(str(home / "retail.db"))
    connection.execute("create table stores (store integer primary key, type text not null, size integer not null)")
    insert(
        connection,
        duckdb.execute(
            "select store, dept, cast(date as varchar), cast(weekly_sales * 100 as bigint),"
            f" cast(is_holiday as integer), customers from read_parquet('{home}/clean/sales/**/*.parquet')"
            " order by store, dept, date"
        ),
    )
    stores = duckdb.execute(f"from '{home}/clean/stores/stores.parquet'").fetchall()
    connection.executemany("insert into stores values (?, ?, ?)", stores)


def to_warehouse(home: Path) -> None:
    """Copy the tables from SQLite into Parquet."""
    connection = sqlite3.connect(home / "retail.db")
    columns = "store, dept, date, weekly_sales_cents, is_holiday, customers"
    with (home / "sales.csv").open("w") as text:
        rows = connection.execute(f"select printf('%s,%s,%s,%s,%s,%s\n', {columns}) from sales")
        text.writelines(chain.from_iterable(rows))
    duckdb.execute(
        "copy (select store, dept, date, cast(cents * 0.01::decimal(3,2) as decimal(12,2)) as weekly_sales,"
        f" is_holiday, customers, strftime(date, '%Y-%m') as month from read_csv('{home}/sales.csv', header = false,"
        " auto_detect = false, delim = ',', columns = {'store': 'integer', 'dept': 'integer', 'date': 'date',"
        " 'cents': 'decimal(12,0)', 'is_holiday': 'boolean', 'customers': 'integer'}))"
        f" to '{home}/warehouse/sales' (format parquet, compression zstd, partition_by (month), overwrite true)"
    )
    shutil.copy(home / "clean/stores/stores.parquet", home / "warehouse/stores/stores.parquet")


def features(home: Path) -> None:
    """Type the feature files."""
    columns = dict.fromkeys(FEATURES, "decimal(18,10)")
    columns |= {"store": "integer", "date": "date", "is_holiday": "boolean"}
    duckdb.execute(
        f"copy (select * from read_csv('{home}/raw/features/*.csv', header = true, auto_detect = false, delim = ',',"
        f" nullstr = ['', 'NA'], dateformat = '%d/%m/%Y', columns = {columns}))"
        f" to '{home}/warehouse/features/features.parquet' (format parquet, compression zstd)"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
