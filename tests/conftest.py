from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, new_environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    """An empty environment."""
    return new_environment(tmp_path)
