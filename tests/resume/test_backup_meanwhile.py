"""A backup taken at any moment of a run is one of a moment; a restore that is killed anywhere is made again."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, new_environment
from tests.resume.drops import FIRST, SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Row
    from tests.resume.processes import Zygote


def words(env: Environment) -> tuple[str, ...]:
    return ("run", "--source", str(env.source), "--max-rejects", "60%")


def rows(env: Environment) -> list[Row]:
    return env.database("select * from sales order by store, dept, date") + env.database("select * from stores")


@pytest.fixture(scope="module")
def before(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One delivery that was run, and one that waits."""
    env = new_environment(tmp_path_factory.mktemp("before"))
    env.write(FIRST)
    assert zygote.start(env, *words(env)).wait() == 0
    env.write(SECOND)
    return env


@pytest.fixture(scope="module")
def after(zygote: Zygote, before: Environment) -> tuple[Environment, int]:
    """The same when both were run, and how many events that took."""
    env = replace(before, home=before.home.with_name("after"))
    shutil.copytree(before.home, env.home)
    return env, len(zygote.events(env, *words(env)))


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True], ids=["needed", "whole"])
@pytest.mark.parametrize("share", [0.05, 0.35, 0.65, 0.95])
def test_a_backup_taken_in_the_middle_of_a_run_goes_on_like_the_run(
    zygote: Zygote, before: Environment, after: tuple[Environment, int], tmp_path: Path, share: float, whole: bool
) -> None:
    env, (clean, events) = replace(before, home=tmp_path / "home"), after
    shutil.copytree(before.home, env.home)
    child = zygote.start(env, *words(env), last=round(share * events), number=signal.SIGSTOP)
    assert child.wait() == -signal.SIGSTOP
    backup = str(tmp_path / "b.tar")

    summary = env.stage("backup", backup, *["--whole"] * whole)
    child.signal(signal.SIGKILL)
    child.wait()

    assert summary["warnings"] == []
    other = replace(env, home=tmp_path / "other")
    other.stage("restore", backup)
    assert zygote.start(other, *words(other)).wait() == 0
    assert other.files() == clean.files()
    assert rows(other) == rows(clean)


@pytest.mark.slow
def test_a_restore_that_is_killed_leaves_what_was_there_or_is_made_again(
    zygote: Zygote, before: Environment, after: tuple[Environment, int], tmp_path: Path
) -> None:
    """Between the two no command takes the home for an environment."""
    clean, _events = after
    backup = str(tmp_path / "b.tar")
    clean.stage("backup", backup)
    trial = replace(before, home=tmp_path / "trial")
    shutil.copytree(before.home, trial.home)
    command = ("restore", backup, "--force")
    refusals = 0
    for at in range(0, len(zygote.events(trial, *command)), 11):
        env = replace(before, home=tmp_path / f"home-{at}")
        shutil.copytree(before.home, env.home)
        assert zygote.start(env, *command, last=at).wait() == -signal.SIGKILL
        outcome = env.command("runs")
        if outcome.exit_code == 0:
            there = env.files("lake/raw")
            assert there in (before.files("lake/raw"), clean.files("lake/raw"))
            assert env.stage("runs")["items"]
        else:
            assert "was stopped half way" in outcome.error
            assert "was stopped half way" in env.command("run").error
            refusals += 1
        env.stage("restore", backup, "--force")
        assert env.files("lake/raw") == clean.files("lake/raw")
        assert not [path for path in env.home.iterdir() if path.name.startswith(".")]
    assert refusals > 1
