"""Partitions as Parquet files, written by DuckDB: one version of it writes the same bytes for the same rows."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from retailstream.manifests import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract


COMPRESSION: Final = "zstd"


def parquet(paths: str) -> str:
    """Return the source of all rows of these files; a folder called `store=7` on their way adds no column."""
    return f"read_parquet({paths}, hive_partitioning = false)"


def only(path: Path) -> str:
    """Return a path as the pattern that DuckDB finds this one file by: `week[1].csv` → `week[[]1].csv`.

    Where a pattern finds nothing DuckDB takes it for a name, so one without wildcards must stay as it is.
    """
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def no_rows(contract: Contract) -> str:
    """Return the query of a table of the contract that is empty."""
    nulls = ", ".join(f"cast(null as {column.sql_type}) as {column.name}" for column in contract.columns)
    return f"select {nulls} where false"


def quoted(path: Path | str) -> str:
    """Return a path as an SQL literal, where no parameter can be bound."""
    return "'" + str(path).replace("'", "''") + "'"


def month_of(contract: Contract) -> str:
    """Return the SQL expression that is the same for all rows of a partition; a table kept whole has one."""
    return "date_trunc('month', date)" if contract.by_month else f"cast('{WHOLE}' as varchar)"


def rows_by_partition(connection: duckdb.DuckDBPyConnection, contract: Contract, table: str) -> dict[str, int]:
    """Return how many rows of a table each partition has, by name: `2012-10`, or `all` for a table kept whole."""
    # A name is made for each month and not for each row.
    name = "strftime(month, '%Y-%m')" if contract.by_month else "month"
    months = f"select {month_of(contract)} as month, count(*) as rows from {table} group by 1"
    return dict(connection.execute(f"select {name} as name, rows from ({months}) order by name").fetchall())


def copy_partitions(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    table: str,
    columns: Sequence[str],
    paths: Mapping[str, Path],
) -> Iterator[str]:
    """Write the rows of partitions in the order of the key as a Parquet file each, and yield each when it is done.

    DuckDB writes a small file on one core, so as many are written at a time as there are cores. The order is asked for
    even where the table has it: only then do rows fall into row groups wherever the table keeps them. A column in which
    the whole table has no null DuckDB would call required, and a month's bytes depended on those beside it; rows of
    nulls, of which there are none, make all columns optional. See docs/adr/0003-manifests.md.
    """
    names, nulls = ", ".join(columns), ", ".join(["null"] * len(columns))

    def copy(partition: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(
                f"copy (select * from (select {names} from {table}{_within(contract, partition)}"
                f" union all select {nulls} from range(0)) order by {', '.join(contract.key)})"
                f" to {quoted(paths[partition])} (format parquet, compression {COMPRESSION})"
            )
        return partition

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(copy, paths)


def _within(contract: Contract, partition: str) -> str:
    if not contract.by_month:
        return ""
    first = f"date '{partition}-01'"
    return f" where date between {first} and last_day({first})"
