"""`monitor --watch` and `monitor --serve`: they go on until they are stopped, and end well."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from retailstream.stages import ORDER
from tests.environment import copied
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.environment import Environment

PROGRAM = [sys.executable, "-c", "from retailstream.cli.app import main; main()"]
PATIENCE = 60


@pytest.fixture
def env(small: Environment, tmp_path: Path) -> Environment:
    return copied(small, tmp_path)


@contextmanager
def started(env: Environment, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command at work, stopped at the end whatever happens."""
    command = [*PROGRAM, "monitor", *words, *env.options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.fullmatch(r"metrics are at (http://127\.0\.0\.1:\d+/metrics)\n", line)
    assert found, line
    return found[1]


def scraped(address: str) -> dict[tuple[str, str], float]:
    """Return the figures with no labels of their own by stage and name."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.labels["stage"], sample.name): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.keys() == {"environment", "stage"}
    }


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_an_exporter_serves_health_and_last_runs_until_it_is_stopped(env: Environment, number: int) -> None:
    with started(env, "--serve", "0", "--every", "0.2") as process:
        address = address_of(process)
        wait_until(lambda: scraped(address))
        found = scraped(address)
        assert {found[stage, "retailstream_last_run_exit_code"] for stage in (*ORDER, "run")} == {0}
        assert found["sqoop", "retailstream_last_success_timestamp_seconds"] <= time.time()
        assert found["monitor", "retailstream_look_failed"] == 0
        assert found["monitor", "retailstream_sales_dollars"] > 0

        env.write({"sales/late.csv": "Store"})
        raw = env.home / "lake" / "raw" / "sales"
        raw.rename(raw.with_name("elsewhere"))
        raw.write_text("a file where a folder should be")
        env.stage("ingest", "--source", str(env.source), code=1)
        env.change_database("delete from sales")
        wait_until(lambda: scraped(address).get(("monitor", "retailstream_healthy")) == 0)
        wait_until(lambda: scraped(address)["ingest", "retailstream_last_run_exit_code"] == 1)

        process.send_signal(number)
        assert process.wait(timeout=PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.slow
def test_an_exporter_goes_on_where_a_look_fails(env: Environment) -> None:
    with started(env, "--serve", "127.0.0.1:0", "--every", "0.2", "-q") as process:
        address = address_of(process)
        wait_until(lambda: scraped(address).get(("monitor", "retailstream_look_failed")) == 0)
        manifest = env.home / "lake/clean/sales/_manifest.json"
        text = manifest.read_text()
        manifest.write_text("{")
        wait_until(lambda: scraped(address).get(("monitor", "retailstream_look_failed")) == 1)
        assert ("sqoop", "retailstream_last_run_exit_code") in scraped(address)
        manifest.write_text(text)
        wait_until(lambda: scraped(address).get(("monitor", "retailstream_look_failed")) == 0)


@pytest.mark.parametrize("address", ["99999", "x", "127.0.0.1", "127.0.0.1:x", ""])
def test_an_address_that_is_none_is_told(env: Environment, address: str) -> None:
    outcome = env.command("monitor", "--serve", address)
    assert (outcome.exit_code, outcome.error) == (2, f"error: --serve {address} is no port")


def test_a_port_that_is_taken_is_told(env: Environment) -> None:
    with started(env, "--serve", "0") as process:
        port = address_of(process).split(":")[2].removesuffix("/metrics")
        outcome = env.command("monitor", "--serve", port)
        assert outcome.exit_code == 2
        assert outcome.error == f"error: nothing can listen on 127.0.0.1:{port}: Address already in use"


@pytest.mark.parametrize("words", [("--check", "--watch"), ("--watch", "--serve", "0"), ("--check", "--serve", "0")])
def test_modes_exclude_each_other(env: Environment, words: tuple[str, ...]) -> None:
    outcome = env.command("monitor", *words)
    assert (outcome.exit_code, outcome.error) == (2, "error: --check, --watch and --serve exclude each other")


def test_watching_into_a_pipe_prints_a_table_a_look(env: Environment) -> None:
    with started(env, "--watch", "--every", "0.1") as process:
        assert process.stdout is not None
        text = ""
        while len(re.findall(r"^\d\d:\d\d:\d\d ", text, re.MULTILINE)) < 3:
            text += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
    assert text.count("state  check") == 3


def test_watching_as_json_is_an_object_a_look(env: Environment) -> None:
    with started(env, "--watch", "--every", "0.1", "--json") as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
    assert [line["stage"] for line in lines] == ["monitor"] * 2
    assert len(lines[0]["checks"]) > 20


def test_watching_on_a_terminal_refreshes_in_place_and_ctrl_c_ends_it_well(env: Environment) -> None:
    """The terminal is a real one, as far as the command can tell."""
    master, slave = pty.openpty()
    command = [*PROGRAM, "monitor", "--watch", "--every", "0.2", *env.options]
    variables = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "60"}
    screen = bytearray()
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=variables) as process:
        os.close(slave)
        try:
            wait_until(lambda: read(master, screen) and screen.count(b"reconcile_sales_database") >= 3)
            process.send_signal(signal.SIGINT)
            wait_until(lambda: not read(master, screen) or process.poll() is not None)
            assert process.wait(timeout=PATIENCE) == 0
        finally:
            process.kill()
    os.close(master)
    assert b"\x1b[1A" in screen  # the cursor goes up: the table is drawn over
    assert b"Traceback" not in screen


def read(terminal: int, screen: bytearray) -> bool:
    """Read what a terminal has, if anything; say whether anybody still writes to it."""
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            screen += os.read(terminal, 65536)
        except OSError:  # the other end is closed
            return False
    return True
