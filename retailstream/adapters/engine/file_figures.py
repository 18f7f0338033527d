"""What checked files hold, asked in SQL that DuckDB and Spark both read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retailstream.ports import FileDate, FileFigures, StoreFigures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from retailstream.contracts import Contract

_SWAPPED = "make_date(year(date), least(day(date), 12), month(date))"
"""A date as it would be with day and month swapped.

It is one for days beyond 12 too, which nobody counts: an engine computes also what a condition leaves out.
"""


def figures_sql(contract: Contract, files: str, rows: str, shared: str, weekday: str) -> str:
    """Return the query for the figures of each file, of tables `files`, checked `rows`, and rows that `shared` has.

    `shared` has all accepted rows with a key that more than one row of any file has. `weekday`, the engine's ISO
    weekday of `{}`. Records are counted by date first: a file has many records and few dates.
    """
    dates = _dates(weekday) if contract.by_month else ""
    date = "date" if contract.by_month else "null as date"
    return f"""
        with dates as (select number, broken is null as accepted, {date}, count(*) as records
                         from {rows} group by number, broken is null{", date" if contract.by_month else ""}),
             sharing as (select number, sum(records) as records
                           from (select number, count(*) as records from {shared}
                                  group by number, {", ".join(contract.key)} having count(*) > 1)
                          group by number)
        select files.number, sum(dates.records), sum(dates.records) filter (where not accepted),
               max(sharing.records){dates}
          from {files} as files
          left join dates on dates.number = files.number
          left join sharing on sharing.number = files.number
         group by files.number order by files.number"""


def _dates(weekday: str) -> str:
    own, swapped = weekday.format("date"), weekday.format(_SWAPPED)
    swappable = "accepted and day(date) <= 12"
    days = [f"sum(dates.records) filter (where accepted and {own} = {day})" for day in range(1, 8)]
    turned = [f"sum(dates.records) filter (where {swappable} and {swapped} = {day})" for day in range(1, 8)]
    ends = [f"{end}(date) filter (where accepted)" for end in ("min", "max")]
    return "".join(f",\n{column}" for column in (*ends, *days, *turned))


def figures(rows: Iterable[tuple[Any, ...]]) -> list[FileFigures]:
    """Return the figures that the query answered."""
    found = []
    for number, records, rejected, sharing, *dates in rows:
        told = FileFigures(number, int(records or 0), int(rejected or 0), int(sharing or 0))
        if dates:
            first, last, *counts = dates
            days = tuple(int(count or 0) for count in counts)
            swapped = days[7:]
            told = FileFigures(
                number, told.records, told.rejected, told.sharing_key, first, last, days[:7], sum(swapped), swapped
            )
        found.append(told)
    return found


def dates_sql(rows: str) -> str:
    """Return the query for the dates of each file, of checked rows."""
    return f"""
        select number, date, count(*), min(record) from {rows} where broken is null
         group by number, date order by number, date"""


def dates(rows: Sequence[tuple[Any, ...]]) -> list[FileDate]:
    """Return the dates that the query answered."""
    return [FileDate(*row) for row in rows]


def stores_sql(rows: str, refused: Collection[int]) -> str:
    """Return the query for the figures of each store, of checked rows without some files."""
    return f"""
        select store, count(*), count(broken) from {rows}{without(refused)}
         group by store order by store nulls last"""


def without(refused: Collection[int]) -> str:
    """Return the condition that leaves out the records of some files."""
    return f" where number not in ({', '.join(map(str, sorted(refused)))})" if refused else ""


def stores(rows: Sequence[tuple[Any, ...]]) -> list[StoreFigures]:
    """Return the figures that the query answered."""
    return [StoreFigures(*row) for row in rows]
