r"""Tables of any shape: columns with exact types, such as a relational database and a warehouse both hold.

A row of one travels as a line of text that no character of its values can break: fields joined by commas, numbers and
days as digits, text and bytes as an `x` and their hexadecimal digits, null as `N`. So `(7, null, "a,b\n")` is
`7,N,x612C620A`. What turns a value into its field, and back, is SQL of whoever sends or receives it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from retailstream.contracts import Contract, Type

if TYPE_CHECKING:
    from collections.abc import Collection

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


class Form(StrEnum):
    """What a column's values are taken as, before they are of its kind."""

    PLAIN = "plain"
    TEXT = "text"
    WKB = "wkb"
    WKT = "wkt"


@dataclass(frozen=True)
class Field:
    """One column; `digits` and `places` are those of a decimal.

    `origin` is its name in the database where it has another one here. Neither that nor the form is of its repr, which
    older versions of copies have noted.
    """

    name: str
    kind: Kind
    digits: int = 0
    places: int = 0
    required: bool = False
    origin: str = field(default="", repr=False)
    form: Form = field(default=Form.PLAIN, repr=False)

    @property
    def asked(self) -> str:
        """Its name in the database."""
        return self.origin or self.name

    @property
    def changed(self) -> bool:
        """Whether it has another name than in the database, or another form than its own."""
        return bool(self.origin) or self.form is not Form.PLAIN

    @property
    def sql_type(self) -> str:
        """The column's type as DuckDB writes it."""
        return f"decimal({self.digits},{self.places})" if self.kind is Kind.DECIMAL else str(self.kind)


@dataclass(frozen=True)
class Relation:
    """A table: its columns in order, and the columns of its primary key; no key, no columns.

    `schema` is the database that it lies in, where that is not the one that is connected to.
    """

    name: str
    columns: tuple[Field, ...]
    key: tuple[str, ...] = ()
    by_month: bool = False
    """Its rows are in one file, or in one a transfer; never in one a month."""
    schema: str = field(default="", repr=False)

    @property
    def table(self) -> str:
        """Its name within its database; `other.orders` is `orders` where its schema is `other`."""
        return self.name.removeprefix(f"{self.schema}.") if self.schema else self.name

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

    def only(self, names: Collection[str]) -> Relation:
        """Return the same table with some of its columns."""
        columns = tuple(column for column in self.columns if column.name in names)
        return replace(self, columns=columns, key=self.key if set(self.key) <= set(names) else ())


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
