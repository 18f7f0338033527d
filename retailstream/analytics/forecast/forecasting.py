"""From rows to a forecast: one row for each pair that has ever sold and each week to come that has features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retailstream.analytics.forecast import model, unemployment
from retailstream.analytics.forecast.history import AHEAD, history_of, week_of
from retailstream.analytics.forecast.intervals import interval, rehearse

if TYPE_CHECKING:
    from retailstream.analytics.forecast.history import Dates, Features, Floats, Ints, Sales


@dataclass(frozen=True)
class Forecast:
    """What each pair will sell in each week to come, and the 80 % interval: by store, department, date, in cents."""

    store: Ints
    dept: Ints
    date: Dates
    predicted: Floats
    low: Floats
    high: Floats


def forecast(sales: Sales, features: Features, horizon: int | None = None) -> Forecast:
    """Return the forecast for the dates after the last sale for which a store has features.

    `horizon` keeps the first so many of a store's dates. A store without such dates has no rows.
    """
    if not len(sales.date):
        return _rows(sales.store, sales.dept, sales.date, *np.zeros((3, 0)))
    last = sales.date.max()
    coming = (features.date > last) & np.isin(features.store, sales.store)
    store, date = _first_dates(features.store[coming], features.date[coming], None)
    if not len(store):
        return _rows(store, store, date, *np.zeros((3, 0)))
    history = history_of(sales, features)
    # All weeks are forecast whatever is asked for, since the forecast of one leans on those around it.
    weeks = min(int(week_of(date, last).max()), AHEAD)
    store, date = _first_dates(store, date, horizon)
    ahead = week_of(date, last) - 1
    rehearsals = rehearse(history)
    predicted = model.forecast(history, weeks)
    if unemployment.SHIPPED:
        predicted = predicted * unemployment.factor(history, features, rehearsals)
    low, high = interval(history, rehearsals, predicted)
    series, place = _matches(history.store, store)
    order = np.lexsort((date[place], history.dept[series], history.store[series]))
    series, place = series[order], place[order]
    cells = (ahead[place] % AHEAD, series)
    return _rows(
        history.store[series], history.dept[series], date[place], *(values[cells] for values in (predicted, low, high))
    )


def _first_dates(store: Ints, date: Dates, horizon: int | None) -> tuple[Ints, Dates]:
    """Return each store's first dates, each once, in order."""
    order = np.lexsort((date, store))
    store, date = store[order], date[order]
    new = np.ones(len(store), dtype=np.bool_)
    new[1:] = (store[1:] != store[:-1]) | (date[1:] != date[:-1])
    store, date = store[new], date[new]
    rank = np.arange(len(store)) - np.searchsorted(store, store)
    kept = rank < (len(store) if horizon is None else horizon)
    return store[kept], date[kept]


def _matches(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Return the places of all pairs of equal values; `right` is in order."""
    start, end = np.searchsorted(right, left), np.searchsorted(right, left, side="right")
    counts = end - start
    places = np.repeat(np.arange(len(left)), counts)
    within = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
    return places, start[places] + within


def _rows(store: Ints, dept: Ints, date: Dates, *values: Floats) -> Forecast:
    """Return rows in whole cents; rounding keeps low ≤ predicted ≤ high, and -0.0 becomes 0.0."""
    predicted, low, high = (np.round(amounts, 2) + 0.0 for amounts in values)
    return Forecast(store, dept, date, predicted, low, high)
