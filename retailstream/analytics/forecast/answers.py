"""The forecast and its backtest as answers, to be printed and written like those of the analyses."""

from __future__ import annotations

from dataclasses import astuple, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from retailstream.analytics import absence
from retailstream.analytics.export import TypedAnswer
from retailstream.analytics.forecast import relation
from retailstream.analytics.forecast.backtesting import Fold, backtest
from retailstream.analytics.forecast.chain import chain_weeks
from retailstream.analytics.forecast.forecasting import forecast
from retailstream.analytics.headline import FORMATS, Headline
from retailstream.analytics.use_case import Answer, UseCase
from retailstream.errors import RetailStreamError

if TYPE_CHECKING:
    import duckdb

    from retailstream.analytics.use_case import Absence
    from retailstream.querying import QueryEngine

_ROWS: Final = "select store, dept, date, predicted, low, high from forecast order by store, dept, date"
_EXTENT: Final = """
select count(distinct (store, dept)), count(distinct date), max(date), sum(predicted) from forecast
"""
_WEEKS: Final = """
select
  forecast.date,
  count(distinct forecast.store) as stores,
  count(*) as pairs,
  sum(forecast.predicted) as predicted,
  any_value(earlier.sold) as year_before
from forecast
left join (select date + 364 as date, sum(weekly_sales) as sold from sales group by date) as earlier
  on earlier.date = forecast.date
group by forecast.date
order by forecast.date
"""
_WEEKS_METHOD: Final = """\
The forecasts of all pairs of store and department, added up week by week. The 80 % interval is of the chain's total,
and no sum of the pairs' intervals, which would be far too wide, as their errors cancel out in part: it is how far the
totals of earlier forecasts, made every four weeks, lay off what was sold then. It takes 90 weeks of sales. The year
before is what all stores sold 364 days earlier. The rows of all pairs: retailstream forecast --output forecast.csv.
"""
_DECIMALS: Final = {"wmae": 2, "wmae_seasonal_naive": 2, "wmae_with_unemployment": 2, "wmae_without_unemployment": 2}
"""WMAE is money; shares and ratios have four."""


def forecast_of(engine: QueryEngine, horizon: int | None) -> TypedAnswer:
    """Return a row for each pair of store and department that has ever sold and each week to come.

    Raises RetailStreamError where there are sales and features, but no week to come.
    """
    connection = engine.local()
    relation.write(connection, forecast(*relation.read(connection), horizon))
    types = tuple(str(column[1]) for column in connection.execute(f"describe {_ROWS}").fetchall())
    result = connection.execute(_ROWS)
    columns = tuple(str(column[0]) for column in result.description)
    rows = result.fetchall()
    pairs, weeks, last, total = connection.execute(_EXTENT).fetchone() or (0, 0, None, None)
    ahead = FORMATS["weeks"](weeks)
    headline = f"{pairs:,} pairs of store and department, {ahead} to {last}: sales of ${total or 0:,} are to come."
    case = _case("forecast", "Forecast", "What will each department of each store sell in the weeks to come?", headline)
    lacking = None if rows else _why_none(engine, case)
    return TypedAnswer(Answer(case, {"horizon": horizon}, columns, rows, lacking), types)


def weeks_of(engine: QueryEngine, horizon: int | None) -> TypedAnswer:
    """Return a row for each week to come: what the chain will sell, and how sure that is. Raises as `forecast_of`."""
    connection = engine.local()
    found = chain_weeks(*relation.read(connection), horizon)
    relation.write(connection, found.cells)
    types = tuple(str(column[1]) for column in connection.execute(f"describe {_WEEKS}").fetchall())
    result = connection.execute(_WEEKS)
    columns = tuple(str(column[0]) for column in result.description)
    rows = [
        (*week[:4], *(None if end is None else Decimal(f"{float(week[3]) * end:.2f}") for end in ends), week[4])
        for week, ends in zip(result.fetchall(), found.ends, strict=True)
    ]
    columns, types = (*columns[:4], "low", "high", columns[4]), (*types[:4], types[3], types[3], types[4])
    total = sum((row[3] for row in rows), Decimal())
    ahead = FORMATS["weeks"](len(rows))
    headline = f"The chain will sell ${total:,} over {ahead} to {rows[-1][0] if rows else None}."
    case = _case(
        "forecast-weeks", "Forecast", "What will the chain sell in each week to come?", headline, _WEEKS_METHOD
    )
    lacking = None if rows else _why_none(engine, case)
    return TypedAnswer(Answer(case, {"horizon": horizon}, columns, rows, lacking), types)


def _why_none(engine: QueryEngine, case: UseCase) -> Absence | None:
    """Return which table is empty; RetailStreamError where none is, and yet there is nothing to forecast."""
    found = absence.reason(engine, case, {})
    if found and found.lacks is None:
        hint = "retailstream run --source FOLDER brings features of later weeks; retailstream monitor tells odd dates"
        raise RetailStreamError(found.text.removesuffix("."), hint=hint)
    return found


def backtest_of(connection: duckdb.DuckDBPyConnection) -> TypedAnswer:
    """Return a row for each fold; UsageError where there are too few weeks."""
    folds = backtest(*relation.read(connection))
    columns = tuple(field.name for field in fields(Fold))
    rows = [
        tuple(
            round(value, _DECIMALS.get(name, 4)) if isinstance(value, float) else value
            for name, value in zip(columns, astuple(fold), strict=True)
        )
        for fold in folds
    ]
    last = folds[-1]
    against = f"{last.ratio:.3f} of" if last.ratio is not None else "beside"
    headline = (
        f"With {last.train_weeks} weeks known, the next {last.test_weeks} were missed by ${last.wmae:,.2f} a row and"
        f" week, {against} the seasonal naive forecast's ${last.wmae_seasonal_naive:,.2f};"
        f" {100 * last.coverage:.0f} % of the rows lay within the 80 % interval."
    )
    case = _case("forecast-backtest", "Backtest", "How good would the forecast have been before?", headline)
    types = tuple("INTEGER" if isinstance(value, int) else "DOUBLE" for value in astuple(folds[0]))
    return TypedAnswer(Answer(case, {}, columns, rows), types)


def _case(name: str, title: str, question: str, headline: str, method: str = "") -> UseCase:
    told = Headline(headline)
    reads = ("sales", "features")
    return UseCase(name, 0, title, question, (), "", (told,), told, needs="forecast", method=method, reads=reads)
