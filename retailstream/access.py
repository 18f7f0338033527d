"""Who may read what a command writes: its owner alone, unless a setting says else (ADR 37).

The umask of the process does it, so it holds for whatever writes: SQLite, DuckDB, Spark, and us.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Access = Literal["owner", "group", "umask"]

OTHERS: Final = {"owner": 0o077, "group": 0o007}
"""What others may not, by what a setting says; `umask` leaves that to the process's own."""


@dataclass
class _Process:
    """The umask that the process had before, which is that of its threads, too, and what holds now."""

    own: int | None = None
    access: Access = "umask"


_process = _Process()


@contextmanager
def restricted(access: Access) -> Iterator[None]:
    """Have what is written within the block be for its owner, or for the group, too."""
    if access == "umask" or _process.own is not None:
        yield
        return
    _process.own, _process.access = os.umask(OTHERS[access]), access
    try:
        yield
    finally:
        os.umask(_process.own)
        _process.own, _process.access = None, "umask"


def lock_mode() -> int:
    """Return the mode of a lock's file: whoever cannot write to it cannot take it. -1 leaves it to the umask."""
    return 0o660 if _process.access == "group" else -1


def hand_out(path: Path) -> None:
    """Let a file that a user has named be read by whom the user's own umask lets: it is made for others to read."""
    if _process.own is not None:
        path.chmod(0o666 & ~_process.own)


def too_open(path: Path, access: Access) -> bool:
    """Say whether others than the setting says may look into a folder."""
    return bool(path.stat().st_mode & OTHERS.get(access, 0))
