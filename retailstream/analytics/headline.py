"""One sentence that answers a question in words, filled from the rows of its answer.

A template holds placeholders, `{column}` or `{column:format}`, and optional parts in square brackets, left out where
one of their values is null. Beside the columns it knows the parameters and `tied`, how many rows share the first
place (null where none does). `FORMATS` and `COUNTS` say what the formats print:

    Store {store}[ (type {type})] sells most: {total:money}   →   Store 20 sells most: $2,249,035.08
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from decimal import Decimal

Row = Mapping[str, object]

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_OPTIONAL: Final = re.compile(r"\[([^\]]*)\]")
_PLACEHOLDER: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")


def _money(value: Decimal) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,}"


def _change(value: float) -> str:
    return "unchanged" if value == 0 else f"{'up' if value > 0 else 'down'} {abs(value):,.2f} %"


def _above(value: float) -> str:
    return "level with" if value == 0 else f"{abs(value):,.2f} % {'above' if value > 0 else 'below'}"


# A format belongs to a column whose type its author knows; `Any` ends in the text it prints.
FORMATS: Final[Mapping[str, Callable[[Any], str]]] = {
    "text": str,
    "lower": lambda value: str(value).lower(),
    "month": lambda value: MONTHS[value - 1],  # 4 → April
    "weeks": lambda value: "1 week" if value == 1 else f"{value:,} weeks",
    "money": _money,  # all digits it has: $2,249,035.08, $3.547
    "visits": lambda value: f"{value:,}",
    "percent": lambda value: f"{value:,.2f} %",
    "signed": lambda value: f"{value:+,.2f}",
    "change": _change,  # up 5.95 %, unchanged
    "above": _above,  # 7.25 % above, level with
}
"""How one value that is not null is printed."""

COUNTS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "known": lambda value: value is not None,
    "positives": lambda value: value is not None and value > 0,
}
"""Formats that count the answer's rows by their column instead of printing a value."""

STEPS: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "highest": max,
    "lowest": min,
    "first": lambda values: values[0],
}
"""What a step keeps: the rows that have this one of a column's values."""

_NEWEST: Final = ("date", "year", "month")


@dataclass(frozen=True)
class Headline:
    """A template, and the steps that pick its row, taken in turn: `(("highest", "year"), ("lowest", "rank"))`."""

    template: str
    steps: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        forms = {match[2] for match in _PLACEHOLDER.finditer(self.template) if match[2]}
        unknown = {step for step, _ in self.steps} - STEPS.keys() | forms - FORMATS.keys() - COUNTS.keys()
        if unknown:
            raise ValueError(f"a headline has unknown words: {', '.join(sorted(unknown))}")

    def sentence(self, rows: Sequence[Row], parameters: Row) -> str | None:
        """Return the sentence; None where no row has what it needs."""
        best = list(rows)
        for step, column in self.steps:
            best = _best(best, step, column)
        if rows and not best:
            return None
        tied = None if len(best) < 2 else f"{len(best) - 1:,} other{'s' if len(best) > 2 else ''}"
        values = {**parameters, **(best[0] if best else {}), "tied": tied}
        sentence = ""
        for place, part in enumerate(_OPTIONAL.split(self.template)):
            filled = _fill(part, values, rows)
            optional = place % 2 == 1
            if filled is None and not optional:
                return None
            sentence += filled or ""
        return sentence

    def order(self, rows: Sequence[Row]) -> list[int]:
        """Return the places of all rows: that of the sentence's first, and the others as its steps would pick them."""
        places = list(range(len(rows)))
        for step, column in reversed(self.steps):
            values: list[Any] = [row[column] for row in rows]
            if step == "first":
                met = {value: place for place, value in enumerate(dict.fromkeys(values))}
                values = [None if value is None else met[value] for value in values]
            known = [place for place in places if values[place] is not None]
            known.sort(key=values.__getitem__, reverse=step == "highest")
            places = known + [place for place in places if values[place] is None]
        return places

    @property
    def begins_with(self) -> str | None:
        """What the first row has, in words: `the newest date`; None where no column is asked for its best."""
        for step, column in self.steps:
            if step != "first":
                word = "newest" if step == "highest" and column in _NEWEST else step
                return f"the {word} {column.removesuffix('_pct').replace('_', ' ')}"
        return None


def _best(rows: list[Row], step: str, column: str) -> list[Row]:
    """Return the rows that share the best value of the column; nulls are never best."""
    known: list[Any] = [row[column] for row in rows if row[column] is not None]
    if not known:
        return []
    best = STEPS[step](known)
    return [row for row in rows if row[column] == best]


def _fill(part: str, values: Row, rows: Sequence[Row]) -> str | None:
    """Return the part with its values in place; None where one of them is null."""
    filled: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(part):
        column, form = match[1], match[2] or "text"
        if form in COUNTS:
            text = f"{sum(COUNTS[form](row[column]) for row in rows):,}"
        elif values[column] is None:
            return None
        else:
            text = FORMATS[form](values[column])
        filled += [part[end : match.start()], text]
        end = match.end()
    return "".join([*filled, part[end:]])
