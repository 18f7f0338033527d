"""Tables to forecast from, made in a line: a chain of steady shops, weeks of features, and garbage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from retailstream.analytics.forecast import Features, Forecast, Sales

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

FRIDAY = np.datetime64("2010-02-05")
Pair = tuple[int, int]


def week(number: int) -> np.datetime64:
    """The Friday that ends a week; week 0 ends on 2010-02-05."""
    return np.datetime64(FRIDAY + 7 * number)


def sales_of(rows: Iterable[tuple[int, int, np.datetime64, float]], holidays: Iterable[np.datetime64] = ()) -> Sales:
    store, dept, date, amount = zip(*rows, strict=True)
    dates = np.array(date, dtype="datetime64[D]")
    flags = np.isin(dates, np.array(list(holidays), dtype="datetime64[D]"))
    return Sales(np.array(store), np.array(dept), dates, np.array(amount, dtype=float), flags)


def weekly(pairs: Mapping[Pair, Callable[[int], float | None]], weeks: int) -> Sales:
    """Sales of pairs, each week's from a function of its number; None where there is no row."""
    return sales_of(
        (store, dept, week(number), amount)
        for (store, dept), sold in pairs.items()
        for number in range(weeks)
        if (amount := sold(number)) is not None
    )


def features_of(stores: Iterable[int], dates: Iterable[np.datetime64], rate: float = 7.0) -> Features:
    pairs = [(store, date) for store in stores for date in dates]
    store, date = (np.array(column) for column in zip(*pairs, strict=True))
    days = date.astype("datetime64[D]")
    return Features(store.astype(np.int64), days, np.zeros(len(pairs), dtype=bool), np.full(len(pairs), rate))


def upto(sales: Sales, date: np.datetime64) -> Sales:
    known = sales.date <= date
    return Sales(**{name: values[known] for name, values in vars(sales).items()})


def with_garbage_after(sales: Sales, features: Features, date: np.datetime64) -> tuple[Sales, Features]:
    """The same tables, with all that is dated later made up, but for the calendar of the features."""
    random = np.random.default_rng(1)
    later, ahead = sales.date > date, features.date > date
    return (
        replace(
            sales,
            weekly_sales=np.where(later, random.normal(0, 1e6, len(later)), sales.weekly_sales),
            is_holiday=np.where(later, random.random(len(later)) < 0.5, sales.is_holiday),
        ),
        replace(features, unemployment=np.where(ahead, random.uniform(0, 90, len(ahead)), features.unemployment)),
    )


def series(found: Forecast, store: int, dept: int) -> NDArray[np.float64]:
    """What is predicted for a pair, in order of the dates."""
    predicted: NDArray[np.float64] = found.predicted[(found.store == store) & (found.dept == dept)]
    return predicted
