"""Connections to an SQLite file, set up so that readers are never blocked and commits last, and its errors as ours."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from retailstream.adapters.formats import DATABASE, DATABASE_ROW, refuse_newer
from retailstream.adapters.sqlite_file import sqlite_address
from retailstream.durable import make_folder
from retailstream.errors import RetailStreamError, TransientError
from retailstream.interruption import behind, listen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOADS: Final = "retailstream_loads"
"""The table of what was loaded: the digest of the clean partition that each partition's rows came from."""

STEPS: Final = 100_000
"""After how many steps of a query, a hundredth of a second, a signal is listened to."""


@contextmanager
def connected(path: Path, *, create: bool) -> Iterator[sqlite3.Connection]:
    """Connect to a database file in write-ahead mode; without `create`, one that is not there is empty for now.

    RetailStreamError where a newer version loaded it; that is asked before anything is changed.
    """
    with mapped(path):
        if create:
            _make_place(path)
        address = sqlite_address(path if create or path.exists() else None)
        connection = sqlite3.connect(address, timeout=60, isolation_level=None, uri=True)
        try:
            refuse_newer(f"the database {path}", _format_of(connection), DATABASE)
        except BaseException:
            connection.close()
            raise
        connection.set_progress_handler(listen, STEPS)
        # A week has rows on every page: fewer and larger ones are written faster. A file that is there keeps its own.
        connection.execute("pragma page_size = 16384")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")  # what was loaded, or kept as an answer, outlasts a power cut
        connection.execute("pragma cache_size = -65536")
        connection.execute("pragma analysis_limit = 1000")
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def mapped(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if (cause := behind(error)) is not error:
            raise cause from error
        if "locked" in str(error) or "busy" in str(error):
            raise TransientError(f"database {path} is busy: {error}", hint="run the same command again") from error
        raise RetailStreamError(f"database {path} failed: {error}", hint="retailstream doctor") from error
    except sqlite3.Error as error:
        raise RetailStreamError(f"database {path} failed: {error}", hint="retailstream doctor") from error


def has_table(connection: sqlite3.Connection, table: str) -> bool:
    """Say whether a database has a table of that name."""
    query = "select 1 from sqlite_master where type = 'table' and name = ?"
    return connection.execute(query, (table,)).fetchone() is not None


def _format_of(connection: sqlite3.Connection) -> int:
    if not has_table(connection, LOADS):
        return 0
    query = f"select digest from {LOADS} where table_name = ? and partition = ?"
    return int((connection.execute(query, DATABASE_ROW).fetchone() or (0,))[0])


def _make_place(path: Path) -> None:
    try:
        make_folder(path.parent)
    except OSError as error:
        raise RetailStreamError(f"database {path} cannot be opened: {error.strerror}") from error
