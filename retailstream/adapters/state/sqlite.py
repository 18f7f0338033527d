"""The memory of an environment as one SQLite file in its home, safe for several processes at once."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from retailstream.adapters.formats import Step, refuse_newer
from retailstream.adapters.sqlite_file import bring_forward, format_of, refuse_newer_file, sqlite_address, transaction
from retailstream.durable import make_folder
from retailstream.errors import RetailStreamError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

LANDED_FILES: Final = """create table if not exists landed_files (
  dataset text not null, sha256 text not null, scope text not null, landing integer not null,
  file text not null, bytes integer not null, copy_of text,
  primary key (scope, landing, file)
);"""

SCHEMA: Final = (
    """create table if not exists runs (
  run_id text not null, stage text not null, attempt integer not null,
  status text not null, started_at text not null, ended_at text, seconds real, exit_code integer,
  process_id integer not null, host text not null, code_version text not null, config_hash text not null,
  inputs text not null default '[]', summary text, error text,
  primary key (run_id, stage, attempt)
);""",
    "create index if not exists runs_by_start on runs (started_at);",
    """create table if not exists landings (
  scope text not null, landing integer not null, run_id text not null, complete integer not null default 0,
  primary key (scope, landing)
);""",
    LANDED_FILES,
    """create table if not exists quarantine (
  id text primary key, run_id text not null, dataset text not null, landing integer not null,
  file text not null, record integer, rule text not null, column_name text, value text, raw text,
  state text not null default 'open', reason text, settled_by text, others text, records integer not null default 1
);""",
    "create index if not exists quarantine_by_file on quarantine (dataset, landing, file);",
)

STEPS: Final = (
    Step(  # before, each file was known by its content alone, whatever its name
        "landed_files",
        "copy_of",
        (
            "alter table landed_files rename to landed_files_by_content",
            LANDED_FILES,
            (
                "insert into landed_files"
                " select dataset, sha256, scope, landing, file, bytes, null from landed_files_by_content"
            ),
            "drop table landed_files_by_content",
        ),
        (
            (
                "create temp table landed_files as"
                " select dataset, sha256, scope, landing, file, bytes, null as copy_of from main.landed_files"
            ),
        ),
    ),
    Step(  # before, each rejected record had an entry of its own
        "quarantine",
        "others",
        (
            "alter table quarantine add column others text",
            "alter table quarantine add column records integer not null default 1",
        ),
        ("create temp table quarantine as select *, null as others, 1 as records from main.quarantine",),
    ),
)
"""What brings an older memory to today's tables; the schema above has what they lead to. A step stays as it is."""

PATIENCE: Final = 30.0
"""How many seconds a process waits for another one that writes."""

_OUTSIDE: Final = {
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
}
"""What the disk is to blame for."""

_HINT: Final = (
    "mend its folder (space, permissions), or choose another one with --home; retailstream doctor looks at it"
)


class SqliteState(sqlite3.Connection):
    """A connection on which having waited too long for another process is worth another try, and a full disk no bug.

    Each statement commits by itself unless `transaction` says else.
    """

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of an answer."""
        return self.execute(query, values).fetchall()

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement, and return how many rows it concerned."""
        return self.execute(statement, values).rowcount

    def change_all(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement for each row of values, and return how many rows all of them concerned."""
        return self.executemany(statement, rows).rowcount

    def upsert(
        self, insert: str, rows: Sequence[Sequence[object]], *, key: str, update: Sequence[str], where: str
    ) -> None:
        """Insert rows; of one whose key is there already, take over only `update`, and that only `where` it holds."""
        taken = ", ".join(f"{name} = excluded.{name}" for name in update)
        self.executemany(f"{insert} on conflict ({key}) do update set {taken} where {where}", rows)

    def transaction(self) -> AbstractContextManager[None]:
        """All of the block's statements, or none of them; no other process changes anything meanwhile."""
        return transaction(self)

    def execute(self, *args: Any) -> sqlite3.Cursor:  # noqa: ANN401 -- sqlite3's own signature
        """Run a statement."""
        with _mapped():
            return super().execute(*args)

    def executemany(self, *args: Any) -> sqlite3.Cursor:  # noqa: ANN401 -- sqlite3's own signature
        """Run a statement for each row of values."""
        with _mapped():
            return super().executemany(*args)


@contextmanager
def open_sqlite_state(path: Path | None) -> Iterator[SqliteState]:
    """Open the state file, made on first use, or one that is forgotten."""
    try:
        if path is not None:
            make_folder(path.parent)
        address = sqlite_address(path)
        connection = sqlite3.connect(address, timeout=PATIENCE, isolation_level=None, factory=SqliteState, uri=True)
        try:
            set_up(connection, _named(path))
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise RetailStreamError(f"the state file {path} cannot be opened: {why}", hint=_HINT) from error
    try:
        yield connection
    finally:
        connection.close()


def set_up(connection: sqlite3.Connection, what: str = "the state file") -> None:
    """Give a connection the tables, of today; RetailStreamError where a newer version wrote what is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            cursor = connection.cursor()
            refuse_newer(what, format_of(cursor), len(STEPS))
            cursor.execute("pragma journal_mode = wal")
            # What lands next is numbered by this memory: none of its commits may be lost to a power cut.
            cursor.execute("pragma synchronous = full")
            bring_forward(cursor, STEPS, SCHEMA)
            cursor.executescript("".join(SCHEMA))
        except sqlite3.OperationalError as error:
            # Two processes that make the file at once: for the first change of its mode SQLite itself does not wait.
            if "locked" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise _busy(error) from error
            time.sleep(0.01)
        else:
            return


def refuse_newer_home(home: Path) -> None:
    """Raise where a newer version wrote the memory of a home, which is not changed by the question."""
    path = home / "state.db"
    refuse_newer_file(path, _named(path), STEPS)


def _named(path: Path | None) -> str:
    return f"the home {path.parent}" if path else "the memory"


@contextmanager
def _mapped() -> Iterator[None]:
    """Turn those of SQLite's errors into ours that no statement of ours is to blame for."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise _busy(error) from error
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _OUTSIDE:
            raise
        raise RetailStreamError(f"the state file of this environment failed: {error}", hint=_HINT) from error


def _busy(error: sqlite3.Error) -> TransientError:
    return TransientError(f"the state file of this environment is busy: {error}", hint="run the same command again")
