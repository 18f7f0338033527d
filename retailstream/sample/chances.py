"""Draws and curves that give the same numbers on every machine and in every Python.

Only `random()` of a seeded generator is promised to stay the same, `exp` and `sin` differ between C libraries in their
last bit, and `sum` adds floats differently since Python 3.12. So everything here is made of single, exactly rounded
operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

Draw = Callable[[], float]
"""Gives the next number of a stream, at least 0 and less than 1."""

Item = TypeVar("Item")


def stream(seed: int, *names: object) -> Draw:
    """Return the draws of a named stream; what one stream gives does not depend on how far another one is read."""
    return Random("/".join(str(part) for part in (seed, *names))).random  # noqa: S311 -- a sample is no secret


def between(draw: Draw, low: float, high: float) -> float:
    """Draw evenly between two bounds."""
    return low + (high - low) * draw()


def bell(draw: Draw) -> float:
    """Draw about normally, with mean 0 and deviation 1, never beyond 3.5: four even draws added up."""
    return (draw() + draw() + draw() + draw() - 2.0) * 1.7320508


def choose(draw: Draw, items: Sequence[Item]) -> Item:
    """Draw one of the items."""
    return items[int(draw() * len(items))]


def shuffled(draw: Draw, count: int) -> list[int]:
    """Return 0 … count - 1 in drawn order."""
    return sorted(range(count), key=lambda _: draw())


def exponential(power: float) -> float:
    """Return e to a power within about ±12, to two places: (1 + power / 1024)^1024, by squaring."""
    result = 1.0 + power / 1024.0
    for _ in range(10):
        result *= result
    return result


def wave(turns: float) -> float:
    """Return the sine of an angle in whole turns, to three places, by Bhaskara's formula."""
    degrees = (turns % 0.5) * 360.0
    rise = degrees * (180.0 - degrees)
    height = 4.0 * rise / (40500.0 - rise)
    return height if turns % 1.0 < 0.5 else -height


def along(points: Sequence[tuple[float, float]], x: float) -> float:
    """Return the height at x of the line through the points, which are given from left to right; flat beyond them."""
    left, low = points[0]
    for right, high in points:
        if x <= right:
            return high if right == left else low + (high - low) * (max(x, left) - left) / (right - left)
        left, low = right, high
    return low
