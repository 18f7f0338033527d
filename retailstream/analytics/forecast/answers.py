"""The forecast and its backtest as answers, to be printed and written like those of the analyses."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Final

from retailstream.analytics.catalog import Answer, UseCase
from retailstream.analytics.export import TypedAnswer
from retailstream.analytics.forecast import relation
from retailstream.analytics.forecast.backtesting import Fold, backtest
from retailstream.analytics.forecast.forecasting import forecast
from retailstream.analytics.headline import FORMATS, Headline

if TYPE_CHECKING:
    import duckdb

_ROWS: Final = "select store, dept, date, predicted, low, high from forecast order by store, dept, date"
_EXTENT: Final = """
select count(distinct (store, dept)), count(distinct date), max(date), sum(predicted) from forecast
"""
_DECIMALS: Final = {"wmae": 2, "wmae_seasonal_naive": 2, "wmae_with_unemployment": 2, "wmae_without_unemployment": 2}
"""WMAE is money; shares and ratios have four."""


def forecast_of(connection: duckdb.DuckDBPyConnection, horizon: int | None) -> TypedAnswer:
    """Return a row for each pair of store and department that has ever sold and each week to come."""
    relation.write(connection, forecast(*relation.read(connection), horizon))
    types = tuple(str(column[1]) for column in connection.execute(f"describe {_ROWS}").fetchall())
    result = connection.execute(_ROWS)
    columns = tuple(str(column[0]) for column in result.description)
    rows = result.fetchall()
    pairs, weeks, last, total = connection.execute(_EXTENT).fetchone() or (0, 0, None, None)
    ahead = FORMATS["weeks"](weeks)
    headline = (
        f"{pairs:,} pairs of store and department, {ahead} to {last}: sales of ${total:,} are to come."
        if rows
        else "No week to come is known: no store has features after the last week of sales."
    )
    case = _case("forecast", "Forecast", "What will each department of each store sell in the weeks to come?", headline)
    return TypedAnswer(Answer(case, {"horizon": horizon}, columns, rows), types)


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


def _case(name: str, title: str, question: str, headline: str) -> UseCase:
    told = Headline(headline)
    return UseCase(name, 0, title, question, (), "", (told,), told)
