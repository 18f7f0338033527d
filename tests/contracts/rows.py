"""Clean rows as Parquet files, and back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.ports import Row

MOST: Final = 999_999_999
RICH: Final = Decimal("9999999999.99")


def sale(store: int, dept: int, day: str, amount: str, *, holiday: bool = False, visits: int | None = None) -> Row:
    return store, dept, date.fromisoformat(day), Decimal(amount), holiday, visits


EXTREMES: Final = (
    sale(1, 1, "0001-01-05", str(RICH)),
    sale(1, 1, "9999-12-31", str(-RICH), holiday=True, visits=MOST),
    sale(1, MOST, "2010-02-05", "0.00", visits=0),
    sale(2, 1, "2010-02-05", "-0.01"),
    sale(MOST, MOST, "2012-02-29", "0.01", holiday=True),
)
"""Rows of sales with the smallest and largest values that the types hold, by key; the contract has fewer years."""

FEBRUARY: Final = (sale(1, 1, "2010-02-05", "1.10"), sale(1, 2, "2010-02-05", "2.20"), sale(2, 1, "2010-02-05", "3.30"))
MARCH: Final = (sale(1, 1, "2010-03-05", "4.40"), sale(2, 1, "2010-03-05", "5.50"))
STORES: Final = ((1, "A", 151_315), (2, "z", MOST))


def parquet(path: Path, contract: Contract, rows: Sequence[Row], *, lineage: bool = False) -> Path:
    """Write the rows as they stand into one Parquet file; with `lineage`, they end with landing, file and record."""
    named = [f"{column.name} {column.sql_type}" for column in contract.columns]
    origin = ["source_landing integer", "source_file varchar", "source_record integer"] if lineage else []
    columns = ", ".join([*named, *origin])
    with duckdb.cursor() as connection:
        connection.execute(f"create temp table t ({columns})")
        if rows:
            connection.executemany(f"insert into t values ({', '.join('?' * len(rows[0]))})", list(rows))
        connection.execute(f"copy t to '{path}' (format parquet)")
    return path


def read(paths: Sequence[Path], contract: Contract) -> list[Row]:
    """Return the rows of Parquet files by key."""
    if not paths:
        return []
    with duckdb.cursor() as connection:
        query = f"select {', '.join(contract.names)} from read_parquet($paths, hive_partitioning = false)"
        return connection.execute(
            f"{query} order by {', '.join(contract.key)}", {"paths": [str(path) for path in paths]}
        ).fetchall()
