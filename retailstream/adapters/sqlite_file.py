"""What the two SQLite files of an environment, its memory and its database, have in common."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
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


def problems(path: Path, *, deep: bool) -> list[str]:
    """Return what SQLite finds wrong with a file's pages; `deep` compares its indexes with its tables, too.

    Raises sqlite3.DatabaseError for a file that is none of SQLite's. One that is not there has no problems.
    """
    import sqlite3  # noqa: PLC0415 -- what opens a file of it has it already

    if not path.exists():
        return []
    if path.stat().st_size == 0:
        return ["the file is empty"]
    with closing(sqlite3.connect(sqlite_address(path), uri=True)) as connection:
        found = connection.execute(f"pragma {'integrity' if deep else 'quick'}_check(10)").fetchall()
    return [str(text).partition("\n")[0] for (text,) in found if text != "ok"]
