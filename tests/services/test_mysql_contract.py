"""A MySQL server keeps the word that every relational database gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.database.mysql import open_mysql
from retailstream.adapters.engine.duckdb import open_duckdb
from tests.contracts.test_database import *  # noqa: F403 -- the suite, with the fixtures below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retailstream.ports import Database, Engine
    from tests.services.mariadb import MariaDb


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_duckdb(tmp_path / "engine", memory="500MB") as opened:
        yield opened


@pytest.fixture(params=["true", "false"], ids=["files", "inserts"])
def another(
    mariadb: MariaDb, database_name: str, request: pytest.FixtureRequest
) -> Callable[[], AbstractContextManager[Database]]:
    url = mariadb.url(database_name, local_infile=request.param)
    return lambda: open_mysql(url)


@pytest.fixture
def database(another: Callable[[], AbstractContextManager[Database]]) -> Iterator[Database]:
    with another() as opened:
        yield opened
