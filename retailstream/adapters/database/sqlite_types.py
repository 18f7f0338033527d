"""Columns of SQLite as columns of a warehouse, and their values, of whatever type each is, as fields of a line."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from retailstream.choices import AS_THEY_ARE
from retailstream.errors import RetailStreamError, UsageError
from retailstream.relations import MOST_DIGITS, Field, Form, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from retailstream.choices import Changes

_KINDS: Final = (
    ("INT", Kind.BIGINT),
    ("BOOL", Kind.BOOLEAN),
    ("DATETIME", Kind.TIMESTAMP),
    ("TIMESTAMP", Kind.TIMESTAMP),
    ("DATE", Kind.DATE),
    ("CHAR", Kind.STRING),
    ("CLOB", Kind.STRING),
    ("TEXT", Kind.STRING),
    ("BLOB", Kind.BINARY),
    ("REAL", Kind.DOUBLE),
    ("FLOA", Kind.DOUBLE),
    ("DOUB", Kind.DOUBLE),
)
"""What a declared type holds that has these letters in it; the first that fits."""

NO_DAY: Final = ""
"""The field of what is declared as a day and is none; it becomes null."""


def field_of(table: str, name: str, declared: str, changes: Changes = AS_THEY_ARE, *, required: bool) -> Field:
    """Return a column with the type that it is declared with; UsageError, naming it, where that says too little."""
    low, lower = changes.name(name), name.lower()
    if not re.fullmatch(r"\w+", low):
        raise UsageError(
            f"column '{name}' of table '{table}' has a name that is not of letters, digits and _",
            hint=f"give it another with --rename '{name}=NAME', or name the other columns with --columns",
        )
    made = Field(low, Kind.STRING, form=Form.TEXT) if lower in changes.as_text else _as_it_is(low, declared.upper())
    if made is None:
        raise UsageError(
            f"column '{name}' of table '{table}' has the type '{declared}', which no warehouse has",
            hint=f"copy it as text with --as-text '{name}', or name the other columns with --columns",
        )
    return replace(made, required=required, origin="" if low == lower else name)


def _as_it_is(name: str, type_: str) -> Field | None:
    found = re.fullmatch(r"(?:DECIMAL|NUMERIC)\s*\(\s*([0-9]+)\s*(?:,\s*([0-9]+)\s*)?\)", type_)
    if found:
        digits, places = int(found[1]), int(found[2] or 0)
        return Field(name, Kind.DECIMAL, digits, places) if digits <= MOST_DIGITS else None
    kind = next((kind for letters, kind in _KINDS if letters in type_), None)
    return Field(name, kind) if kind else None


def encoder_of(table: str, field: Field) -> Callable[[object], str]:
    """Return what turns a value into its field; RetailStreamError for one that is not of its column's type."""
    encode = _as_text if field.form is Form.TEXT else _ENCODERS[field.kind]

    def encoded(value: object) -> str:
        text = encode(value, field)
        if text is None:
            raise RetailStreamError(
                f"column '{field.name}' of table '{table}' is declared as {field.sql_type} and holds {value!r}"[:300],
                hint="correct it, or leave the column out with --columns",
            )
        return text

    return encoded


def _whole(value: object, _field: Field) -> str | None:
    return str(value) if isinstance(value, int) else None


def _boolean(value: object, _field: Field) -> str | None:
    return str(value) if value in {0, 1} and isinstance(value, int) else None


def _decimal(value: object, field: Field) -> str | None:
    if not isinstance(value, int | float | str):
        return None
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return None
    sign, digits, exponent = exact.as_tuple()
    if not isinstance(exponent, int):
        return None
    shift = exponent + field.places
    number = "".join(map(str, digits)) + "0" * max(0, shift)
    kept, rest = (number[:shift], number[shift:]) if shift < 0 else (number, "")
    kept = kept.lstrip("0")
    if rest.strip("0") or len(kept) > field.digits:
        return None
    padded = kept.rjust(field.places + 1, "0")
    point = f"{padded[: len(padded) - field.places]}.{padded[len(padded) - field.places :]}" if field.places else padded
    return f"-{point}" if sign and kept else point


def _double(value: object, _field: Field) -> str | None:
    if isinstance(value, int):
        return repr(float(value)) if abs(value) <= 1 << 53 else None
    return repr(value) if isinstance(value, float) else None


def _text(value: object, _field: Field) -> str | None:
    return f"x{value.encode(errors='surrogateescape').hex().upper()}" if isinstance(value, str) else None


def _as_text(value: object, field: Field) -> str | None:
    return _text(str(value), field) if isinstance(value, int | float | str) else None


def _bytes(value: object, _field: Field) -> str | None:
    return f"x{value.hex().upper()}" if isinstance(value, bytes) else None


def _date(value: object, _field: Field) -> str | None:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return NO_DAY


def _timestamp(value: object, _field: Field) -> str | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return NO_DAY
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return moment.isoformat(sep=" ", timespec="microseconds")


_ENCODERS: Final[dict[Kind, Callable[[object, Field], str | None]]] = {
    Kind.BIGINT: _whole,
    Kind.BOOLEAN: _boolean,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.STRING: _text,
    Kind.BINARY: _bytes,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _timestamp,
}
