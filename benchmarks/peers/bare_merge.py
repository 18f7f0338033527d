"""Bare DuckDB: the sales files into one Parquet file, of types that are given or sniffed; nothing is checked.

python -m benchmarks.peers.bare_merge FOLDER TARGET.parquet given|sniffed
"""

from __future__ import annotations

import sys

import duckdb

SALES = (
    "{'store': 'integer', 'dept': 'integer', 'date': 'date', 'weekly_sales': 'decimal(12,2)', 'is_holiday': 'boolean'}"
)
GIVEN = f", header = true, auto_detect = false, delim = ',', dateformat = '%d/%m/%Y', columns = {SALES}"


def main(folder: str, target: str, types: str) -> None:
    """Write the rows of all CSV files below a folder to one Parquet file."""
    options = GIVEN if types == "given" else ""
    duckdb.execute(f"copy (select * from read_csv('{folder}/**/*.csv'{options})) to '{target}' (format parquet)")


if __name__ == "__main__":
    main(*sys.argv[1:])
