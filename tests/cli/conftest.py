from __future__ import annotations

import pytest

from tests.environment import Environment, new_environment
from tests.resume.drops import FIRST


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A small environment with rejects, run once; commands that only read share it."""
    env = new_environment(tmp_path_factory.mktemp("small"))
    env.write(FIRST)
    env.run("--run-id", "monday", "--max-rejects", "60%")
    return env
