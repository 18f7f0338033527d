"""How the year moves the sales of a department: by landmarks of the calendar, day by day.

Shapes and heights follow the departments of the public set of 45 stores: toys, electronics, garden, school and so on.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from retailstream.sample.weeks import landmarks


class Bump(NamedTuple):
    """More sales (less, below 0) around a landmark: how many days it rises before and falls after, how high it gets."""

    landmark: str
    rise: int
    fall: int
    height: float


Season = tuple[Bump, ...]

_COMMON = (Bump("super_bowl", 12, 14, 0.06), Bump("easter", 16, 2, 0.14), Bump("autumn", 35, 30, -0.12))
_LULL = (Bump("christmas_eve", 1, 10, -0.2), Bump("new_year", 3, 45, -0.16))

STAPLE: Season = (
    *_COMMON,
    Bump("independence", 50, 20, 0.07),
    Bump("thanksgiving", 7, 1, 0.15),
    Bump("christmas_eve", 10, 1, 0.75),
    *_LULL,
)
FRESH: Season = (
    *_COMMON,
    Bump("independence", 50, 50, 0.1),
    Bump("thanksgiving", 7, 1, 0.35),
    Bump("christmas_eve", 8, 1, 0.75),
    *_LULL,
)
ELECTRONICS: Season = (
    Bump("super_bowl", 21, 5, 0.8),
    Bump("thanksgiving", 2, 3, 12.0),
    Bump("christmas_eve", 24, 1, 3.2),
    *_LULL,
)
TOYS: Season = (
    Bump("thanksgiving", 4, 3, 3.5),
    Bump("christmas_eve", 42, 1, 7.5),
    Bump("new_year", 8, 70, -0.6),
)
GIFTS: Season = (*_COMMON, Bump("thanksgiving", 3, 3, 1.8), Bump("christmas_eve", 22, 1, 3.2), *_LULL)
APPAREL: Season = (
    Bump("easter", 25, 3, 0.3),
    Bump("school", 30, 25, 0.2),
    Bump("thanksgiving", 3, 3, 1.9),
    Bump("christmas_eve", 20, 1, 1.7),
    Bump("new_year", 8, 50, -0.45),
)
GARDEN: Season = (
    Bump("early_summer", 95, 80, 1.9),
    Bump("new_year", 110, 80, -0.9),
)
SCHOOL: Season = (
    Bump("school", 40, 28, 3.2),
    Bump("christmas_eve", 20, 1, 0.5),
    Bump("new_year", 4, 20, 0.4),
)
SWEETS: Season = (
    Bump("valentine", 20, 1, 2.0),
    Bump("easter", 22, 1, 2.6),
    Bump("halloween", 35, 1, 2.4),
    Bump("christmas_eve", 30, 1, 2.6),
    Bump("early_summer", 40, 80, -0.4),
)
FESTIVE: Season = (
    Bump("early_summer", 140, 140, -4.0),
    Bump("halloween", 45, 1, 3.5),
    Bump("thanksgiving", 20, 5, 2.5),
    Bump("christmas_eve", 35, 1, 4.0),
)

BY_RANK = (
    *(FRESH, STAPLE, STAPLE, ELECTRONICS, FRESH, STAPLE, STAPLE, FRESH, STAPLE, STAPLE, FRESH, TOYS, GIFTS),
    *(STAPLE, ELECTRONICS, APPAREL, STAPLE, SWEETS, FRESH, APPAREL, STAPLE, GIFTS, GARDEN, STAPLE, APPAREL, SCHOOL),
    *(STAPLE, APPAREL, FESTIVE, STAPLE, GIFTS, APPAREL, STAPLE, ELECTRONICS, SWEETS, APPAREL, STAPLE),
)
"""The seasons of departments from the largest to the smallest, over and over."""


def season_factors(week: date) -> dict[Season, float]:
    """Return for each season the sales of the week that ends on this Friday, as a multiple of an ordinary week's."""
    return {season: week_factor(season, week) for season in dict.fromkeys(BY_RANK)}


def payday_factor(week: date) -> float:
    """Return how the month moves a week's sales: money comes on the first, and is spent by the last."""
    return (1.035, 1.01, 1.0, 0.965, 0.965)[(week.day - 1) // 7]


def week_factor(season: Season, week: date) -> float:
    """Return the sales of the week that ends on this Friday, as a multiple of an ordinary week's."""
    total = 0.0
    for day in range(week.toordinal() - 6, week.toordinal() + 1):
        total += _intensity(season, day)
    return total / 7.0


def _intensity(season: Season, day: int) -> float:
    year = date.fromordinal(day).year
    intensity = 1.0
    for bump in season:
        for anchor in (landmarks(year)[bump.landmark], landmarks(year + 1)[bump.landmark]):
            intensity += _height(bump, day - anchor)
        intensity += _height(bump, day - landmarks(year - 1)[bump.landmark])
    return max(intensity, 0.01)


def _height(bump: Bump, days: int) -> float:
    distance = days / bump.fall if days >= 0 else -days / bump.rise
    return bump.height * (1.0 - distance) * (1.0 - distance) if distance < 1.0 else 0.0
