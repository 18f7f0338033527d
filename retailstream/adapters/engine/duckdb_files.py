"""Partitions as Parquet files, written by DuckDB: the same rows always give the same bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from retailstream.publishing import WHOLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract


def parquet(paths: str) -> str:
    """Return the source of all rows of these files; a folder called `store=7` on their way adds no column."""
    return f"read_parquet({paths}, hive_partitioning = false)"


def only(path: Path) -> str:
    """Return a path as the pattern that DuckDB finds this one file by: `week[1].csv` → `week[[]1].csv`.

    Where a pattern finds nothing DuckDB takes it for a name, so one without wildcards must stay as it is.
    """
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def partition_of(contract: Contract) -> str:
    """Return the SQL expression that names a row's partition: `2012-10`, or `all` for a table kept whole."""
    return "strftime(date, '%Y-%m')" if contract.by_month else f"'{WHOLE}'"


def rows_by_partition(connection: duckdb.DuckDBPyConnection, contract: Contract, table: str) -> dict[str, int]:
    """Return how many rows of a table each partition has."""
    query = f"select {partition_of(contract)} as partition, count(*) from {table} group by 1 order by 1"
    return dict(connection.execute(query).fetchall())


def copy_partition(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    table: str,
    columns: Sequence[str],
    partition: str,
    path: Path,
) -> None:
    """Write a partition's rows in the order of the key as one Parquet file."""
    where = ""
    if contract.by_month:
        first = f"date '{partition}-01'"
        where = f"where date between {first} and last_day({first})"
    literal = "'" + str(path).replace("'", "''") + "'"
    connection.execute(
        f"copy (select {', '.join(columns)} from {table} {where} order by {', '.join(contract.key)})"
        f" to {literal} (format parquet, compression zstd)"
    )
