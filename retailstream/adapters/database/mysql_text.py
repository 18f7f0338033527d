r"""Rows as the text that LOAD DATA reads: a line each, tabs between, `\N` for null, `\t` and the like escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from retailstream.contracts import Column, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.ports import Row

NULL: Final = r"\N"
CLAUSES: Final = (
    r"character set utf8mb4 fields terminated by '\t' enclosed by '' escaped by '\\' lines terminated by '\n'"
)
"""How LOAD DATA is told to read it; nothing is left to defaults."""

_ESCAPES: Final = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": r"\0"}
_ESCAPED: Final = re.compile(r"\\(.)")
_MEANT: Final = {escape[1]: character for character, escape in _ESCAPES.items()}


def encode(column: Column) -> str:
    r"""Return DuckDB's expression for a clean value as text: true → `1`, null → `\N`, money with its two places."""
    match column.type:
        case Type.BOOLEAN:
            text = f"cast(cast({column.name} as integer) as varchar)"
        case Type.LETTER:
            text = column.name
            for character, escape in _ESCAPES.items():
                text = f"replace({text}, chr({ord(character)}), '{escape}')"
        case _:
            text = f"cast({column.name} as varchar)"
    return text if column.required else f"coalesce({text}, '{NULL}')"


def value(text: str) -> str | None:
    r"""`\N` → None, `a\tb` → a, a tab and b: what the text of a field stands for."""
    if "\\" not in text:
        return text
    return None if text == NULL else _ESCAPED.sub(lambda found: _MEANT[found[1]], text)


def values(rows: Sequence[Row]) -> list[str | None]:
    """Return the values of rows of text, one after the other."""
    return [value(str(text)) for row in rows for text in row]


def whole(column: Column) -> str:
    """Return MySQL's expression for a value as a whole number: money in cents, a letter's ASCII code."""
    match column.type:
        case Type.MONEY:
            return f"cast(`{column.name}` * 100 as signed)"
        case Type.LETTER:
            return f"ascii(`{column.name}`)"
        case _:
            return f"`{column.name}`"
