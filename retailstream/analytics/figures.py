"""What answers say in a few numbers, for those who watch them from week to week."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from retailstream import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from retailstream.analytics.export import TypedAnswer
    from retailstream.analytics.use_case import Answer
    from retailstream.metrics import Sample

WEEKS: Final = 8
"""How many weeks of a forecast are told."""

_SALES: Final = """
with newest as (
  select max(date) as date from sales
),
typed as (
  select
    sales.*,
    coalesce(stores.type, 'unknown') as type
  from sales
  left join stores using (store)
)
select
  type,
  sum(weekly_sales),
  sum(weekly_sales) filter (typed.date = newest.date),
  sum(weekly_sales) filter (typed.date = newest.date - 7),
  sum(weekly_sales) filter (typed.date = newest.date - 364),
  count(distinct store) filter (typed.date = newest.date)
from typed, newest
group by type
order by type
"""


def figures_of(answers: Sequence[TypedAnswer]) -> Iterator[Sample]:
    """Yield how many rows each answer has, and of a forecast the sales of all stores, week by week."""
    for found in answers:
        answer = found.answer
        yield metrics.ANSWER_ROWS.of(len(answer.rows), answer.use_case.name)
        if answer.use_case.name in {"forecast", "forecast-weeks"}:
            yield from _weeks_ahead(answer)


def business(connection: duckdb.DuckDBPyConnection) -> list[Sample]:
    """Return the sales of the newest week and of those it is compared with; none where there are no sales."""
    rows = connection.execute(_SALES).fetchall()
    if not rows:
        return []
    found = [metrics.SALES.of(sum(row[1] for row in rows))]
    told = metrics.NEWEST_SALES, metrics.WEEK_BEFORE_SALES, metrics.YEAR_BEFORE_SALES, metrics.NEWEST_STORES
    for type_, _total, *values in rows:
        found += [metric.of(value, type_) for metric, value in zip(told, values, strict=True) if value is not None]
    return found


def _weeks_ahead(answer: Answer) -> Iterator[Sample]:
    date, predicted = (answer.columns.index(name) for name in ("date", "predicted"))
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in answer.rows:
        totals[str(row[date])] += Decimal(str(row[predicted]))
    for ahead, (_week, total) in enumerate(sorted(totals.items())[:WEEKS], start=1):
        yield metrics.FORECAST.of(float(total), str(ahead))
