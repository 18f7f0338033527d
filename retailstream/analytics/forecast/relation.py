"""The forecast beside the tables of a DuckDB connection: read from `sales` and `features`, offered as `forecast`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from retailstream.analytics.forecast.forecasting import forecast
from retailstream.analytics.forecast.history import Features, Sales

if TYPE_CHECKING:
    import duckdb

    from retailstream.analytics.forecast.forecasting import Forecast

_SALES: Final = """
select store, dept, date, cast(weekly_sales as double) as weekly_sales, is_holiday
from sales
order by dept, store, date
"""
_FEATURES: Final = """
select store, date, is_holiday, cast(coalesce(cast(unemployment as double), 'nan') as double) as unemployment
from features
order by store, date
"""
_FORECAST: Final = """
create temp table forecast as
select
  cast(store as integer) as store,
  cast(dept as integer) as dept,
  cast(date as date) as date,
  cast(predicted as decimal(18, 2)) as predicted,
  cast(low as decimal(18, 2)) as low,
  cast(high as decimal(18, 2)) as high
from forecast_rows
order by store, dept, date
"""
_ENDS: Final = """
select
  newest.date,
  (select max(date) from sales where date < newest.date) as date_before,
  (
    select max(date)
    from features
    where store in (select store from sales)
  ) as features_end
from (select max(date) as date from sales) as newest
"""
_GAP: Final = timedelta(days=35)
"""A last week of sales that is so much later than the one before may have a mistyped year."""


def read(connection: duckdb.DuckDBPyConnection) -> tuple[Sales, Features]:
    """Return the rows of the relations `sales` and `features`, always in the same order."""
    sales = connection.execute(_SALES).fetchnumpy()
    features = connection.execute(_FEATURES).fetchnumpy()
    return (
        Sales(
            store=np.asarray(sales["store"], np.int64),
            dept=np.asarray(sales["dept"], np.int64),
            date=np.asarray(sales["date"], "datetime64[D]"),
            weekly_sales=np.asarray(sales["weekly_sales"], np.float64),
            is_holiday=np.asarray(sales["is_holiday"], np.bool_),
        ),
        Features(
            store=np.asarray(features["store"], np.int64),
            date=np.asarray(features["date"], "datetime64[D]"),
            is_holiday=np.asarray(features["is_holiday"], np.bool_),
            unemployment=np.asarray(features["unemployment"], np.float64),
        ),
    )


def offer(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the relation `forecast` of the connection, for all weeks to come; one that is there already is kept."""
    if connection.execute("select 1 from duckdb_tables() where table_name = 'forecast'").fetchone():
        return
    if connection.execute("select 1 from duckdb_views() where view_name = 'forecast'").fetchone():
        return
    write(connection, forecast(*read(connection)))


def why_none(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return why there is no week to forecast; None where there is one, or where there are no sales."""
    newest, before, features_end = connection.execute(_ENDS).fetchone() or (None, None, None)
    if newest is None or (features_end is not None and features_end > newest):
        return None
    known = f"and their features end on {features_end}" if features_end else "and those stores have no features"
    told = f"No week to come is known: the sales of the stores go on to {newest}, {known}."
    if before is None or newest - before < _GAP:
        return told
    return f"{told} The week of sales before that is {before}: the date of the last one may be mistyped."


def write(connection: duckdb.DuckDBPyConnection, found: Forecast) -> None:
    """Make the temporary table `forecast(store, dept, date, predicted, low, high)` of a forecast."""
    # DuckDB knows no numpy dates by the day.
    connection.register("forecast_rows", {**vars(found), "date": found.date.astype("datetime64[us]")})
    try:
        connection.execute(_FORECAST)
    finally:
        connection.unregister("forecast_rows")
