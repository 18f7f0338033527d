"""What the two SQLite files of an environment, its memory and its database, have in common."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from retailstream.adapters.formats import refuse_newer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retailstream.adapters.formats import Step


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


def format_of(cursor: sqlite3.Cursor | sqlite3.Connection) -> int:
    """Return the format of a file; 0 for one that is empty, or from before there were numbers."""
    return int(cursor.execute("pragma user_version").fetchone()[0])


def refuse_newer_file(path: Path, what: str, steps: Sequence[Step]) -> None:
    """Raise where a file was written by a newer version; one that is missing or damaged is for others to tell."""
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(sqlite_address(path), uri=True)) as connection:
            found = format_of(connection)
    except sqlite3.Error:
        return
    refuse_newer(what, found, len(steps))


def bring_forward(cursor: sqlite3.Cursor, steps: Sequence[Step], schema: Sequence[str] = ()) -> None:
    """Give a file of an older format that of today, all in one transaction; whoever may not write sees it as if."""
    if format_of(cursor) >= len(steps):
        return
    try:
        cursor.execute("begin immediate")
        found = format_of(cursor)
        for statement in (*(s for step in _missing(cursor, steps[found:]) for s in step.statements), *schema):
            cursor.execute(statement)
        if found < len(steps):
            cursor.execute(f"pragma user_version = {len(steps)}")
    except BaseException as error:
        if cursor.connection.in_transaction:
            cursor.execute("rollback")
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_READONLY:
            raise
        for step in _missing(cursor, steps):
            for statement in step.for_readers:
                cursor.execute(statement)
    else:
        cursor.execute("commit")


def _missing(cursor: sqlite3.Cursor, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps that were not taken yet; one whose table is not there has nothing to bring forward."""
    for step in steps:
        names = {str(row[1]) for row in cursor.execute(f"pragma main.table_info ({step.table})")}
        if names and step.column not in names:
            yield step


def problems(path: Path, *, deep: bool) -> list[str]:
    """Return what SQLite finds wrong with a file's pages; `deep` compares its indexes with its tables, too.

    Raises sqlite3.DatabaseError for a file that is none of SQLite's. One that is not there has no problems.
    """
    if not path.exists():
        return []
    if path.stat().st_size == 0:
        return ["the file is empty"]
    with closing(sqlite3.connect(sqlite_address(path), uri=True)) as connection:
        found = connection.execute(f"pragma {'integrity' if deep else 'quick'}_check(10)").fetchall()
    return [str(text).partition("\n")[0] for (text,) in found if text != "ok"]
