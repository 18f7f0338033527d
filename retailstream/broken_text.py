"""Text of a table that is no UTF-8, found in its lines: which column, and which row by its key.

Databases keep what they were given: the surrogate pairs of Java and of Oracle (CESU-8) stand in columns of MySQL's
`utf8mb3` and in text of SQLite as six bytes that no reader of UTF-8 takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError
from retailstream.relations import NULL, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.relations import Relation

SHOWN: Final = 24
"""How many bytes of a broken text are shown."""


def refuse_broken_text(relation: Relation, lines: Path) -> None:
    """Raise RetailStreamError for the first text of a file of lines that is no UTF-8."""
    places = [place for place, column in enumerate(relation.columns) if column.kind is Kind.STRING]
    with lines.open(encoding="ascii", newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            fields = line.rstrip("\n").split(",")
            for place in places:
                if (found := _broken(fields[place])) is not None:
                    raise _error(relation, relation.columns[place].name, found, _row(relation, fields, number))


def _broken(field: str) -> bytes | None:
    """Return the bytes of a text from where it stops being UTF-8, or None where it is."""
    if field == NULL:
        return None
    data = bytes.fromhex(field[1:])
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data[error.start :]
    return None


def _row(relation: Relation, fields: Sequence[str], number: int) -> str:
    if not relation.key:
        return f"row {number:,}"
    told = [f"{name} = {_value(fields[relation.names.index(name)])}" for name in relation.key]
    return f"the row {', '.join(told)}"


def _value(field: str) -> str:
    return bytes.fromhex(field[1:]).decode(errors="replace") if field.startswith("x") else field


def _error(relation: Relation, column: str, found: bytes, row: str) -> RetailStreamError:
    more = "…" if len(found) > SHOWN else ""
    return RetailStreamError(
        f"column '{column}' of table '{relation.name}' holds text in {row} that is no UTF-8, from the bytes"
        f" {found[:SHOWN].hex(' ')}{more} on",
        hint="correct that value in the database, leave the row out with --where, or the column with --columns",
    )
