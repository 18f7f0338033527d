from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, copied, new_environment
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
    return copied(first, tmp_path)
