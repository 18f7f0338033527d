from __future__ import annotations

import functools
import os
import signal
from typing import TYPE_CHECKING

import pytest
import typer.main
import typer.testing
from hypothesis import settings

from tests.environment import Environment, new_environment

if TYPE_CHECKING:
    from pathlib import Path

# A shell starts what it sends to the background with SIGINT ignored, and every process of a test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Typer would put all commands together anew for each command line, which takes a fifth of the time of all tests.
vars(typer.testing)["_get_command"] = functools.cache(typer.main.get_command)

# A test that takes a share of the profile's examples grows with it: `HYPOTHESIS_PROFILE=ci pytest`.
settings.register_profile("fast", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    """An empty environment."""
    return new_environment(tmp_path)
