"""What proves that two stores hold the same table: its count, exact sums, ranges and a digest of its keys.

The digest does not depend on order, so every store computes it by one aggregate query over whole numbers: the sum of a
hash of each key and the sum of that hash squared, both modulo a prime. It tells any lost, doubled or altered key with
near certainty, at a fraction of the cost of moving all keys to one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.contracts import Column, Contract, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PRIME: Final = 2_147_483_647
_FACTORS: Final = (31, 1_000_003, 7_919)
_SUMMED: Final = (Type.INTEGER, Type.MONEY, Type.BOOLEAN, Type.LETTER)


@dataclass(frozen=True)
class Fingerprint:
    """What a table holds, comparable between stores; sums and ranges are whole numbers, money in cents."""

    rows: int
    sums: tuple[tuple[str, int], ...]
    keys: tuple[int, int]
    letters: tuple[tuple[str, int], ...] = ()
    ranges: tuple[tuple[str, int | None, int | None], ...] = ()

    def difference(self, other: Fingerprint) -> str | None:
        """Say in words what differs first, or None where both hold the same."""
        if self.rows != other.rows:
            return f"{self.rows:,} rows against {other.rows:,}"
        for (name, mine), (_name, theirs) in zip(self.sums, other.sums, strict=True):
            if mine != theirs:
                return f"a sum of {name} of {mine:,} against {theirs:,}"
        for my, their in zip(self.ranges, other.ranges, strict=True):
            if my != their:
                return f"a range of {my[0]} of {my[1]} to {my[2]} against {their[1]} to {their[2]}"
        if self.keys != other.keys:
            return "other keys"
        changed = [name for name, digest in self.letters if digest != dict(other.letters)[name]]
        return f"another {changed[0]} at some key" if changed else None


def fingerprint_sql(contract: Contract, source: str, *, whole: Callable[[Column], str], day: str) -> str:
    """Return the query whose one row `fingerprint_of` reads.

    `whole` turns a column into a whole number (a letter into its ASCII code), `day` the date into its days since
    1970-01-01; both in the store's SQL.
    """
    parts = [
        f"{day if contract.column(name).type is Type.DATE else whole(contract.column(name))} * {factor}"
        for name, factor in zip(contract.key, _FACTORS, strict=False)
    ]
    # Only what is summed up leaves the inner query: SQLite hands each column over row by row.
    numbers = "".join(f", {whole(column)} as {_number(column)}" for column in summed(contract))
    sums = "".join(f", coalesce(sum({_term(column)}), 0)" for column in summed(contract))
    ranges = "".join(f", min({_number(column)}), max({_number(column)})" for column in _ranged(contract))
    return (
        f"select count(*), coalesce(sum(k), 0), coalesce(sum(k * k % {PRIME}), 0){sums}{ranges}"
        f" from (select ({' + '.join(parts)}) % {PRIME} as k{numbers} from {source}) as keyed"
    )


def fingerprint_of(contract: Contract, row: Sequence[object]) -> Fingerprint:
    """Read the row that `fingerprint_sql` asks for."""
    count, keys, squares, *figures = (None if figure is None else int(str(figure)) for figure in row)
    found = [(column, figure or 0) for column, figure in zip(summed(contract), figures, strict=False)]
    sums = tuple((column.name, figure) for column, figure in found if column.type is not Type.LETTER)
    letters = tuple((column.name, figure) for column, figure in found if column.type is Type.LETTER)
    bounds = figures[len(found) :]
    ranges = tuple(zip((column.name for column in _ranged(contract)), bounds[::2], bounds[1::2], strict=True))
    return Fingerprint(count or 0, sums, (keys or 0, squares or 0), letters, ranges)


def _number(column: Column) -> str:
    return f"{column.name}_number"


def _term(column: Column) -> str:
    """Return what is summed of a column; letters by their key, as two stores that swap theirs have the same sum."""
    return f"{_number(column)} * k % {PRIME}" if column.type is Type.LETTER else _number(column)


def summed(contract: Contract) -> list[Column]:
    """Return the columns whose sums a fingerprint has, in their order."""
    return [column for column in contract.columns if column.type in _SUMMED and column.name not in contract.key]


def _ranged(contract: Contract) -> list[Column]:
    """Return the columns whose ranges a fingerprint has; a letter is as well told by its digest."""
    return [column for column in summed(contract) if column.type in {Type.INTEGER, Type.MONEY}]
