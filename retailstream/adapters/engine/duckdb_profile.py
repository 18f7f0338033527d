"""What clean tables look like, for whoever judges them: asked of DuckDB, over Parquet files of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.adapters.engine.duckdb_files import only, parquet
from retailstream.ports import DatedRows, Profile

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract

RECORDS = 20
"""So many records of a file and a date are named."""


def profile(connection: duckdb.DuckDBPyConnection, contract: Contract, paths: Sequence[Path]) -> Profile:
    """Return what the files of a table with dates look like."""
    nullable = [column.name for column in contract.columns if not column.required]
    if not paths:
        return Profile(0, dict.fromkeys(nullable, 0), [])
    parameters = {"paths": [only(path) for path in paths]}
    counts = "".join(f", count(*) - count({name})" for name in nullable)
    row = connection.execute(f"select count(*){counts} from {parquet('$paths')}", parameters).fetchone()
    dates = connection.execute(
        f"select date, count(*) from {parquet('$paths')} group by date order by date desc", parameters
    ).fetchall()
    rows, *nulls = row or (0,)
    return Profile(rows, dict(zip(nullable, nulls, strict=True)), dates)


def last_dates(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], until: date) -> dict[int, date]:
    """Return each store's newest date that is not later than `until`."""
    if not paths:
        return {}
    query = f"select store, max(date) from {parquet('$paths')} where date <= $until group by store order by store"
    return dict(connection.execute(query, {"paths": [only(path) for path in paths], "until": until}).fetchall())


def scattered(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], *, gap: int, days: Collection[date]
) -> list[DatedRows]:
    """Return the rows, by file and date, of these days, and of files that have dates more than `gap` days apart."""
    if not paths:
        return []
    found = connection.execute(
        f"""
        with dates as (select source_landing, source_file, date, count(*) as records,
                              min(source_record, {RECORDS}) as firsts
                         from {parquet("$paths")} group by all),
             neighbours as (select *, date - lag(date) over (partition by source_landing, source_file order by date)
                                        as apart
                              from dates),
             files as (select source_landing, source_file, max(apart) as widest, sum(records)::bigint as of_file
                         from neighbours group by all)
        select source_landing, source_file, date, records, firsts, of_file
          from dates join files using (source_landing, source_file)
         where widest > $gap or list_contains($days::date[], date)
         order by source_landing, source_file, date""",
        {"paths": [only(path) for path in paths], "gap": gap, "days": sorted(days)},
    )
    return [
        DatedRows(landing, file, day, rows, tuple(sorted(firsts)), of_file)
        for landing, file, day, rows, firsts, of_file in found.fetchall()
    ]


def origins(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[tuple[int, str], int]:
    """Return how many rows came from which landed file, by landing and name."""
    rows = connection.execute(
        f"select source_landing, source_file, count(*) from {parquet('$paths')} group by all",
        {"paths": [only(path) for path in paths]},
    ).fetchall()
    return {(landing, file): count for landing, file, count in rows}


def orphans(connection: duckdb.DuckDBPyConnection, sales: Sequence[Path], stores: Sequence[Path]) -> list[int]:
    """Return the stores that have sales and are not among the known ones, in order."""
    if not sales:
        return []
    known = f"select store from {parquet('$stores')}" if stores else "select 0 as store where false"
    parameters = {"sales": [only(path) for path in sales]}
    if stores:
        parameters["stores"] = [only(path) for path in stores]
    rows = connection.execute(
        f"select distinct store from {parquet('$sales')} where store not in ({known}) order by 1", parameters
    ).fetchall()
    return [row[0] for row in rows]
