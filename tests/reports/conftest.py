from __future__ import annotations

import pytest

from tests.environment import Environment, chain_environment


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that the fixture chain was run into; tests only read it, or write results."""
    return chain_environment(tmp_path_factory.mktemp("chain"))
