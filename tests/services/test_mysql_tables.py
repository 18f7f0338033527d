"""A MySQL server keeps the word about tables of any shape, and loses nothing of the types that are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.database.mysql_extracts import open_mysql_tables
from tests.contracts.test_tables import *  # noqa: F403 -- the suite, with the fixture below

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.mariadb import MariaDb


@pytest.fixture
def database_of_things(mariadb: MariaDb, database_name: str) -> tuple[Callable[[str], object], object]:
    url = mariadb.url(database_name)
    return lambda statement: mariadb.sql(statement, database_name), lambda: open_mysql_tables(url)
