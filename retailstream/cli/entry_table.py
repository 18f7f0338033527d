"""Entries of the quarantine as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.cli.render import print_table
from retailstream.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.rejects import Entry

_WIDEST = {"value": 24}
"""How much of a column the table shows; the offending value shall stand beside its rule on most terminals."""


def print_entries(entries: Sequence[Entry], *, states: bool) -> None:
    """Print what fits a line; a file's first folder is its dataset."""
    columns = ("id", *(["state"] if states else []), "file", "record", "rule", "column", "value", "raw")
    rows = [
        [_short(cell, _WIDEST.get(column, 60)) for column, cell in zip(columns, _cells(entry, columns), strict=True)]
        for entry in entries
    ]
    if rows:
        print_table(columns, rows)


def _cells(entry: Entry, columns: Sequence[str]) -> list[object]:
    """Return what a line shows of an entry; one that stands for many says so beside its own record's number."""
    reject, shown = entry.reject, entry.as_dict()
    if reject.others:
        shown["record"] = f"{reject.record} and {reject.records - 1:,} more"
    return [shown[column] for column in columns]


def _short(cell: object, widest: int) -> object:
    """Cut long text, once what cannot be printed is written out."""
    if not isinstance(cell, str):
        return cell
    text = printable(cell)
    return text if len(text) <= widest else text[: widest - 1] + "…"
