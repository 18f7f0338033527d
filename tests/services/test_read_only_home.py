"""A home on a file system where nothing can be written, as an analyst may see that of somebody else."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.environment import Environment, Outcome, new_environment
from tests.services.servers import own_mounts

PROGRAM = Path(sys.executable).parent / "retailstream"
READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"'


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment after a run that has rejected something."""
    env = new_environment(tmp_path_factory.mktemp("chain"))
    env.command("sample", str(env.source), "--stores", "2", "--depts", "2", "--weeks", "60", "--dirty", "0.02")
    env.run("--max-rejects", "100%")
    return env


def read_only(env: Environment, *words: str) -> Outcome:
    """Run a command that sees the home without being able to write there."""
    command: list[str | Path] = [
        own_mounts(),
        "--mount",
        "sh",
        "-euc",
        READ_ONLY,
        "sh",
        env.home,
        PROGRAM,
        *words,
        *env.options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "--format", "json"),
        ("quarantine", "list", "--format", "json"),
        ("monitor", "--check"),
        ("analyze", "holiday-sales", "--format", "csv"),
        ("config", "show"),
    ],
    ids=" ".join,
)
def test_whoever_only_reads_needs_no_right_to_write(env: Environment, words: tuple[str, ...]) -> None:
    usual = env.command(*words)
    assert usual.stdout
    found = read_only(env, *words)
    assert (found.exit_code, found.stdout) == (usual.exit_code, usual.stdout)


def test_what_a_run_at_work_has_just_written_is_seen(env: Environment) -> None:
    with closing(sqlite3.connect(env.home / "state.db", isolation_level=None)) as at_work:
        at_work.execute("begin")
        at_work.execute("update runs set status = 'new'")
        at_work.execute("commit")
        assert {entry["status"] for entry in read_only(env, "runs", "--format", "json").document} == {"new"}
        at_work.execute("update runs set status = 'ok'")


def test_whoever_writes_is_told_what_to_mend(env: Environment) -> None:
    before = env.files(".")
    spoilt = env.quarantine()[0]["id"]
    for words in (("run", "--source", "."), ("quarantine", "discard", spoilt, "--reason", "x")):
        found = read_only(env, *words)
        assert (found.exit_code, "attempt to write a readonly database" in found.error) == (1, True), found.stderr
        assert "hint: mend its folder (space, permissions)" in found.stderr
    assert env.files(".") == before
