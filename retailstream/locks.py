"""Two runs never work on one scope of an environment: an operating-system lock, free the moment its holder dies."""

from __future__ import annotations

import json
import os
import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from retailstream.errors import LockHeldError, RetailStreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retailstream.landings import Scope


@contextmanager
def hold(folder: Path, scopes: Sequence[Scope], *, run_id: str, command: str, since: str) -> Iterator[None]:
    """Hold the lock of each scope for the block; LockHeldError, naming the holder, where another run has one."""
    with ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(_hold(folder, scope, {"run_id": run_id, "command": command, "since": since}))
        yield


@contextmanager
def _hold(folder: Path, scope: Scope, holder: dict[str, str]) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 -- only commands that write need it

    note = folder / f"{scope}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{scope}.lock", blocking=False)
        lock.acquire()
    except Timeout:
        raise LockHeldError(
            f"{_read(note)} is working on the {scope} of this environment",
            hint="wait until it has ended, then run the same command again",
        ) from None
    except OSError as error:
        raise RetailStreamError(f"no lock can be taken in {folder}: {error.strerror}") from error
    try:
        note.write_text(json.dumps({**holder, "process": os.getpid(), "host": socket.gethostname()}))
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _read(note: Path) -> str:
    """Return who holds the lock; it may just have been taken, or just been freed."""
    try:
        holder = json.loads(note.read_text())
        return (
            f"run {holder['run_id']} ({holder['command']}, process {holder['process']} on {holder['host']},"
            f" since {holder['since']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
