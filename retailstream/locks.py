"""Two runs never work on one scope of an environment: an operating-system lock, free the moment its holder dies.

A copy of one table has a lock of that table alone. Whoever changes all of an environment holds `TABLES` instead of a
lock for each: it waits for nobody, but begins only where no table is worked on, and no copy begins meanwhile.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from retailstream.access import lock_mode
from retailstream.errors import LockHeldError, RetailStreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TABLES: Final = "tables"
"""The lock of all tables that `sqoop --table` copies."""

_TABLE: Final = "table-"


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the run, its command, and when it began."""

    run_id: str
    command: str
    since: str


def table_lock(target: str) -> str:
    """Return the lock of one table of the warehouse."""
    return f"{_TABLE}{target}"


def is_against(lock: str, other: str) -> bool:
    """Say whether nobody may begin with one lock while another run holds the other."""
    return any(one == TABLES and two.startswith(_TABLE) for one, two in ((lock, other), (other, lock)))


@contextmanager
def hold(folder: Path, scopes: Sequence[str], holder: Holder) -> Iterator[None]:
    """Hold the lock of each scope for the block; LockHeldError, naming the holder, where another run has one."""
    with ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(_hold(folder, scope, holder))
        # Only now: of two that begin at once, at least one finds the other.
        for other in sorted(path.stem for path in folder.glob("table*.lock")):
            if any(is_against(scope, other) for scope in scopes):
                with _hold(folder, other, holder):
                    pass
        yield


@contextmanager
def _hold(folder: Path, scope: str, holder: Holder) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 -- only commands that write need it

    note = folder / f"{scope}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{scope}.lock", blocking=False, mode=lock_mode())
        lock.acquire()
    except Timeout:
        raise held_by(_read(note), scope) from None
    except OSError as error:
        raise RetailStreamError(f"no lock can be taken in {folder}: {error.strerror}") from error
    try:
        note.write_text(json.dumps({**asdict(holder), "process": os.getpid(), "host": socket.gethostname()}))
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def held_by(run: str, scope: str) -> LockHeldError:
    """Return the error of a scope that another run has."""
    of_table = scope.startswith(_TABLE)
    what = f"table '{scope.removeprefix(_TABLE)}'" if of_table else f"the {scope}"
    return LockHeldError(
        f"{run} is working on {what} of this environment",
        hint="wait until it has ended, then run the same command again",
    )


def told(holder: Holder, process_id: int, host: str) -> str:
    """Return a holder in words."""
    return f"run {holder.run_id} ({holder.command}, process {process_id} on {host}, since {holder.since})"


def _read(note: Path) -> str:
    """Return who holds the lock; it may just have been taken, or just been freed."""
    try:
        found = json.loads(note.read_text())
        return told(Holder(found["run_id"], found["command"], found["since"]), found["process"], found["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
