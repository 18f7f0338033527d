"""Other processes: whether they are alive, and waiting for what they do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


def wait_until(
    holds: Callable[[], Found],
    told: Callable[[], object] = lambda: "it was waited for in vain",
    *,
    seconds: float = 120,
    every: float = 0.05,
) -> Found:
    """Return the first answer that is true; where none comes, fail with what is told then.

    The seconds are many, since a busy machine is no failure.
    """
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, told()
        time.sleep(every)
    return found


def is_alive(pid: int) -> bool:
    """Say whether a process is at work; one that has ended and that nobody asked how, is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
