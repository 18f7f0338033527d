"""Columns of MySQL and MariaDB as columns of a warehouse, and their values as fields of a line of text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from retailstream.choices import AS_THEY_ARE
from retailstream.errors import UsageError
from retailstream.proofs import PRIME, STEPS
from retailstream.relations import APPROXIMATE, MOST_DIGITS, NULL, Field, Form, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.choices import Changes

TEXTS: Final = (
    *("char", "varchar", "tinytext", "text", "mediumtext", "longtext"),
    *("enum", "set", "json", "time", "uuid", "inet4", "inet6"),
)
SHAPES: Final = (
    *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
    *("geometrycollection", "geomcollection"),
)
BLOBS: Final = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")

_KINDS: Final = {
    "tinyint": (Kind.TINYINT, Kind.SMALLINT),
    "smallint": (Kind.SMALLINT, Kind.INT),
    "mediumint": (Kind.INT, Kind.INT),
    "int": (Kind.INT, Kind.BIGINT),
    "year": (Kind.INT, Kind.INT),
    "float": (Kind.FLOAT, Kind.FLOAT),
    "double": (Kind.DOUBLE, Kind.DOUBLE),
    "date": (Kind.DATE, Kind.DATE),
    "datetime": (Kind.TIMESTAMP, Kind.TIMESTAMP),
    "timestamp": (Kind.TIMESTAMP, Kind.TIMESTAMP),
    **dict.fromkeys(TEXTS, (Kind.STRING, Kind.STRING)),
    **dict.fromkeys((*BLOBS, *SHAPES), (Kind.BINARY, Kind.BINARY)),
}
"""What holds all values of a type of MySQL, with a sign and without one."""


@dataclass(frozen=True)
class Described:
    """A column as `information_schema.columns` describes it."""

    name: str
    data_type: str
    column_type: str
    digits: int | None
    places: int | None
    nullable: bool


def field_of(table: str, column: Described, changes: Changes = AS_THEY_ARE) -> Field:
    """Return a column with a type that holds every value of it.

    Raises UsageError, naming the column, where the warehouse has no such type, or cannot have such a name.
    """
    name, lower = changes.name(column.name), column.name.lower()
    if not re.fullmatch(r"\w+", name):
        hint = f"give it another with --rename '{column.name}=NAME', or name the other columns with --columns"
        raise _impossible(table, column, "a name that is not of letters, digits and _", hint)
    made = _as_text(table, column) if lower in changes.as_text else _as_it_is(table, column)
    return replace(made, name=name, required=not column.nullable, origin="" if name == lower else column.name)


def _as_it_is(table: str, column: Described) -> Field:
    name, unsigned = column.name, "unsigned" in column.column_type
    if column.data_type == "decimal" or (column.data_type == "bigint" and unsigned):
        digits, places = (column.digits or 0, column.places or 0) if column.data_type == "decimal" else (20, 0)
        if digits > MOST_DIGITS:
            hint = f"copy it as text with --as-text '{name}', or name the other columns with --columns"
            raise _impossible(table, column, f"type {column.column_type}, and {MOST_DIGITS} digits are the most", hint)
        return Field(name, Kind.DECIMAL, digits, places)
    kind = _kind(column, unsigned=unsigned)
    if kind is None:
        raise _impossible(table, column, f"type {column.column_type}, which no warehouse has")
    form = Form.WKB if column.data_type in SHAPES else Form.PLAIN
    return Field(name, kind, 20 if kind is Kind.DECIMAL else 0, form=form)


def _as_text(table: str, column: Described) -> Field:
    """Return a column as the text that the database itself makes of its values."""
    if column.data_type in SHAPES:
        return Field(column.name, Kind.STRING, form=Form.WKT)
    if column.data_type in {*BLOBS, "bit", "float", "double"}:
        raise _impossible(table, column, f"type {column.column_type}, which has no exact text", "leave --as-text out")
    return Field(column.name, Kind.STRING, form=Form.TEXT)


def _kind(column: Described, *, unsigned: bool) -> Kind | None:
    if column.data_type == "bigint":
        return Kind.BIGINT
    if column.data_type == "bit":
        bits = column.digits or 1
        return Kind.BOOLEAN if bits == 1 else Kind.BIGINT if bits < 64 else Kind.DECIMAL
    found = _KINDS.get(column.data_type)
    return found[unsigned] if found else None


def _impossible(
    table: str, column: Described, what: str, hint: str = "name the other columns with --columns"
) -> UsageError:
    return UsageError(f"column '{column.name}' of table '{table}' has {what}", hint=hint)


_FORMS: Final = {
    Form.PLAIN: "{}",
    Form.TEXT: "cast({} as char)",
    Form.WKB: "st_aswkb({})",
    Form.WKT: "st_astext({})",
}
"""How the database says a value in each form."""


def value_of(column: Field) -> str:
    """Return a column's value in its form, as SQL."""
    return _FORMS[column.form].format(quoted(column.asked))


