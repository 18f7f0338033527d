r"""Tables of any shape: columns with exact types, such as a relational database and a warehouse both hold.

A row of one travels as a line of text that no character of its values can break: fields joined by commas, numbers and
days as digits, text and bytes as an `x` and their hexadecimal digits, null as `N`. So `(7, null, "a,b\n")` is
`7,N,x612C620A`. What turns a value into its field, and back, is SQL of whoever sends or receives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from retailstream.contracts import Contract, Type

MOST_DIGITS: Final = 38
"""The digits that a decimal has at most, in DuckDB, Hive and Spark alike."""

NULL: Final = "N"
"""The field that stands for null."""


class Kind(StrEnum):
    """The type of a column, as DuckDB, Hive and Spark all have it; `decimal` has digits and places beside it."""

    TINYINT = "tinyint"
    SMALLINT = "smallint"
    INT = "integer"
    BIGINT = "bigint"
    DECIMAL = "decimal"
    FLOAT = "float"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    STRING = "varchar"
    BINARY = "blob"
    DATE = "date"
    TIMESTAMP = "timestamp"


WHOLE: Final = {Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT}
EXACT: Final = {*WHOLE, Kind.DECIMAL}
"""Numbers that have exact sums."""
APPROXIMATE: Final = {Kind.FLOAT, Kind.DOUBLE}
BYTES: Final = {Kind.STRING, Kind.BINARY}
DAYS: Final = {Kind.DATE, Kind.TIMESTAMP}


@dataclass(frozen=True)
class Field:
    """One column; `digits` and `places` are those of a decimal."""

    name: str
    kind: Kind
    digits: int = 0
    places: int = 0
    required: bool = False

    @property
    def sql_type(self) -> str:
        """The column's type as DuckDB writes it."""
        return f"decimal({self.digits},{self.places})" if self.kind is Kind.DECIMAL else str(self.kind)


@dataclass(frozen=True)
class Relation:
    """A table: its columns in order, and the columns of its primary key; no key, no columns."""

    name: str
    columns: tuple[Field, ...]
    key: tuple[str, ...] = ()
    by_month: bool = False
    """Its rows are in one file, or in one a transfer; never in one a month."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that rows are sorted by: the key, or else all of them."""
        return self.key or self.names

    def column(self, name: str) -> Field:
        """Return the column of that name; KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]


_KINDS: Final = {
    Type.INTEGER: (Kind.INT, 0, 0),
    Type.MONEY: (Kind.DECIMAL, 12, 2),
    Type.NUMBER: (Kind.DECIMAL, 18, 10),
    Type.DATE: (Kind.DATE, 0, 0),
    Type.BOOLEAN: (Kind.BOOLEAN, 0, 0),
    Type.LETTER: (Kind.STRING, 0, 0),
}


def relation_of(contract: Contract) -> Relation:
    """Return the table of a contract as one of any shape."""
    columns = (Field(column.name, *_KINDS[column.type], required=column.required) for column in contract.columns)
    return Relation(contract.name, tuple(columns), contract.key)
