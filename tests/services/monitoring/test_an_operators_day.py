"""The operator's tutorial, word by word, with servers of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.steps import ROOT, try_word_by_word, with_commands
from tests.services.servers import package

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("installed")
def test_an_operators_day_word_by_word(tmp_path: Path) -> None:
    package("supervisor")
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    environment = with_commands(tmp_path / "bin") | {
        "CHECKOUT": str(checkout),
        "RETAILSTREAM_STACK": str(checkout / ".stack"),
    }
    stack = [sys.executable, "-m", "stack"]
    subprocess.run([*stack, "up", "prometheus"], cwd=ROOT, env=environment, check=True, capture_output=True)
    try:
        assert try_word_by_word(ROOT / "docs/tutorial/an-operators-day.md", tmp_path / "mine", environment) > 8
    finally:
        subprocess.run([*stack, "down"], cwd=ROOT, env=environment, check=True, capture_output=True)
