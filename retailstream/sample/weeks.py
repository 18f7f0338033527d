"""The Fridays of a retail calendar, and the days its year turns around.

A week is named by its Friday and holds the six days before it. Four weeks a year are flagged as holidays: those with
the Super Bowl, Labor Day, Thanksgiving and Christmas Day.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

FIRST_FRIDAY = date(2010, 2, 5)
SUNDAY, THURSDAY, MONDAY = 6, 3, 0


def friday(index: int) -> date:
    """Return the Friday of a week; the first one has the index 0."""
    return FIRST_FRIDAY + timedelta(weeks=index)


def is_holiday(day: date) -> bool:
    """Whether the week that ends on this Friday is flagged."""
    days = landmarks(day.year)
    flagged = (days["super_bowl"], days["labor_day"], days["thanksgiving"], days["christmas_eve"] + 1)
    # Where Christmas is a Saturday, its week ends in the same year, on the 31st: no week is flagged by another year.
    return any(0 <= day.toordinal() - holiday < 7 for holiday in flagged)


@lru_cache(maxsize=8)
def landmarks(year: int) -> dict[str, int]:
    """Return the ordinals of a year's days that shopping turns around."""
    return {
        "new_year": date(year, 1, 1).toordinal(),
        # A longer season moved the final from the first Sunday of February to the second in 2022.
        "super_bowl": _nth(year, 2, SUNDAY, 1 if year < 2022 else 2),
        "valentine": date(year, 2, 14).toordinal(),
        "easter": easter(year).toordinal(),
        "early_summer": date(year, 6, 5).toordinal(),
        "independence": date(year, 7, 4).toordinal(),
        "school": date(year, 8, 17).toordinal(),
        "labor_day": _nth(year, 9, MONDAY, 1),
        "autumn": date(year, 10, 1).toordinal(),
        "halloween": date(year, 10, 31).toordinal(),
        "thanksgiving": _nth(year, 11, THURSDAY, 4),
        "christmas_eve": date(year, 12, 24).toordinal(),
    }


def easter(year: int) -> date:
    """Return Easter Sunday, by the algorithm of Meeus, Jones and Butcher."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    corrected = century - century // 4 - (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + corrected + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = epact + weekday - 7 * ((golden + 11 * epact + 22 * weekday) // 451) + 114
    return date(year, shift // 31, shift % 31 + 1)


def _nth(year: int, month: int, weekday: int, nth: int) -> int:
    first = date(year, month, 1)
    return first.toordinal() + (weekday - first.weekday()) % 7 + 7 * (nth - 1)
