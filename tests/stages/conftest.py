from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, new_environment
from tests.stages.months import history

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Three months, run once; tests take copies of it, so it stays as it is."""
    env = new_environment(tmp_path_factory.mktemp("first"))
    env.write(history())
    assert env.run("--run-id", "first")["status"] == "ok"
    return env


@pytest.fixture
def months(first: Environment, tmp_path: Path) -> Environment:
    """A copy of the environment of three months."""
    shutil.copytree(first.source, tmp_path / "source")
    # A reader of the database leaves empty files of its log behind.
    shutil.copytree(first.home, tmp_path / "home", ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    return Environment(tmp_path / "source", tmp_path / "home")
