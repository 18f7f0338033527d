from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.adapters import DATABASES, ENGINES, LAKES, STATES, TABLES, WAREHOUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retailstream.ports import Database, Engine, Lake, State, Warehouse


@pytest.fixture(params=LAKES)
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    with LAKES[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with ENGINES[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture(params=DATABASES)
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], AbstractContextManager[Database]]:
    """What opens one more connection to the database of the test."""
    return lambda: DATABASES[request.param](tmp_path)


@pytest.fixture
def database(another: Callable[[], AbstractContextManager[Database]]) -> Iterator[Database]:
    with another() as opened:
        yield opened


@pytest.fixture(params=WAREHOUSES)
def over(request: pytest.FixtureRequest) -> Callable[[Lake], Warehouse]:
    """What makes a warehouse of a lake."""
    return WAREHOUSES[request.param]


@pytest.fixture
def warehouse(over: Callable[[Lake], Warehouse], lake: Lake) -> Warehouse:
    return over(lake)


@pytest.fixture(params=STATES)
def open_state(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], AbstractContextManager[State]]:
    """What opens one more connection to the memory of the test."""
    return lambda: STATES[request.param](tmp_path)


@pytest.fixture
def state(open_state: Callable[[], AbstractContextManager[State]]) -> Iterator[State]:
    with open_state() as opened:
        yield opened


@pytest.fixture(params=TABLES)
def database_of_things(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Callable[[str], None], object]:
    """What runs a statement, and what opens the tables."""
    return TABLES[request.param](tmp_path)