class MySqlDialect:
    """How MySQL says what a line and a proof consist of; TIMESTAMP values are those of the session's time zone."""

    def line(self, columns: Sequence[Field]) -> str:
        """Return columns as a line of text; none as an empty one."""
        fields = ", ".join(self._field(column) for column in columns)
        return f"concat_ws(',', {fields})" if fields else "''"

    def value(self, column: Field) -> str:
        """Return what is compared of a column: a day as its text, text and bytes as their number of bytes."""
        name = value_of(column)
        match column.kind:
            case Kind.STRING:
                return f"length(convert({name} using utf8mb4))"
            case Kind.BINARY:
                return f"length({name})"
            case _:
                return self._text(column)

    def total(self, column: Field) -> str:
        """Return the exact sum of a column, which MySQL has up to 65 digits."""
        return f"sum({value_of(column)} + 0)"

    def rest(self, column: Field) -> str:
        """Return the whole steps that the prime leaves of a number of floating point, with its sign."""
        number = self._text(column)
        return f"cast(sign({number}) * floor(mod(abs({number}), {PRIME}) * {STEPS}) as decimal(20,0))"

    def number(self, digits: str) -> str:
        """Return a text of hexadecimal digits as a whole number."""
        return f"cast(conv({digits}, 16, 10) as unsigned)"

    def no_day(self, column: Field) -> str:
        """Return how many values of a column are no day of the calendar."""
        return f"count({value_of(column)}) - count({self._text(column)})"

    def is_lost(self, column: Field) -> str:
        """Return the condition of the text of a value being longer than the server sends."""
        return f"{self._text(column)} is null"

    def _field(self, column: Field) -> str:
        return f"ifnull({self._text(column)}, '{NULL}')"

    def _text(self, column: Field) -> str:
        """Return a value as its field; null where it is null, or no day of the calendar."""
        name = value_of(column)
        match column.kind:
            case Kind.STRING:
                return f"concat('x', hex(convert({name} using utf8mb4)))"
            case Kind.BINARY:
                return f"concat('x', hex({name}))"
            case Kind.DATE:
                return f"case when from_days(to_days({name})) = {name} then cast({name} as char) end"
            case Kind.TIMESTAMP:
                text = f"date_format({name}, '%Y-%m-%d %H:%i:%s.%f')"
                return f"case when from_days(to_days({name})) = date({name}) then {text} end"
            case kind if kind in APPROXIMATE:
                return f"{name} * 1e0"  # FLOAT alone would print six digits
            case _:
                return f"{name} + 0"  # without the zeros of ZEROFILL


def quoted(name: str) -> str:
    """`date` → `` `date` ``."""
    return "`" + name.replace("`", "``") + "`"


def described(row: Sequence[Any]) -> Described:
    """Read a row of name, data type, column type, digits, places and `YES` for nullable."""
    name, data_type, column_type, digits, places, nullable = row
    return Described(str(name), str(data_type).lower(), str(column_type).lower(), digits, places, nullable == "YES")
