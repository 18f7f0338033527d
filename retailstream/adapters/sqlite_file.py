"""What the two SQLite files of an environment, its memory and its database, have in common."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


def sqlite_address(path: Path | None) -> str:
    """Return what to connect to, as a path or a URI, for a file in write-ahead mode; None is one that is forgotten.

    Readers of such a file write beside it. Where they cannot, a file that nobody is at work with is read as it is.
    """
    if path is None:
        return ":memory:"
    with suppress(OSError):
        path.touch(0o666, exist_ok=False)  # SQLite itself would let its owner alone write to it, whatever the umask
    if os.access(path.parent, os.W_OK) or path.with_name(f"{path.name}-wal").exists() or not path.exists():
        return str(path.absolute())  # a relative one could look like a URI
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's statements, or none of them."""
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
