"""A memory as a file of its own, whatever it lies in, and back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from retailstream.adapters.state.sqlite import SqliteState, open_sqlite_state
from retailstream.errors import RetailStreamError

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.ports import State

ORDERS: Final = {
    "runs": "rowid",
    "landings": "scope, landing",
    "landed_files": "scope, landing, dataset, file",
    "quarantine": "id",
}
"""What a memory remembers, and in which order its rows are read; leases are no part of it."""


def copy_to(state: State, path: Path) -> None:
    """Write the memory of one moment to a new SQLite file, while others go on working with it."""
    if isinstance(state, SqliteState):
        copy_sqlite(state, path)
        with open_sqlite_state(path):
            return
    with open_sqlite_state(path) as copy, state.transaction(), copy.transaction():
        for table in ORDERS:
            _copy(table, state, copy)


def replace_by(state: State, path: Path) -> None:
    """Give a memory on a server the rows of such a file in the place of its own, in one transaction."""
    with open_sqlite_state(path) as copy, state.transaction():
        for table in ORDERS:
            state.change(f"delete from {table}")
            _copy(table, copy, state)


def is_empty(state: State) -> bool:
    """Say whether a memory remembers neither a landing nor a reject."""
    return not any(state.ask(f"select 1 from {table} limit 1") for table in ("landings", "quarantine"))


def copy_sqlite(source: sqlite3.Connection, path: Path) -> None:
    """Copy a SQLite database as it is at one moment; RetailStreamError where it is damaged."""
    try:
        with closing(sqlite3.connect(path)) as target:
            source.backup(target)
            found = target.execute("pragma quick_check (1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise RetailStreamError(
            f"the SQLite file that {path.name} is a copy of is damaged: {found}",
            hint="no backup was made; retailstream restore brings an earlier one back",
        )


def _copy(table: str, source: State, target: State) -> None:
    local = source if isinstance(source, SqliteState) else target
    names = ", ".join(f"{name}" for (name,) in local.ask("select name from pragma_table_info(?)", (table,)))
    rows = source.ask(f"select {names} from {table} order by {ORDERS[table]}")
    marks = ", ".join("?" * (names.count(",") + 1))
    target.change_all(f"insert into {table} ({names}) values ({marks})", rows)
