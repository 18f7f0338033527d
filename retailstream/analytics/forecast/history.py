"""Sales as the model reads them: a matrix of weeks by series, a series being a pair of store and department.

A week is the seven days up to the weekday of the chain's last sale, so that files dated by any weekday line up. Where
a pair has several dates in one week, the week counts their mean: a date stays what it is everywhere else, one week's
sale. What was sold more than `MEMORY` weeks before the last sale is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Dates = NDArray[np.datetime64]

MEMORY: Final = 261
"""Five years: the model looks two years back, and a slip of the pen in one year must not cost a gigabyte."""

AHEAD: Final = 52
"""The weeks that are modelled; a week further away is taken for the same week of that first year."""

_STORES: Final = 10**9
"""More than any store's number, so that one number says department and store."""


@dataclass(frozen=True)
class Sales:
    """Rows of sales, one a store, department and date, in any order."""

    store: Ints
    dept: Ints
    date: Dates
    weekly_sales: Floats
    is_holiday: Flags


@dataclass(frozen=True)
class Features:
    """Rows of features, one a store and date, in any order; an unknown rate is NaN."""

    store: Ints
    date: Dates
    is_holiday: Flags
    unemployment: Floats


class Groups:
    """Series put together by a number that they share, such as their department."""

    def __init__(self, numbers: Ints) -> None:
        self.numbers = np.unique(numbers, return_inverse=True)[1]
        self._order = np.argsort(self.numbers, kind="stable")
        self._starts = np.flatnonzero(np.diff(self.numbers[self._order], prepend=-1))
        self.members = np.split(self._order, self._starts[1:])

    def sums(self, values: Floats | Flags) -> Floats:
        """Return a sum for each group, … by series → … by groups."""
        return np.add.reduceat(values[..., self._order].astype(float), self._starts, axis=-1)

    def spread(self, values: Floats) -> Floats:
        """Return for each series its group's value, … by groups → … by series."""
        return values[..., self.numbers]


@dataclass(frozen=True)
class History:
    """What was sold up to a cut, and the calendar beyond it."""

    sales: Floats
    """Weeks by series, NaN where there is no row."""
    store: Ints
    dept: Ints
    dates: Dates
    """The last day of each week, and of `AHEAD` more."""
    calendar: Flags
    """Whether the features, which are known ahead, flag each of those weeks as a holiday."""
    flagged: Flags
    """Whether a sale flags its week as a holiday, for each week of sales."""

    @property
    def holidays(self) -> Flags:
        """Whether each week, of sales and to come, has a holiday."""
        return self.calendar | np.pad(self.flagged, (0, AHEAD))

    @property
    def weeks(self) -> int:
        """How many weeks of sales there are."""
        return len(self.sales)

    @property
    def seen(self) -> Flags:
        """Which series have a row."""
        seen: Flags = np.isfinite(self.sales).max(axis=0)
        return seen

    @property
    def last(self) -> np.datetime64:
        """The last day of the last week of sales."""
        return np.datetime64(self.dates[self.weeks - 1])

    def until(self, weeks: int) -> History:
        """Return what was known after so many weeks; of the rest only the calendar is left."""
        known = slice(weeks + AHEAD)
        return replace(
            self,
            sales=self.sales[:weeks],
            dates=self.dates[known],
            calendar=self.calendar[known],
            flagged=self.flagged[:weeks],
        )

    def of(self, series: Flags) -> History:
        """Return the history of some series."""
        return replace(self, sales=self.sales[:, series], store=self.store[series], dept=self.dept[series])


def history_of(sales: Sales, features: Features) -> History:
    """Return the weeks that end with the last sale, for every pair that has ever sold; there must be a sale."""
    last = sales.date.max()
    weeks = min(1 - int(week_of(sales.date.min(), last)), MEMORY)
    pairs, series = np.unique(sales.dept * _STORES + sales.store, return_inverse=True)
    row = week_of(sales.date, last) + weeks - 1
    recent = row >= 0
    cells = row[recent] * len(pairs) + series[recent]
    size = weeks * len(pairs)
    counts = np.bincount(cells, minlength=size)
    sums = np.bincount(cells, weights=sales.weekly_sales[recent], minlength=size)
    matrix = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).reshape(weeks, -1)
    calendar = _marked(features.date[features.is_holiday], last, weeks, weeks + AHEAD)
    flagged = _marked(sales.date[sales.is_holiday], last, weeks, weeks)
    ends = last + 7 * (np.arange(weeks + AHEAD) - weeks + 1)
    return History(matrix, pairs % _STORES, pairs // _STORES, ends, calendar, flagged)


def week_of(dates: Dates, last: Dates | np.datetime64) -> Ints:
    """Return the week of each date, where 0 is the one that ends on the day `last`, 1 the next."""
    return -((last - dates).astype(np.int64) // 7)


def _marked(dates: Dates, last: np.datetime64, weeks: int, size: int) -> Flags:
    """Return which weeks, counted from the first week of sales, hold one of the dates."""
    marks = np.zeros(size, dtype=bool)
    row = week_of(dates, last) + weeks - 1
    marks[row[(row >= 0) & (row < size)]] = True
    return marks
