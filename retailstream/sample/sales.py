"""The sales of a chain, week by week: a line of text for each department of each shop.

42 million lines are no rarity, so a line costs four products and one formatting, and what is remembered is the chain,
some tables of noise, and one byte for each department of a shop.
"""

from __future__ import annotations

from array import array
from itertools import compress
from typing import TYPE_CHECKING

from retailstream.sample.chances import Draw, bell, choose, exponential, stream
from retailstream.sample.seasons import payday_factor, season_factors
from retailstream.sample.weeks import friday, is_holiday

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from retailstream.sample.chain import Department, Shape, Shop

HEADER = "Store,Dept,Date,Weekly_Sales,IsHoliday"
PATTERNS = 256
RIPPLES = 1 << 13
CHANGES = 0.003
"""How often in a week, for each of its small departments, a shop compares two to swap one for the other."""


class SalesModel:
    """Draws the sales of one week after the other."""

    def __init__(self, shape: Shape, shops: Sequence[Shop], departments: Sequence[Department]) -> None:
        self._shops = shops
        self._departments = departments
        self._draw = stream(shape.seed, "sales")
        self._assortments = [_assortment(shop, departments, self._draw) for shop in shops]
        self._erratic = [place for place, department in enumerate(departments) if department.rank > 0.45]
        self._patterns = [_pattern(departments, self._draw) for _ in range(PATTERNS)]
        self._ripples = _ripples(RIPPLES + shape.depts, 0.03, self._draw)
        self._likings = _ripples(RIPPLES + shape.depts, 0.3, stream(shape.seed, "likings"))

    def week(self, index: int) -> Iterator[list[str]]:
        """Yield the lines of one shop after the other; weeks are to be asked for in their order."""
        day = friday(index)
        texts = [f"{department.number},{day:%d/%m/%Y}," for department in self._departments]
        levels = self._levels(day, index)
        tail = f",{is_holiday(day)}\n"
        for place, shop in enumerate(self._shops):
            self._change_assortment(place)
            head = f"{shop.number},"
            # Amounts are whole cents divided by 100: the shortest text of such a number has at most two decimals.
            yield [
                f"{head}{text}{int(level * liking * noise * ripple) / 100}{tail}"
                for text, level, liking, noise, ripple in self._cells(place, texts, levels)
            ]

    def _cells(
        self, place: int, texts: list[str], levels: list[float]
    ) -> Iterator[tuple[str, float, float, float, float]]:
        count = len(texts)
        shop = self._shops[place]
        factor = 100.0 * shop.factor * exponential(0.02 * bell(self._draw))
        liked = shop.number * 2_654_435_761 % RIPPLES
        rippled = int(self._draw() * RIPPLES)
        noises, present = choose(self._draw, self._patterns)
        cells = zip(
            texts,
            [level * factor for level in levels],
            self._likings[liked : liked + count],
            noises,
            self._ripples[rippled : rippled + count],
            strict=True,
        )
        return compress(cells, (self._assortments[place] & present).to_bytes(count, "little"))

    def _levels(self, day: date, index: int) -> list[float]:
        """Return the dollars of each department in an average shop in this week."""
        seasons = season_factors(day)
        payday = payday_factor(day)
        years = index / 52.0 / (1.0 + index / 2000.0)
        return [
            department.dollars
            * max(1.0 + department.swing * (seasons[department.season] - 1.0), 0.01)
            * _growth(department.trend, years)
            * exponential(0.02 * bell(self._draw))
            * payday
            for department in self._departments
        ]

    def _change_assortment(self, place: int) -> None:
        """Now and then let one department start where another one stops, so that a shop keeps its number of them."""
        for _ in range(int(CHANGES * len(self._erratic) + self._draw())):
            one, other = (8 * choose(self._draw, self._erratic) for _ in range(2))
            present = self._assortments[place]
            if (present >> one ^ present >> other) & 1:
                self._assortments[place] = present ^ (1 << one | 1 << other)


def _growth(trend: float, years: float) -> float:
    """Return the multiple after some years; what shrinks does so ever more slowly, and never to nothing."""
    return 1.0 + trend * years if trend >= 0 else 1.0 / (1.0 - trend * years)


def _assortment(shop: Shop, departments: Sequence[Department], draw: Draw) -> int:
    """Return one byte a department, 1 where the shop has it, as a number: two of them are combined by one `&`."""
    small = 0.75 if shop.type == "C" else 1.0
    present = bytes(
        draw() < department.carried * (small if department.rank > 0.4 else 1.0) for department in departments
    )
    return int.from_bytes(present, "little")


def _pattern(departments: Sequence[Department], draw: Draw) -> tuple[array[float], int]:
    """Return a factor for each department, and which of them sold at all, as in `_assortment`."""
    noises = array("d", (_noise(department, draw) for department in departments))
    present = bytes(draw() < department.presence for department in departments)
    return noises, int.from_bytes(present, "little")


def _noise(department: Department, draw: Draw) -> float:
    """Draw a factor around 1; below 0 where more was returned than sold, and rarely 0."""
    chance = draw()
    if chance < department.returns:
        return -min(1.0, 12.0 / department.dollars) / (0.01 + draw())
    if chance < 1.08 * department.returns:
        return 0.0
    return exponential(department.spread * bell(draw))


def _ripples(count: int, spread: float, draw: Draw) -> array[float]:
    return array("d", (exponential(spread * bell(draw)) for _ in range(count)))
