"""Format numbers of stores: how an older one is brought forward in steps, and that a newer one is left alone.

A store's format is the number of steps that were taken. Those from before there were numbers have 0; how far they are,
their columns tell. See docs/adr/0038-formats-and-backups.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

DATABASE: Final = 1
"""The format of a relational database. So far all are alike; a step would be taken by the next load, as part of it."""

DATABASE_ROW: Final = ("", "format")
"""Table and partition of the row of `retailstream_loads` that holds the format: those of no table."""


@dataclass(frozen=True)
class Step:
    """What brings a store from the format before to the next: it was taken where `table` has `column`."""

    table: str
    column: str
    statements: Sequence[str] = ()
    for_readers: Sequence[str] = ()
    """Temporary tables that show those who may not write what the step would make."""


def refuse_newer(what: str, found: int, known: int) -> None:
    """Raise where a store has a later format than the last that is known here; nothing of it was changed."""
    if found > known:
        raise RetailStreamError(
            f"{what} was written by a newer retailstream (format {found}; this one knows {known})",
            hint="upgrade retailstream; nothing was changed",
        )


def refuse_first(there: Collection[str]) -> None:
    """Raise UsageError where a database has tables before it has our table of loads, which is made first."""
    if there:
        raise UsageError(
            f"table '{min(there)}' of the database is not ours: retailstream has loaded nothing into it yet",
            hint="rename or drop it, or name another database with database.url",
        )
