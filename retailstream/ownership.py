"""Whether what lies where a table is to be is ours: nothing of others is swept, replaced or read as a table.

A folder is ours once it has a manifest. One without is a table of ours that lost it, as long as all its files have
names that only we give; one file of another name makes it somebody's. See docs/adr/0042-nothing-of-others.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retailstream.ports import Table

MOVE: Final = "move away or rename what is there, or name another place in the settings"

_OURS: Final = re.compile(
    r"(?:_manifest\.json|_damaged|(?:month=[0-9]{4}-[0-9]{2}/)?[0-9a-f]{16,64}(?:/rows)?\.(?:parquet|orc))(?:\.part)?"
)
"""What we name the objects of a table, each of a digest, and one that a killed run left half written."""


def refuse_strangers(table: Table, hint: str = MOVE) -> None:
    """Raise UsageError where what is at a table's place is not ours."""
    if found := table.strangers():
        raise UsageError(found, hint=hint)


def files_not_ours(url: str, name: str, keys: Iterable[str]) -> str:
    """Say which of the objects below a table's name are none that we could have written; empty where all are."""
    folder = f"{name}/"
    others = [key for key in keys if key != folder and not _OURS.fullmatch(key.removeprefix(folder))]
    return f"'{folder}' in {url} holds files that are not ours, such as '{min(others)}'" if others else ""
