"""What proves that a table of any shape arrived whole: count, sum and range of each column, and a digest of all rows.

The digest does not depend on the order of rows: it is the sum of 60 bits of the MD5 of every row's line (see
`relations`), key included. Numbers of floating point are written differently everywhere, so they take no part in lines,
but have a sum of their own: what a prime leaves of them, in steps of 2^-20, which is the same in every engine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol

from retailstream.relations import APPROXIMATE, DAYS, EXACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.relations import Field, Relation

PRIME: Final = 2_147_483_647
STEPS: Final = 1_048_576
"""Floating point is digested in steps of 1 / STEPS."""

DIGITS: Final = 15
"""How many hexadecimal digits of an MD5 are added up as a whole number: as many as fit one of 64 bits with a sign."""

_WORDS: Final = {
    "present": "a number of values of {}",
    "least": "a smallest {}",
    "most": "a largest {}",
    "total": "a sum of {}",
}


class Dialect(Protocol):
    """How the SQL of a database or an engine says what a proof consists of."""

    def line(self, columns: Sequence[Field]) -> str:
        """Return columns as a line of text; none as an empty one."""
        ...

    def value(self, column: Field) -> str:
        """Return what is compared of a column: a day as its text, text and bytes as their number of bytes."""
        ...

    def total(self, column: Field) -> str:
        """Return the exact sum of a column; where it may be too large, `high|low`, low being its last 18 digits."""
        ...

    def rest(self, column: Field) -> str:
        """Return the whole steps that the prime leaves of a number of floating point, with its sign."""
        ...

    def number(self, digits: str) -> str:
        """Return a text of `DIGITS` hexadecimal digits as a whole number."""
        ...


@dataclass(frozen=True)
class Figures:
    """What one column holds: values that are not null, the smallest and the largest, and a sum, in its last places."""

    name: str
    present: int
    least: object = None
    most: object = None
    total: int | None = None

    def difference(self, other: Figures) -> str | None:
        """Say in words what differs first, or None."""
        for what, words in _WORDS.items():
            mine, theirs = getattr(self, what), getattr(other, what)
            if mine != theirs:
                return f"{words.format(self.name)} of {mine} against {theirs}"
        return None


@dataclass(frozen=True)
class Proof:
    """What rows hold, comparable between a database and files."""

    rows: int
    columns: tuple[Figures, ...]
    lines: int
    no_days: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    """Columns of a database with dates that no calendar has, such as 0000-00-00, and how many; they become null."""

    def difference(self, other: Proof) -> str | None:
        """Say in words what differs first, or None where both hold the same."""
        if self.rows != other.rows:
            return f"{self.rows:,} rows against {other.rows:,}"
        for mine, theirs in zip(self.columns, other.columns, strict=True):
            if found := mine.difference(theirs):
                return found
        return "another value in some row" if self.lines != other.lines else None

    @property
    def digest(self) -> str:
        """The same rows have the same digest."""
        figures = [(f.name, f.present, str(f.least), str(f.most), f.total) for f in self.columns]
        return hashlib.sha256(repr((self.rows, figures, self.lines)).encode()).hexdigest()


def proof_sql(relation: Relation, dialect: Dialect, source: str, more: Sequence[str] = ()) -> str:
    """Return the query whose row `proof_of` reads, with `more` figures at its end; `source` is what follows `from`."""
    line = dialect.line([column for column in relation.columns if column.kind not in APPROXIMATE])
    figures = [figure for column in relation.columns for figure in _figures(column, dialect)]
    lines = f"coalesce(sum({dialect.number(f'left(md5({line}), {DIGITS})')}), 0)"
    return f"select {', '.join(['count(*)', *figures, lines, *more])} from {source}"


def proof_of(relation: Relation, row: Sequence[object]) -> Proof:
    """Read the row that `proof_sql` asks for, as far as it is the proof's."""
    given = iter(row)
    rows = int(str(next(given)))
    columns = tuple(_read(column, given) for column in relation.columns)
    return Proof(rows, columns, int(str(next(given))))


def _figures(column: Field, dialect: Dialect) -> Iterator[str]:
    value = dialect.value(column)
    yield f"count({value})"
    if column.kind in EXACT | APPROXIMATE | DAYS:
        yield f"min({value})"
        yield f"max({value})"
    if column.kind in EXACT:
        yield dialect.total(column)
    elif column.kind in APPROXIMATE:
        yield f"sum({dialect.rest(column)})"
    elif column.kind not in DAYS:
        yield f"sum({value})"


def _read(column: Field, given: Iterator[object]) -> Figures:
    present = int(str(next(given)))
    ranged = column.kind in EXACT | APPROXIMATE | DAYS
    least, most = (_plain(next(given)) if ranged else None for _ in range(2))
    total = None if column.kind in DAYS else whole(next(given), column.places)
    return Figures(column.name, present, least, most, total)


def _plain(value: object) -> object:
    """Return a number as every driver's number of its worth; text as it is."""
    return Decimal(value) if isinstance(value, int) else value


def whole(value: object, places: int) -> int | None:
    """`Decimal("-1.50")` in 2 places, `"-1|50"` being high and low digits alike → -150, and so on; None of nothing.

    Decimals of Python keep 28 digits where nobody tells them to keep more, so they are not reckoned with.
    """
    if value is None:
        return None
    if isinstance(value, str) and "|" in value:
        high, low = value.split("|")
        return int(high) * 10**18 + int(low)
    sign, digits, exponent = Decimal(str(value)).as_tuple()
    shift = int(exponent) + places
    text = "".join(map(str, digits))
    number = int(f"{text}{'0' * shift}" if shift >= 0 else text[:shift] or "0")
    return -number if sign else number
