"""Every adapter of each port: a new one is one entry here, and the suites of this folder hold it to the port's word."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from retailstream.adapters.database.sqlite import open_sqlite
from retailstream.adapters.engine.duckdb import open_duckdb
from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.state.sqlite import open_sqlite_state
from retailstream.adapters.warehouse.folder import FolderWarehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retailstream.ports import Database, Engine, Lake, State, Warehouse


@contextmanager
def _sqlite(folder: Path) -> Iterator[Database]:
    with open_sqlite(folder / "a retail #1.db") as database:
        yield database


@contextmanager
def _duckdb(folder: Path) -> Iterator[Engine]:
    with open_duckdb(folder / "engine work", memory="500MB") as engine:
        yield engine


LAKES: dict[str, Callable[[Path], AbstractContextManager[Lake]]] = {
    "folder": lambda folder: nullcontext(FolderLake(folder / "a lake #1")),
}
"""Opens a lake; the same folder opens the same lake."""

DATABASES: dict[str, Callable[[Path], AbstractContextManager[Database]]] = {"sqlite": _sqlite}
"""Opens a database; the same folder opens the same database, a second time while it is open, too."""

ENGINES: dict[str, Callable[[Path], AbstractContextManager[Engine]]] = {"duckdb": _duckdb}
"""Opens an engine."""

WAREHOUSES: dict[str, Callable[[Lake], Warehouse]] = {"folder": FolderWarehouse}
"""Returns a warehouse over a lake."""

STATES: dict[str, Callable[[Path], AbstractContextManager[State]]] = {
    "sqlite": lambda folder: open_sqlite_state(folder / "a memory #1.db"),
}
"""Opens a memory; the same folder opens the same one, a second time while it is open, too."""
