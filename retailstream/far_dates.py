"""Dates that lie far from all others: a year that was mistyped, more often than not.

See docs/adr/0032-what-is-judged.md for the rules and what they cannot see.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

FEWEST: Final = 4
"""So many dates side by side are a season of their own; fewer are not."""

MOST_OF_FILE: Final = 0.9
"""A file is about the dates that so much of its records have, where any have so much."""


def groups(days: Iterable[date], gap: int) -> list[list[date]]:
    """Return dates in order, as groups with more than `gap` days between two of them."""
    found: list[list[date]] = []
    for day in sorted(days):
        if not found or day - found[-1][-1] > timedelta(days=gap):
            found.append([])
        found[-1].append(day)
    return found


def far_in_table(rows: Mapping[date, int], gap: int) -> set[date]:
    """Return which dates of a table are far: of groups smaller than `FEWEST`, beside one that is not.

    `rows` has the rows of each date.
    """
    parts = groups(rows, gap)
    largest = max(map(len, parts), default=0)
    return {day for part in parts for day in part if len(part) < FEWEST} if largest >= FEWEST else set()


def far_in_file(rows: Mapping[date, int], gap: int) -> set[date]:
    """Return which dates of a file are far: of groups smaller than `FEWEST`, beside one with most of its rows."""
    parts = groups(rows, gap)
    sizes = [sum(rows[day] for day in part) for part in parts]
    if not sizes or max(sizes) < MOST_OF_FILE * sum(sizes):
        return set()
    own = parts[sizes.index(max(sizes))]
    return {day for part in parts if part is not own and len(part) < FEWEST for day in part}
