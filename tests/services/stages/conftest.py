"""The suites of `tests/stages`, on services: each module here is one of them, with the environments of `served.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.stages import served
from tests.services.stages.served import Served
from tests.stages import (
    test_corrections,
    test_damage,
    test_dirty_fields,
    test_dirty_files,
    test_law,
    test_monitor,
    test_twice,
)
from tests.stages.months import history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.mariadb import MariaDb
    from tests.services.s3_server import S3Server

EMBEDDED_ALONE = {
    "test_a_second_run_finds_nothing_to_do_and_changes_nothing": "compares the bytes of a SQLite file",
    "test_a_limit_that_is_none_is_a_usage_error": "is about a home that is not there",
    "test_a_dry_run_makes_not_even_a_home": "is about a home that is not there",
    "test_rows_of_other_months_are_not_touched_in_the_database": "counts by triggers of SQLite",
    "test_a_correction_leaves_the_other_rows_of_its_month_alone": "counts by triggers of SQLite",
    "test_an_environment_that_is_not_there_says_what_to_do_and_is_not_made": "is about a home that is not there",
    "test_a_month_that_is_gone_is_made_anew_and_told": "takes a file away",
    "test_sqoop_needs_tables_and_names_the_stage_that_makes_them": "reads the name of a SQLite file",
}
"""Tests of the suites that are about SQLite or folders, and why."""

SUITES = (test_corrections, test_damage, test_dirty_fields, test_dirty_files, test_law, test_monitor, test_twice)

if gone := EMBEDDED_ALONE.keys() - {name for suite in SUITES for name in vars(suite)}:
    raise pytest.UsageError(f"no test of the suites is called {', '.join(sorted(gone))}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    out = [
        item
        for item in items
        if getattr(item, "originalname", item.name) in EMBEDDED_ALONE and "/services/stages/" in str(item.path)
    ]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="session", autouse=True)
def _services(s3_server: S3Server, mariadb: MariaDb) -> Iterator[None]:
    Served.s3, Served.mariadb = s3_server, mariadb
    with pytest.MonkeyPatch.context() as patched:
        for name, value in s3_server.environment.items():
            patched.setenv(name, value)
        yield


@pytest.fixture(scope="module", autouse=True)
def _served() -> Iterator[None]:
    """Have the suites work on services in this module: the same process may run those of folders, too."""
    with pytest.MonkeyPatch.context() as patched:
        for suite in SUITES:
            for name in ("new_environment", "copied"):
                if hasattr(suite, name):
                    patched.setattr(suite, name, getattr(served, name))
        yield


@pytest.fixture
def env(tmp_path: Path) -> Served:
    """An empty environment."""
    return served.new_environment(tmp_path)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """Three months, run once; tests take copies of it, so it stays as it is."""
    env = served.new_environment(tmp_path_factory.mktemp("first"))
    env.write(history())
    assert env.run("--run-id", "first")["status"] == "ok"
    return env


@pytest.fixture
def months(first: Served, tmp_path: Path) -> Served:
    """A copy of the environment of three months."""
    return served.copied(first, tmp_path)
