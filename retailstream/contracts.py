"""What a record of each table must look like: declared once, read by every engine and store.

A field arrives as text. Blanks around it do not count; a null word means null; else the text must have the
form of its type, a date must exist, and the value must lie within its bounds. Nothing is ever guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

BLANKS: Final = " \t"
"""The characters that are trimmed from both ends of a field."""

NULL_FORM: Final = r"(?:[Nn][Aa]|[Nn]/[Aa]|[Nn][Uu][Ll][Ll]|[Nn][Aa][Nn])?"
"""What stands for null after trimming: nothing, NA, N/A, NULL or NaN, in any case."""


class Type(StrEnum):
    """The type of a column, by what it holds."""

    INTEGER = "integer"
    MONEY = "money"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    LETTER = "letter"


COMMON_FORMS: Final = {
    Type.INTEGER: r"-?[0-9]{1,9}",
    Type.MONEY: r"-?[0-9]{1,10}(?:\.[0-9]{1,2})?",
    Type.NUMBER: r"-?[0-9]{1,8}(?:\.[0-9]{1,10})?",
    Type.DATE: r"(?:[0-9]{2}/[0-9]{2}/[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2})",
    Type.BOOLEAN: r"(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|1|0)",
    Type.LETTER: r"[A-Za-z]",
}
"""The literal that nearly every field of a type is, in the part of regular expressions that RE2 and Java read alike.

Letter classes are spelled out: a case-insensitive flag would let some non-ASCII letters through.
"""


def _noise() -> str:
    """Return the form of a number as programs print the binary fraction next to it: `211.09635820000001`.

    16 or 17 significant digits, of which those behind the tenth decimal are zeros or nines but for the last two.
    """
    forms = []
    for whole, rests in (("0", range(5, 10)), *((f"[1-9][0-9]{{{n - 1}}}", range(6 - n, 8 - n)) for n in range(1, 6))):
        ends = [f"{digit}{{{rest - 2}}}[0-9]{{2}}" if rest > 2 else f"{digit}[0-9]" for rest in rests if rest > 1
                for digit in "09"]  # fmt: skip
        forms.append(f"{whole}\\.[0-9]{{10}}(?:{'|'.join(ends)})")
    return "|".join(forms)


FORMS: Final = {
    **COMMON_FORMS,
    Type.INTEGER: r"-?[0-9]{1,9}(?:\.0{1,10})?",
    Type.MONEY: r"-?(?:[0-9]{1,10}(?:\.[0-9]{1,2}0{0,8})?|\.[0-9]{1,2}0{0,8})",
    Type.NUMBER: rf"-?(?:[0-9]{{1,8}}(?:\.[0-9]{{1,10}}0{{0,8}})?|\.[0-9]{{1,10}}0{{0,8}}|{_noise()})",
}
"""Every accepted literal of each type: those that have one meaning only, and that the type holds exactly.

Beside the common ones these are `57.0` for a whole number, `.5`, zeros behind the last decimal, and numbers with the
noise of binary fractions; programs write all of them.
"""

SQL_TYPES: Final = {
    Type.INTEGER: "integer",
    Type.MONEY: "decimal(12,2)",
    Type.NUMBER: "decimal(18,10)",
    Type.DATE: "date",
    Type.BOOLEAN: "boolean",
    Type.LETTER: "varchar",
}


FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
"""The years of retail: any other is mistyped. Days before 1582, which calendars count differently, are none of them."""


@dataclass(frozen=True)
class Column:
    """One column: its type, whether it must have a value, and its bounds.

    `optional` columns may be missing from a file altogether; they are null there.
    """

    name: str
    type: Type
    required: bool = False
    optional: bool = False
    at_least: int | None = None
    above: int | None = None
    at_most: int | None = None

    @property
    def sql_type(self) -> str:
        """The column's SQL type, as DuckDB and Spark both write it."""
        return SQL_TYPES[self.type]


@dataclass(frozen=True)
class Contract:
    """A table: its columns in order, its key, and whether its clean rows are kept in one file a month."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def by_month(self) -> bool:
        """Whether the table is partitioned by the month of its date."""
        return "date" in self.key

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]

    def match(self, header: str) -> str | None:
        """Return the contract's name for a header, whatever its case, spaces and underscores, or None."""
        return _by_fold(self.names).get(fold(header))


@cache  # asked for each column of each file
def _by_fold(names: tuple[str, ...]) -> dict[str, str]:
    return {fold(name): name for name in names}


def fold(header: str) -> str:
    """`" Weekly_Sales"` → `"weeklysales"`."""
    return "".join(header.lower().replace("_", "").split())


_MARKDOWNS = tuple(Column(f"markdown{number}", Type.MONEY) for number in range(1, 6))

SALES: Final = Contract(
    "sales",
    (
        Column("store", Type.INTEGER, required=True, at_least=1),
        Column("dept", Type.INTEGER, required=True, at_least=1),
        Column("date", Type.DATE, required=True),
        Column("weekly_sales", Type.MONEY, required=True),
        Column("is_holiday", Type.BOOLEAN, required=True),
        Column("customers", Type.INTEGER, optional=True, at_least=0),
    ),
    key=("store", "dept", "date"),
)

FEATURES: Final = Contract(
    "features",
    (
        Column("store", Type.INTEGER, required=True, at_least=1),
        Column("date", Type.DATE, required=True),
        Column("temperature", Type.NUMBER),
        Column("fuel_price", Type.NUMBER, above=0),
        *_MARKDOWNS,
        Column("cpi", Type.NUMBER, above=0),
        Column("unemployment", Type.NUMBER, at_least=0, at_most=100),
        Column("is_holiday", Type.BOOLEAN, required=True),
        Column("customers", Type.INTEGER, optional=True, at_least=0),
    ),
    key=("store", "date"),
)

STORES: Final = Contract(
    "stores",
    (
        Column("store", Type.INTEGER, required=True, at_least=1),
        Column("type", Type.LETTER, required=True),
        Column("size", Type.INTEGER, required=True, above=0),
    ),
    key=("store",),
)

CONTRACTS: Final = {contract.name: contract for contract in (SALES, FEATURES, STORES)}
