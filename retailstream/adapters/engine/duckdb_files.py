"""Partitions as Parquet files, written by DuckDB: the same rows always give the same bytes."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from retailstream.manifests import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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


def copy_partitions(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    table: str,
    columns: Sequence[str],
    paths: Mapping[str, Path],
) -> Iterator[str]:
    """Write the rows of partitions in the order of the key as a Parquet file each, and yield each when it is done.

    DuckDB writes a small file on one core, so as many are written at a time as there are cores. The order is asked for
    even where the table has it: only then do rows fall into row groups wherever the table keeps them.
    """

    def copy(partition: str) -> str:
        literal = "'" + str(paths[partition]).replace("'", "''") + "'"
        with connection.cursor() as cursor:
            cursor.execute(
                f"copy (select {', '.join(columns)} from {table}{_within(contract, partition)}"
                f" order by {', '.join(contract.key)}) to {literal} (format parquet, compression zstd)"
            )
        return partition

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(copy, paths)


def _within(contract: Contract, partition: str) -> str:
    if not contract.by_month:
        return ""
    first = f"date '{partition}-01'"
    return f" where date between {first} and last_day({first})"
