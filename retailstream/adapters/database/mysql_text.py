r"""Rows as the text that LOAD DATA reads: a line each, tabs between, `\N` for null, `\t` and the like escaped.

A row's values are this text already when the engine gives them, so that a batch becomes a file by two joins.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from retailstream.contracts import Column, Contract, Type

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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


def write(batch: Sequence[Row], path: Path) -> None:
    """Write rows of text into a file for LOAD DATA."""
    lines = "\n".join(map("\t".join, batch))  # type: ignore[arg-type]  # `encode` makes every value text
    path.write_text(f"{lines}\n", encoding="utf-8", newline="")


@dataclass
class Tally:
    """Count, and for each column an exact sum and the count of values: kept of what was sent, asked of what arrived."""

    contract: Contract
    rows: int = 0
    sums: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sums = self.sums or [0] * (2 * len(self.contract.columns))

    def add(self, batch: Sequence[Row]) -> None:
        """Add rows of text."""
        self.rows += len(batch)
        for place, (column, texts) in enumerate(zip(self.contract.columns, zip(*batch, strict=True), strict=True)):
            there = texts if column.required else [text for text in texts if text != NULL]
            self.sums[2 * place] += _sum(column, there)
            self.sums[2 * place + 1] += len(there)

    def query(self, table: str) -> str:
        """Return MySQL's query for the figures of a table, which `of` reads."""
        parts = "".join(
            f", coalesce(sum({whole(column)}), 0), count(`{column.name}`)" for column in self.contract.columns
        )
        return f"select count(*){parts} from {table}"

    def of(self, row: Sequence[object]) -> Tally:
        """Return the tally that the query's row tells."""
        rows, *sums = (int(str(figure)) for figure in row)
        return Tally(self.contract, rows, sums)

    def difference(self, arrived: Tally) -> str | None:
        """Say in words what differs first, or None."""
        if self.rows != arrived.rows:
            return f"{arrived.rows:,} rows of {self.rows:,} arrived"
        names = [column.name for column in self.contract.columns for _ in range(2)]
        pairs = zip(names, self.sums, arrived.sums, strict=True)
        return next((f"column '{name}' arrived with other values" for name, a, b in pairs if a != b), None)


def _sum(column: Column, texts: Sequence[str]) -> int:
    """Return the sum of a column's values as whole numbers, like `whole` makes them."""
    if not texts:
        return 0
    if column.type is Type.LETTER:
        return sum(zlib.crc32((value(text) or "").encode()) for text in texts)
    if column.type is Type.DATE:
        return sum(map(int, "\n".join(texts).replace("-", "").split("\n")))
    if column.type in {Type.MONEY, Type.NUMBER}:
        return sum(map(int, "\n".join(texts).replace(".", "").split("\n")))
    return sum(map(int, texts))


def whole(column: Column) -> str:
    """Return MySQL's expression for a value as a whole number: money in cents, 2012-10-26 as 20121026."""
    match column.type:
        case Type.MONEY:
            return f"cast(`{column.name}` * 100 as signed)"
        case Type.NUMBER:
            return f"cast(`{column.name}` * 10000000000 as signed)"
        case Type.DATE:
            return f"(`{column.name}` + 0)"
        case Type.LETTER:
            return f"crc32(`{column.name}`)"
        case _:
            return f"`{column.name}`"
