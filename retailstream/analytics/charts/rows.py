"""Rows of an answer as charts take them, and the orders that charts put things in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retailstream.analytics.use_case import Answer

Row = Mapping[str, Any]
"""A row by column: numbers, texts, None; dates as YYYY-MM-DD."""


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """Return the rows of an answer by column, as JSON has them."""
    return [{column: _plain(value) for column, value in zip(answer.columns, row, strict=True)} for row in answer.rows]


def ordered(rows: Sequence[Row], name: str, *, by: str, descending: bool = False) -> list[Any]:
    """Return each value of one column once, in the order of another; where that is unknown, at the end."""
    known = [row for row in rows if row[by] is not None]
    unknown = [row for row in rows if row[by] is None]
    return list(dict.fromkeys(row[name] for row in (*sorted(known, key=lambda r: r[by], reverse=descending), *unknown)))


def most_often(rows: Sequence[Row], name: str) -> list[Any]:
    """Return each value of a column once, the most frequent first."""
    return [value for value, _count in Counter(row[name] for row in rows).most_common()]


def total_by(rows: Sequence[Row], name: str, figure: str) -> list[Row]:
    """Return a row for each value of a column with the sum of a figure."""
    sums: defaultdict[Any, float] = defaultdict(float)
    for row in rows:
        sums[row[name]] += row[figure] or 0
    return [{name: value, figure: total} for value, total in sums.items()]


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
