"""The chain itself: its shops and their departments, drawn once from the seed.

The curves follow the public set of 45 stores and 81 departments: few departments sell most, and the small ones are
erratic, often missing and often negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.sample.chances import Draw, along, bell, between, choose, exponential, shuffled, stream
from retailstream.sample.seasons import BY_RANK

if TYPE_CHECKING:
    from retailstream.sample.seasons import Season

AVERAGE_SHOP = 1_120_000.0
"""Dollars a week that all departments together sell in a shop of factor 1."""

SCALE = (
    *((0.0, 11.25), (0.06, 10.7), (0.125, 10.3), (0.25, 9.8), (0.375, 9.45), (0.5, 8.95)),
    *((0.625, 8.4), (0.75, 7.5), (0.825, 6.3), (0.86, 4.6), (0.93, 3.2), (1.0, 2.0)),
)
"""Logarithm of dollars a week over rank: 0 is the largest department, 1 the smallest."""

SPREAD = ((2.3, 1.1), (4.6, 0.55), (6.9, 0.23), (8.4, 0.13), (9.6, 0.07), (11.5, 0.05))
RETURNS = ((1.0, 0.3), (2.3, 0.15), (4.0, 0.025), (6.0, 0.007), (7.0, 0.0012), (9.0, 0.0006), (11.0, 0.0))
PRESENCE = ((0.0, 1.0), (0.6, 1.0), (0.78, 0.985), (0.84, 0.9), (0.88, 0.6), (0.94, 0.3), (1.0, 0.04))
CARRIED = ((0.0, 1.0), (0.3, 0.999), (0.5, 0.95), (0.8, 0.88), (1.0, 0.8))

TYPES = (("A", 22, 7.6), ("B", 17, 8.2), ("C", 6, 11.5))
"""Type, how many of 45 shops are of it, and dollars a week for each square foot."""


@dataclass(frozen=True)
class Shape:
    """How large a sample is, and its seed."""

    stores: int
    depts: int
    weeks: int
    seed: int


@dataclass(frozen=True)
class Shop:
    """A shop: its size in square feet, and its sales as a multiple of an average shop's."""

    number: int
    type: str
    size: int
    factor: float


@dataclass(frozen=True)
class Department:
    """A department as it is in an average shop.

    `dollars` a week, `swing` the strength of its season, `trend` a year, `spread` the deviation of the logarithm of
    sales, `returns` the share of negative weeks, `presence` the share of weeks with any record, `carried` the share of
    shops that have it.
    """

    number: int
    rank: float
    dollars: float
    season: Season
    swing: float
    trend: float
    spread: float
    returns: float
    presence: float
    carried: float


def shops(shape: Shape) -> list[Shop]:
    """Return the shops by number, with about as many of each type as in the public set."""
    draw = stream(shape.seed, "shops")
    return [_shop(number, place / shape.stores, draw) for number, place in enumerate(shuffled(draw, shape.stores), 1)]


def departments(shape: Shape) -> list[Department]:
    """Return the departments by number; numbers have gaps, up to 99 for 81 departments."""
    draw = stream(shape.seed, "departments")
    last = max(shape.depts - 1, 1)
    return [
        _department(place + 1 + place * 18 // 80, order, order / last, draw)
        for place, order in enumerate(shuffled(draw, shape.depts))
    ]


def _shop(number: int, quantile: float, draw: Draw) -> Shop:
    kind, productivity = _type_at(quantile)
    size = _size(kind, draw)
    dollars = size * productivity * exponential(0.22 * bell(draw))
    return Shop(number, kind, size, dollars / AVERAGE_SHOP)


def _type_at(quantile: float) -> tuple[str, float]:
    passed = 0
    for kind, count, productivity in TYPES[:-1]:
        passed += count
        if quantile * 45.0 < passed - 1e-6:
            return kind, productivity
    kind, _, productivity = TYPES[-1]
    return kind, productivity


def _size(kind: str, draw: Draw) -> int:
    if kind == "C" or (kind == "A" and draw() < 0.1):
        return choose(draw, (39_690, 39_910, 41_062, 42_988))
    if kind == "A":
        return int(between(draw, 150_000, 160_000) if draw() < 0.3 else between(draw, 184_000, 220_000))
    return int(between(draw, 34_000, 72_000) if draw() < 0.25 else between(draw, 93_000, 141_000))


def _department(number: int, order: int, rank: float, draw: Draw) -> Department:
    scale = along(SCALE, rank) + 0.08 * bell(draw)
    return Department(
        number=number,
        rank=rank,
        dollars=exponential(scale),
        season=BY_RANK[order % len(BY_RANK)],
        swing=between(draw, 0.75, 1.25),
        trend=0.004 + 0.02 * bell(draw),
        spread=along(SPREAD, scale),
        returns=along(RETURNS, scale),
        presence=along(PRESENCE, rank),
        carried=along(CARRIED, rank),
    )
