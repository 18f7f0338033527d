"""A small chain whose runs are watched: its commands are processes of their own, which push what they did."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.monitoring.watching import clean_environment

if TYPE_CHECKING:
    from tests.services.monitoring.watching import Watch

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-c", "from retailstream.cli.app import main; main()"]
ENVIRONMENT = "shop/one two"
"""A name that no URL likes."""


@dataclass(frozen=True)
class Shop:
    """A source, a home, and where its runs push to."""

    source: Path
    home: Path
    gateway: str

    def __call__(self, *words: str, code: int = 0, **variables: str) -> str:
        """Run a command that ends with this exit code, and return what it printed on stdout and stderr."""
        command = [*PROGRAM, *words, "--home", str(self.home)]
        told = {"RETAILSTREAM__MONITORING__PUSHGATEWAY": self.gateway, "RETAILSTREAM__ENVIRONMENT": ENVIRONMENT}
        environment = clean_environment(RETAILSTREAM__SOURCE__PATH=str(self.source), **(told | variables))
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def shop(watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A chain that every kind of command has worked for, and that is healthy."""
    folder = tmp_path_factory.mktemp("shop")
    shop = Shop(folder / "drop", folder / "home", watch.gateway)
    shop("sample", str(shop.source), "--stores", "8", "--depts", "9", "--weeks", "60")
    for words in (["run"], ["run"], ["monitor", "--check"], ["forecast"], ["analyze", "all"], ["doctor"]):
        assert "did not reach" not in shop(*words)
    return shop
