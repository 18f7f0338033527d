from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, chain_environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that the fixture chain was run into; tests only read it, or write results."""
    return chain_environment(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="session")
def report(chain: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the chain's report."""
    folder = tmp_path_factory.mktemp("reports") / "report"
    summary = chain.stage("analyze", "all", "--report", str(folder))
    assert summary["outputs"][0] == str(folder / "index.html")
    assert sorted(summary["outputs"]) == sorted(str(path) for path in folder.iterdir())
    return folder
