"""Tables for people on a terminal: figures are never broken, and what does not fit is named instead of squeezed."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from retailstream.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group

_STYLES = {"ok": "green", "noop": "dim", "dry-run": "cyan", "failed": "red", "killed": "red", "warn": "yellow"}
_STYLES |= {"fail": "red", "OK": "green", "SKIPPED": "yellow", "FAILED": "red", "open": "yellow", "running": "cyan"}

_GAP = 3
"""Between two columns: a blank of each, and the place of a line."""

_WORD = 40
"""A longer word of a text is broken."""


def print_rich(
    columns: Sequence[str], lines: Sequence[Sequence[str]], numeric: Sequence[bool], *, title: str = ""
) -> None:
    """Print a table of text; columns that the terminal is too narrow for are named below it."""
    from rich.console import Console

    console = Console()
    console.print(drawn(columns, lines, numeric, width=console.width, title=title))


def drawn(
    columns: Sequence[str], lines: Sequence[Sequence[str]], numeric: Sequence[bool], *, width: int, title: str = ""
) -> Group:
    """Return a table of text for a terminal of that width."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    columns, lines = list(map(printable, columns)), [list(map(printable, line)) for line in lines]
    least = [
        _least(column, [line[place] for line in lines], right=numeric[place]) for place, column in enumerate(columns)
    ]
    shown = _fitting(least, width)
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold", padding=(0, 1))
    for place, column in enumerate(columns[:shown]):
        name = Text(fill(column, least[place]) if numeric[place] else column)
        table.add_column(
            name,
            justify="right" if numeric[place] else "left",
            overflow="fold",
            min_width=least[place],
            no_wrap=numeric[place],
        )
    for line in lines:
        table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in line[:shown]))
    if shown == len(columns):
        return Group(table)
    return Group(table, Text(f"a wider terminal also shows: {', '.join(columns[shown:])}", style="dim"))


def _least(column: str, texts: Sequence[str], *, right: bool) -> int:
    """Return the width a column needs: all of a figure, and every word of a text or a name."""
    words = texts if right else [word for text in texts for word in text.split()]
    longest = max((len(word) for word in words), default=0)
    return max(longest if right else min(longest, _WORD), *(len(word) for word in column.split()), 1)


def _fitting(least: Sequence[int], width: int) -> int:
    """Return how many columns, from the left, stand side by side in that width."""
    taken, shown = 1, 0
    for need in least:
        taken += need + _GAP
        if shown and taken > width:
            break
        shown += 1
    return shown
