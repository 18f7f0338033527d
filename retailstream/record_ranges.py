"""Numbers of records as text: `3-5,9` are four of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_RANGES: Final = re.compile(r"[1-9]\d*(-[1-9]\d*)?(,[1-9]\d*(-[1-9]\d*)?)*")


class Ranges:
    """Numbers that come one after another, each greater than the one before, and how many ranges they make."""

    def __init__(self) -> None:
        self._spans: list[list[int]] = []

    def __len__(self) -> int:
        return len(self._spans)

    def add(self, number: int) -> None:
        """Take in the next number."""
        if self._spans and number == self._spans[-1][1] + 1:
            self._spans[-1][1] = number
        else:
            self._spans.append([number, number])

    @property
    def text(self) -> str:
        """The numbers as text."""
        return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in self._spans)


def are_ranges(text: str) -> bool:
    """Say whether a text is one of numbers."""
    return bool(_RANGES.fullmatch(text))


def numbers(text: str) -> Iterator[int]:
    """Yield the numbers of a text."""
    for first, last in _spans(text):
        yield from range(first, last + 1)


def count(text: str) -> int:
    """Return how many numbers a text is of."""
    return sum(last + 1 - first for first, last in _spans(text))


def holds(text: str, number: int) -> bool:
    """Say whether a text is of that number, too."""
    return any(first <= number <= last for first, last in _spans(text))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for span in text.split(",") if text else ():
        first, _, last = span.partition("-")
        yield int(first), int(last or first)
