"""A withdrawal, and the run that carries it out, killed at any moment: the same commands again end as if nothing had been."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, new_environment
from tests.resume.drops import FIRST, SECOND
from tests.resume.test_killed import rejects, tables, turning, words

if TYPE_CHECKING:
    from pathlib import Path

    from tests.resume.processes import Event, Zygote

WITHDRAWAL = ("quarantine", "withdraw", "sales/late.csv:1", "sales/2010-04.csv", "features/late.csv", "--reason", "no")
STAGES = ("glue-merge", "load-rds", "features", "sqoop")
POINTS = [
    pytest.param(stage, share, marks=[] if share == 0.5 else pytest.mark.slow)
    for stage in STAGES
    for share in (0.1, 0.5, 0.9, 1)
]


@dataclass(frozen=True)
class Case:
    """A home in which rows were superseded, and what a withdrawal of those that did it leaves."""

    before: Environment
    after: Environment
    withdrawing: list[Event]
    running: list[Event]

    def into(self, folder: Path) -> Environment:
        """Return a copy of the home."""
        return Environment(self.before.source, shutil.copytree(self.before.home, folder / "home"))


@pytest.fixture(scope="module")
def case(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("withdrawal")
    before = new_environment(folder)
    for drop in (FIRST, SECOND):
        before.write(drop)
        assert zygote.start(before, *words(before)).wait() == 0
    (folder / "after").mkdir()
    after = Environment(before.source, shutil.copytree(before.home, folder / "after" / "home"))
    withdrawing = zygote.events(after, *WITHDRAWAL)
    running = zygote.events(after, *words(after))
    assert after.files() != before.files()
    assert ("sales/2010-02.csv", "superseded", "lapsed") in {(row[2], row[4], row[8]) for row in rejects(after)}
    return Case(before, after, withdrawing, running)


def finish(zygote: Zygote, case: Case, env: Environment) -> None:
    for line in (WITHDRAWAL, words(env)):
        outcome = zygote.start(env, *line).outcome()
        assert outcome.exit_code == 0, outcome.stderr
    assert env.files() == case.after.files()
    assert tables(env) == tables(case.after)
    assert rejects(env) == rejects(case.after)


@pytest.mark.parametrize("share", [0.2, pytest.param(0.5, marks=pytest.mark.slow), 0.8, 1])
def test_a_withdrawal_that_is_killed_is_made_by_the_same_command(
    zygote: Zygote, case: Case, tmp_path: Path, share: float
) -> None:
    env = case.into(tmp_path)
    last = len(case.withdrawing) - 1
    code = zygote.start(env, *WITHDRAWAL, last=round(share * last)).wait()
    assert code == -signal.SIGKILL or (share, code) == (1, 0)  # it may have an event fewer, as threads race
    finish(zygote, case, env)


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "share"), POINTS)
def test_a_run_that_carries_out_a_withdrawal_may_be_killed(
    zygote: Zygote, case: Case, tmp_path: Path, stage: str, share: float
) -> None:
    env = case.into(tmp_path)
    assert zygote.start(env, *WITHDRAWAL).wait() == 0
    found = [place for place, event in enumerate(case.running) if event.stage == stage]
    at = found[round(share * (len(found) - 1))]
    assert zygote.start(env, *words(env), last=at).wait() == -signal.SIGKILL
    finish(zygote, case, env)


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 1], ids=["before", "after"])
def test_a_run_killed_around_the_manifest_lapses_what_its_table_no_longer_meets(
    zygote: Zygote, case: Case, tmp_path: Path, step: int
) -> None:
    env = case.into(tmp_path)
    assert zygote.start(env, *WITHDRAWAL).wait() == 0
    at = turning(case.running, "glue-merge", step)
    assert zygote.start(env, *words(env), last=at).wait() == -signal.SIGKILL
    finish(zygote, case, env)
