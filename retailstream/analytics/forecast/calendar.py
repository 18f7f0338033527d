"""Dates as arrays: the same day some years before, the days of December, the weeks around Easter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from retailstream.analytics.forecast.history import Dates, Flags, Floats, Ints

_GOOD_FRIDAY: Final = 2
"""Days before Easter Sunday."""


def day_years_before(dates: Dates, years: int) -> Dates:
    """Return the same day of the month that many years before; the 1st of March for the 29th of February."""
    months = dates.astype("datetime64[M]")
    same_day: Dates = (months - 12 * years).astype("datetime64[D]") + (dates - months)
    return same_day


def is_christmas_time(dates: Dates) -> Flags:
    """Say which weeks end from 12 December on, when the trade of Christmas is in them."""
    months = dates.astype("datetime64[M]")
    late: Flags = (months.astype(np.int64) % 12 == 11) & ((dates - months).astype(np.int64) >= 11)
    return late


def easter_weeks(dates: Dates) -> Floats:
    """Return which weeks are the one before, of and after Good Friday, weeks by 3 of 0 or 1."""
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    marks = np.zeros((len(dates), 3))
    for year in np.unique(years):
        since = (dates - (easter(int(year)) - _GOOD_FRIDAY)).astype(np.int64)
        for place in range(3):
            marks[(since // 7) == place - 1, place] = 1.0
    return marks


def easter(year: int) -> np.datetime64:
    """Return Easter Sunday of a year, by the Gregorian computus of Meeus, Jones and Butcher."""
    golden, century, year_of_century = year % 19, year // 100, year % 100
    leap_shift = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - century // 4 - leap_shift + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year_of_century // 4) - moon - year_of_century % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    months: Ints = np.array([(year - 1970) * 12 + month - 1])
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    return np.datetime64(first[0] + day)
