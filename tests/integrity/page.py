"""The page that says what becomes of which damage."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "damage.md"
_START, _END = "<!-- table -->\n", "\n<!-- end of table -->"


def with_table(text: str, table: str) -> str:
    """Return the page with another table."""
    before, _, rest = text.partition(_START)
    return before + _START + table + _END + rest.partition(_END)[2]


def cell(kind: str, damage: str) -> str:
    """Return what the page says of one kind of file and one kind of damage."""
    lines = PAGE.read_text(encoding="utf-8").partition(_START)[2].partition(_END)[0].splitlines()
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines]
    (found,) = (row for row in rows if row[0] == kind)
    return found[rows[0].index(damage)]


def meanwhile(kind: str) -> str:
    """Return what the page says that questions get."""
    return cell(kind, "questions meanwhile")
