"""Two runs never work on one scope of an environment; whoever only reads is never kept waiting."""

from __future__ import annotations

import json
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.resume.drops import FIRST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Environment, Outcome
    from tests.resume.processes import Child, Zygote

RUN = ("run", "--run-id", "long", "--max-rejects", "60%", "--json")


def in_the_middle(zygote: Zygote, env: Environment, *words: str, event: str) -> Child:
    """Return a command that has stopped itself in the middle of its work, before such an event, and holds its locks."""
    child = zygote.start(env, *words, "--source", str(env.source), last=event, number=signal.SIGSTOP)
    assert child.wait() == -signal.SIGSTOP
    return child


@pytest.fixture
def holder(zygote: Zygote, env: Environment) -> Iterator[Child]:
    """A `run` at work."""
    env.write(FIRST)
    child = in_the_middle(zygote, env, *RUN, event="glue-merge duckdb")
    yield child
    try:
        child.signal(signal.SIGKILL)
    except ProcessLookupError:
        return
    child.wait()


def runs(env: Environment) -> list[tuple[object, ...]]:
    """Return the runs that the ledger lists, the oldest first."""
    entries = reversed(env.command("runs", "--format", "json").document)
    return [(entry["run_id"], entry["stage"], entry["status"], entry["exit_code"]) for entry in entries]


def refused(outcome: Outcome, holder: Child, env: Environment, scope: str) -> None:
    entry = next(entry for entry in env.command("runs", "show", "long", "--format", "json").document)
    error = outcome.document["error"]
    assert outcome.exit_code == 5
    assert error == (
        f"run long ({entry['stage']}, process {holder.pid} on {socket.gethostname()}, since {entry['started_at']})"
        f" is working on the {scope} of this environment"
        " (hint: wait until it has ended, then run the same command again)"
    )
    assert outcome.document["status"] == "failed"
    assert outcome.stderr.startswith("error: run long (")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "scope"),
    [
        ("run", "sales-and-stores"),
        ("ingest", "sales-and-stores"),
        ("glue-merge", "sales-and-stores"),
        ("load-rds", "sales-and-stores"),
        ("sqoop", "sales-and-stores"),
        ("features", "features"),
    ],
)
def test_the_second_of_two_ends_with_5_and_names_the_first(
    holder: Child, env: Environment, command: str, scope: str
) -> None:
    source = ["--source", str(env.source)] if command in {"run", "ingest", "features"} else []

    refused(env.command(command, *source, "--run-id", "second", "--json"), holder, env, scope)

    assert ("second", command, "failed", 5) in runs(env)


def test_the_first_of_two_ends_as_if_the_second_had_not_been(holder: Child, env: Environment) -> None:
    assert env.command("run", "--source", str(env.source)).exit_code == 5
    holder.signal(signal.SIGCONT)

    outcome = holder.outcome()

    assert outcome.exit_code == 0, outcome.stderr
    failing = [check["name"] for check in outcome.document["health"]["checks"] if check["state"] == "fail"]
    assert (outcome.document["status"], failing) == ("ok", [])
    assert env.command("run", "--source", str(env.source), "--max-rejects", "60%").exit_code == 0


@pytest.mark.parametrize(
    ("first", "second", "scope"),
    [
        (("features",), ("glue-merge",), "features"),
        (("ingest",), ("features", "--max-rejects", "60%", "--source"), "sales-and-stores"),
    ],
)
def test_features_and_sales_do_not_wait_for_each_other(
    zygote: Zygote, env: Environment, first: tuple[str, ...], second: tuple[str, ...], scope: str
) -> None:
    env.write(FIRST)
    child = in_the_middle(
        zygote, env, *first, "--run-id", "long", event="_manifest.json" if first == ("features",) else "landing-000001"
    )
    rest = [str(env.source)] if second[-1] == "--source" else []

    assert env.command(*second, *rest).exit_code == 0
    refused(env.command("run", "--source", str(env.source), "--json"), child, env, scope)

    child.signal(signal.SIGKILL)
    child.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("analyze", "monthly-sales"),
        ("monitor",),
        ("runs",),
        ("quarantine", "list"),
        ("doctor",),
        ("config", "show"),
        ("analyze", "list"),
        ("run", "--dry-run", "--source"),
    ],
    ids=" ".join,
)
def test_whoever_only_reads_is_not_kept_waiting(holder: Child, env: Environment, words: tuple[str, ...]) -> None:
    rest = [str(env.source)] if words[-1] == "--source" else []
    assert env.command(*words, *rest).exit_code == 0


@pytest.mark.slow
def test_the_lock_of_a_dead_run_is_free_at_once_and_the_next_one_says_it_was_killed(
    holder: Child, env: Environment
) -> None:
    holder.signal(signal.SIGKILL)
    assert holder.wait() == -signal.SIGKILL
    left = [("run", "running", None), ("ingest", "ok", 0), ("glue-merge", "running", None)]
    assert [run[1:] for run in runs(env)] == left

    assert env.command(*RUN, "--source", str(env.source)).exit_code == 0

    ended = runs(env)
    assert [run[1:] for run in ended[:3]] == [
        ("run", "killed", None),
        ("ingest", "ok", 0),
        ("glue-merge", "killed", None),
    ]
    assert {run[2] for run in ended[3:]} <= {"ok", "noop"}
    attempts = {entry["attempt"] for entry in env.command("runs", "--format", "json").document}
    assert attempts == {1, 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_a_signal_ends_a_run_in_order(
    holder: Child, env: Environment, number: signal.Signals, code: int, word: str
) -> None:
    holder.signal(number)
    holder.signal(signal.SIGCONT)

    outcome = holder.outcome()

    assert outcome.exit_code == code
    assert outcome.stderr.startswith(f"error: {word}; the same command takes up where this one stopped")
    assert "Traceback" not in outcome.stderr
    assert len(outcome.stdout.splitlines()) == 1
    assert (outcome.document["stage"], outcome.document["status"]) == ("run", "failed")
    assert outcome.document["stages"][-1]["status"] == "failed"
    assert outcome.document["error"] == f"{word}; the same command takes up where this one stopped"
    assert {run[2:] for run in runs(env) if run[1] == "run"} == {("failed", code)}
    assert "running" not in {run[2] for run in runs(env)}
    assert list((env.home / "locks").glob("*.json")) == []
    assert env.command(*RUN, "--source", str(env.source)).exit_code == 0
    assert json.loads((env.home / "lake/clean/sales/_manifest.json").read_text())["partitions"]
