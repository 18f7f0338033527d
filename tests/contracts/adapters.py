"""Every adapter of each port: a new one is one entry here, and the suites of this folder hold it to the port's word."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, cast

from retailstream.adapters.database.sqlite import open_sqlite
from retailstream.adapters.database.sqlite_extracts import open_sqlite_tables
from retailstream.adapters.engine.duckdb import open_duckdb
from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.state.sqlite import open_sqlite_state
from retailstream.adapters.warehouse.folder import FolderWarehouse
from retailstream.adapters.warehouse.hive import HiveWarehouse
from tests.contracts.fake_metastore import FakeMetastore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retailstream.adapters.warehouse.metastore import Metastore
    from retailstream.extracts import Tables
    from retailstream.ports import Database, Engine, Lake, State, Warehouse


@contextmanager
def _sqlite(folder: Path) -> Iterator[Database]:
    with open_sqlite(folder / "a retail #1.db") as database:
        yield database


@contextmanager
def _duckdb(folder: Path) -> Iterator[Engine]:
    with open_duckdb(folder / "engine work", memory="500MB") as engine:
        yield engine


_METASTORES: defaultdict[str, FakeMetastore] = defaultdict(FakeMetastore)


def _hive(lake: Lake) -> Warehouse:
    fake = cast("Metastore", _METASTORES[lake.url])
    return HiveWarehouse("hive://nowhere/retail", fake, location=lake.url, lake=lambda _url: lake)


LAKES: dict[str, Callable[[Path], AbstractContextManager[Lake]]] = {
    "folder": lambda folder: nullcontext(FolderLake(folder / "a lake #1")),
}
"""Opens a lake; the same folder opens the same lake."""

DATABASES: dict[str, Callable[[Path], AbstractContextManager[Database]]] = {"sqlite": _sqlite}
"""Opens a database; the same folder opens the same database, a second time while it is open, too."""

ENGINES: dict[str, Callable[[Path], AbstractContextManager[Engine]]] = {"duckdb": _duckdb}
"""Opens an engine."""


def _sqlite_tables(folder: Path) -> tuple[Callable[[str], None], Callable[[], AbstractContextManager[Tables]]]:
    path = folder / "a retail #1.db"

    def run(statement: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(statement)

    return run, lambda: open_sqlite_tables(path)


TABLES: dict[str, Callable[[Path], tuple[Callable[[str], None], Callable[[], AbstractContextManager[Tables]]]]] = {
    "sqlite": _sqlite_tables
}
"""Returns what runs a statement, and what opens the tables of a database."""

WAREHOUSES: dict[str, Callable[[Lake], Warehouse]] = {"folder": FolderWarehouse, "hive": _hive}
"""Returns a warehouse over a lake, the same one for the same lake."""

STATES: dict[str, Callable[[Path], AbstractContextManager[State]]] = {
    "sqlite": lambda folder: open_sqlite_state(folder / "a memory #1.db"),
}
"""Opens a memory; the same folder opens the same one, a second time while it is open, too."""
