"""A signal at any moment of Spark's start: one sentence, the exit code of the signal, and no JVM that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.engine.spark_starting import _descendants
from tests.environment import SALES, STORES, csv
from tests.processes import is_alive, wait_until
from tests.services.servers import package, program

if TYPE_CHECKING:
    from tests.environment import Environment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _spark() -> None:
    package("pyspark")
    program("java")


@pytest.fixture
def landed(env: Environment) -> Environment:
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE"), "stores/s.csv": csv(STORES, "1,A,2")})
    env.stage("ingest", "--source", str(env.source))
    return env


@pytest.mark.parametrize("seconds", [0, 0.7, 1.5, 2.5])
@pytest.mark.parametrize(
    ("number", "whole", "told"),
    [
        (signal.SIGINT, False, "error: interrupted; "),
        (signal.SIGINT, True, "error: interrupted; "),  # as a terminal sends it
        (signal.SIGTERM, False, "error: terminated; "),
    ],
    ids=["int", "terminal", "term"],
)
def test_a_signal_while_spark_starts_is_one_sentence(
    landed: Environment, number: signal.Signals, whole: bool, told: str, seconds: float
) -> None:
    command = [sys.executable, "-m", "retailstream", "glue-merge", "--engine", "spark", *landed.options]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            started = wait_until(lambda: _descendants(process.pid))
            time.sleep(seconds)
            started |= _descendants(process.pid)
            (os.killpg if whole else os.kill)(process.pid, number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 128 + number, err
    assert (out, err.count("\n"), err.startswith(told)) == ("", 1, True), err
    wait_until(lambda: not any(map(is_alive, started)))
    assert landed.stage("glue-merge")["status"] == "ok"
