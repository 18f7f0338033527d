"""What surrounds the sales: weather, fuel, promotions, prices and jobs, for each shop and week.

Features are known for some weeks after the last sales; promotions begin after two thirds of the weeks, and prices and
jobs are not yet known for the last ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.sample.chances import Draw, bell, between, choose, exponential, stream, wave
from retailstream.sample.seasons import Bump, Season, week_factor
from retailstream.sample.weeks import friday, is_holiday

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.sample.chain import Shape, Shop

HEADER = (
    "Store,Date,Temperature,Fuel_Price,MarkDown1,MarkDown2,MarkDown3,MarkDown4,MarkDown5,CPI,Unemployment,IsHoliday"
)
REGIONS = 10


@dataclass(frozen=True)
class Markdown:
    """A kind of promotion: dollars in an ordinary week, its season, how often it is missing, how much it varies."""

    dollars: float
    season: Season
    missing: float
    spread: float


MARKDOWNS = (
    Markdown(4500, (Bump("super_bowl", 14, 25, 4.0), Bump("labor_day", 35, 14, 1.0)), 0.015, 0.7),
    Markdown(150, (Bump("new_year", 7, 24, 230.0), Bump("super_bowl", 10, 20, 25.0)), 0.28, 1.0),
    Markdown(60, (Bump("thanksgiving", 3, 6, 2000.0), Bump("christmas_eve", 24, 1, 10.0)), 0.11, 1.0),
    Markdown(1500, (Bump("super_bowl", 13, 25, 9.0), Bump("independence", 14, 10, 2.0)), 0.15, 1.0),
    Markdown(2700, (Bump("thanksgiving", 14, 10, 2.5),), 0.003, 0.7),
)


@dataclass(frozen=True)
class Region:
    """Where shops share weather, fuel and prices: fuel by week in thousandths of a dollar, warmth off the season."""

    warmth: float
    swing: float
    fuel: list[int]
    weather: list[float]
    prices: float


@dataclass(frozen=True)
class Span:
    """The weeks of the features: all of them, where promotions begin, and where prices and jobs end."""

    weeks: int
    promoted_from: int
    known_until: int


def span_of(weeks: int) -> Span:
    """Return the span for so many weeks of sales: 143 → 182 weeks, promotions from week 92, prices known for 169."""
    ahead = min(39, -(-weeks * 39 // 143))
    return Span(weeks + ahead, weeks * 92 // 143, weeks + ahead - -(-ahead // 3))


class FeatureModel:
    """Draws the features of one shop after the other."""

    def __init__(self, shape: Shape) -> None:
        self.span = span_of(shape.weeks)
        self._seed = shape.seed
        self._regions = regions(shape.seed, self.span.weeks)
        self._promotions = [_promotions(index) for index in range(self.span.promoted_from, self.span.weeks)]

    def shop(self, shop: Shop) -> Iterator[str]:
        """Yield the lines of a shop, week by week."""
        draw = stream(self._seed, "features", shop.number)
        region = choose(draw, self._regions)
        warmth, jobless, prices = (
            region.warmth + 2.0 * bell(draw),
            between(draw, 5.5, 10.5),
            between(draw, 0.995, 1.005),
        )
        for index in range(self.span.weeks):
            day = friday(index)
            if index % 13 == 8:
                jobless = min(max(jobless - 0.12 + 0.2 * bell(draw), 3.6), 14.3)
            season = wave((day.timetuple().tm_yday - 113) / 365.25)
            degrees = warmth + region.swing * season + region.weather[index] + bell(draw)
            known = index < self.span.known_until
            economy = f"{_cpi(region.prices * prices, index)},{int(jobless * 1000) / 1000}" if known else ","
            yield (
                f"{shop.number},{day:%d/%m/%Y},{int(degrees * 100) / 100},{region.fuel[index] / 1000},"
                f"{self._markdowns(index, shop, draw)},{economy},{is_holiday(day)}\n"
            )

    def _markdowns(self, index: int, shop: Shop, draw: Draw) -> str:
        if index < self.span.promoted_from:
            return ",,,,"
        promotions = self._promotions[index - self.span.promoted_from]
        return ",".join(
            _markdown(kind, factor * shop.size / 130_000, draw)
            for kind, factor in zip(MARKDOWNS, promotions, strict=True)
        )


def regions(seed: int, weeks: int) -> list[Region]:
    """Return the regions: one walk of the fuel price for all, and an offset of their own around it."""
    common = _fuel(stream(seed, "fuel"), weeks)
    return [_region(stream(seed, "region", number), common) for number in range(REGIONS)]


def _fuel(draw: Draw, weeks: int) -> list[float]:
    """Return a walk that rises from 2.6 dollars towards 3.5 and stays around it."""
    price, prices = 2.6, []
    for _ in range(weeks):
        price = min(max(price + 0.012 * (3.5 - price) + 0.06 * bell(draw), 2.3), 4.4)
        prices.append(price)
    return prices


def _region(draw: Draw, common: Sequence[float]) -> Region:
    base, drift, mood = between(draw, -0.03, 0.4), 0.0, 0.0
    fuel, weather = [], []
    for price in common:
        drift = 0.9 * drift + 0.02 * bell(draw)
        mood = 0.5 * mood + 4.0 * bell(draw)
        fuel.append(int((price + base + drift) * 1000))
        weather.append(mood)
    prices = choose(draw, (126.4, 131.6, 135.5, 182.0, 189.5, 203.9, 210.5, 213.9))
    return Region(between(draw, 45, 70), between(draw, 16, 27), fuel, weather, prices)


def _cpi(base: float, index: int) -> float:
    """Return a consumer price index that grows by about two per cent a year, with a small wave in it."""
    return int(base * (1.0 + 0.0195 * index / 52.0 + 0.002 * wave(index / 61.0)) * 10_000_000) / 10_000_000


def _promotions(index: int) -> list[float]:
    return [week_factor(kind.season, friday(index)) for kind in MARKDOWNS]


def _markdown(kind: Markdown, factor: float, draw: Draw) -> str:
    if draw() < kind.missing:
        return ""
    dollars = kind.dollars * factor * exponential(kind.spread * bell(draw))
    return str(int(dollars * (-1.0 if draw() < 0.001 else 100.0)) / 100)
