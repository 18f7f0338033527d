"""Bare DuckDB: the sales files into one Parquet file, by its typed CSV reader; nothing is checked.

python -m benchmarks.peers.bare_merge FOLDER TARGET.parquet
"""

from __future__ import annotations

import sys

import duckdb

SALES = (
    "{'store': 'integer', 'dept': 'integer', 'date': 'date', 'weekly_sales': 'decimal(12,2)', 'is_holiday': 'boolean'}"
)


def main(folder: str, target: str) -> None:
    """Write the rows of all CSV files below a folder to one Parquet file."""
    duckdb.execute(
        f"copy (select * from read_csv('{folder}/**/*.csv', header = true, auto_detect = false, delim = ',',"
        f" dateformat = '%d/%m/%Y', columns = {SALES})) to '{target}' (format parquet)"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
