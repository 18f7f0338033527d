"""What proves that two stores hold the same table: its count, exact sums, ranges, and digests of its keys and its rows.

No digest depends on order, so every store computes them by one aggregate query over whole numbers. Of the keys it is
the sum of a hash of each; of the rows the sums of the first three powers of a hash of each, key and values, modulo a
prime. Sums of n powers tell any n numbers from any others: a change of up to three rows, such as a dollar that moves
from one key to another, is told as surely as their hashes differ, and one of more rows nearly so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.contracts import Column, Contract, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PRIME: Final = 2_147_483_647
_FACTORS: Final = (31, 1_000_003, 7_919)
_SUMMED: Final = (Type.INTEGER, Type.MONEY, Type.BOOLEAN)
_DIGESTED: Final = (*_SUMMED, Type.LETTER, Type.NUMBER)

_ROOT: Final = 48_271
"""A primitive root of the prime: its powers are factors that look like chance, each column's another."""

_FACTOR_BITS: Final = 26
"""Twice the prime by a factor is below 2^58: sixteen columns and the square of a key's hash add up in 63 bits."""

_NULL: Final = PRIME // 2
"""What stands for null in a digest: no whole number of a contract, and an amount that its sum would tell from null."""


@dataclass(frozen=True)
class Fingerprint:
    """What a table holds, comparable between stores; sums and ranges are whole numbers, money in cents."""

    rows: int
    sums: tuple[tuple[str, int], ...]
    keys: int
    ranges: tuple[tuple[str, int | None, int | None], ...] = ()
    values: tuple[int, int, int] = (0, 0, 0)

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
        return "other values at some keys" if self.values != other.values else None


def fingerprint_sql(
    contract: Contract, source: str, *, whole: Callable[[Column], str], day: str, once: str = ""
) -> str:
    """Return the query whose one row `fingerprint_of` reads.

    `whole` turns a column into a whole number (a letter into its ASCII code), `day` the date into its days since
    1970-01-01; both in the store's SQL. `once` is a clause that keeps the store from working out what a subquery says
    anew at each place that mentions it.
    """
    parts = [
        f"{day if contract.column(name).type is Type.DATE else whole(contract.column(name))} * {factor}"
        for name, factor in zip(contract.key, _FACTORS, strict=False)
    ]
    # Only what is summed up leaves the inner query: SQLite hands each column over row by row.
    numbers = "".join(f", {whole(column)} as {_number(column)}" for column in summed(contract))
    sums = "".join(f", coalesce(sum({_number(column)}), 0)" for column in summed(contract))
    ranges = "".join(f", min({_number(column)}), max({_number(column)})" for column in _ranged(contract))
    names = "".join(f", {_number(column)}" for column in summed(contract))
    hashed = (
        f"select ({' + '.join(parts)}) % {PRIME} as k, {_values(contract, whole)} as v{numbers} from {source} {once}"
    )
    # The hash of a key is squared: those of weeks one after the other are evenly spaced, so changes could cancel out.
    rows = f"select k, (k * k + v) % {PRIME} as r{names} from ({hashed}) as keyed {once}"
    powers = f"coalesce(sum(r), 0), coalesce(sum(r * r % {PRIME}), 0), coalesce(sum(r * r % {PRIME} * r % {PRIME}), 0)"
    return f"select count(*), coalesce(sum(k), 0), {powers}{sums}{ranges} from ({rows}) as digested"


def fingerprint_of(contract: Contract, row: Sequence[object]) -> Fingerprint:
    """Read the row that `fingerprint_sql` asks for."""
    count, *figures = (None if figure is None else int(str(figure)) for figure in row)
    keys, first, second, third = (figure or 0 for figure in figures[:4])
    columns, ranged = summed(contract), _ranged(contract)
    sums = tuple((column.name, figure or 0) for column, figure in zip(columns, figures[4:], strict=False))
    bounds = figures[4 + len(columns) :]
    ranges = tuple(zip((column.name for column in ranged), bounds[::2], bounds[1::2], strict=True))
    return Fingerprint(count or 0, sums, keys, ranges, (first, second, third))


def _number(column: Column) -> str:
    return f"{column.name}_number"


def _values(contract: Contract, whole: Callable[[Column], str]) -> str:
    """Return the expression for a hash of a row's values; what is left of a negative number is negative."""
    terms = []
    for place, column in enumerate(contract.columns, start=1):
        if column.type in _DIGESTED and column.name not in contract.key:
            factor = pow(_ROOT, place, PRIME) % 2**_FACTOR_BITS
            term = f"({whole(column)} % {PRIME} + {PRIME}) * {factor}"
            terms.append(term if column.required else f"coalesce({term}, {_NULL * factor})")
    return " + ".join(terms)


def summed(contract: Contract) -> list[Column]:
    """Return the columns whose sums a fingerprint has, in their order."""
    return [column for column in contract.columns if column.type in _SUMMED and column.name not in contract.key]


def _ranged(contract: Contract) -> list[Column]:
    """Return the columns whose ranges a fingerprint has."""
    return [column for column in summed(contract) if column.type in {Type.INTEGER, Type.MONEY}]
