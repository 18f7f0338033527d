"""Killed at any moment: readers see the old data or the new, and the same command ends as if nothing had been."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from retailstream.stages import ORDER
from tests.environment import SALES, Environment, csv, new_environment
from tests.resume.drops import FIRST, SECOND
from tests.resume.processes import RACES, Moment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Row, Summary
    from tests.resume.processes import Event, Zygote

DROPS = ("first", "second")
STEPS = max(2, settings().max_examples // 50)

KILLS = int(os.environ.get("RETAILSTREAM_KILLS", "6"))
"""How many runs are killed at random; `make test-kills` says another number."""

SEED = int(os.environ.get("SEED", "0"))
"""The seed of the first of them."""


def shares(steps: int) -> list[float]:
    """Return where in a stage's work a run is killed, from its first event to its last: 2 → 0.25 and 0.75."""
    return [(step + 0.5) / steps for step in range(steps)]


POINTS = [
    pytest.param(name, stage, share, marks=[] if (name, share) == ("second", shares(STEPS)[0]) else pytest.mark.slow)
    for name, steps in (("first", STEPS - 1), ("second", STEPS))
    for stage in (*ORDER, "around")
    for share in shares(steps)
]
"""Where a run is killed; one point a stage is for the fast tests."""


@dataclass(frozen=True)
class Content:
    """What can be read of a home: the rows of the database's tables, the manifests, and the months' sales."""

    tables: dict[str, list[Row] | None]
    manifests: dict[str, bytes]
    answer: str


@dataclass(frozen=True)
class Drop:
    """A delivery to an environment, and what a run over it leaves where nothing goes wrong."""

    before: Environment
    after: Environment
    seconds: float
    events: list[Event]
    old: Content
    new: Content

    def into(self, folder: Path) -> Environment:
        """Return a copy of the environment to which the delivery has just come."""
        if self.before.home.exists():
            shutil.copytree(self.before.home, folder / "home")
        return Environment(self.before.source, folder / "home")


def words(env: Environment) -> list[str]:
    return ["run", "--source", str(env.source), "--max-rejects", "60%", "--json"]


def manifests(env: Environment) -> dict[str, bytes]:
    return {name: data for name, data in env.files().items() if name.endswith("_manifest.json")}


def tables(env: Environment) -> dict[str, list[Row] | None]:
    """Return the rows of each table of the database, or None for one that is not there."""
    path = env.home / "retail.db"
    found: dict[str, list[Row] | None] = dict.fromkeys(("sales", "stores", "retailstream_loads"))
    if path.exists():
        with closing(sqlite3.connect(path)) as connection:
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                found[name] = connection.execute(f"select * from {name} order by 1, 2, 3").fetchall()
    return found


def answer(zygote: Zygote, env: Environment) -> str:
    asked = zygote.start(env, "analyze", "monthly-sales", "--format", "json").outcome()
    assert asked.exit_code == 0, asked.stderr
    return asked.stdout


def content(zygote: Zygote, env: Environment) -> Content:
    return Content(tables(env), manifests(env), answer(zygote, env))


def delivered(zygote: Zygote, folder: Path, name: str) -> Drop:
    before = new_environment(folder)
    before.write(FIRST)
    old = Content(dict.fromkeys(("sales", "stores", "retailstream_loads")), {}, "[]\n")
    if name == "second":
        assert zygote.start(before, *words(before)).wait() == 0
        old = content(zygote, before)
        before.write(SECOND)
    (folder / "clean").mkdir()
    after = Environment(before.source, folder / "clean" / "home")
    if before.home.exists():
        shutil.copytree(before.home, after.home)
    clock = time.monotonic()
    events = zygote.events(after, *words(after))
    return Drop(before, after, time.monotonic() - clock, events, old, content(zygote, after))


@pytest.fixture(scope="module")
def drops(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Drop]:
    return {name: delivered(zygote, tmp_path_factory.mktemp(name), name) for name in DROPS}


def assert_readers_see_old_or_new(zygote: Zygote, drop: Drop, env: Environment) -> None:
    """Read a copy, so that the run which comes next finds what the killed one left, and not what a reader mended."""
    if not env.home.exists():
        return
    copy = replace(env, home=env.home.with_name("copy"))
    shutil.copytree(env.home, copy.home)
    found = content(zygote, copy)
    assert found.tables in (drop.old.tables, drop.new.tables)
    assert found.answer in (drop.old.answer, drop.new.answer)
    files = copy.files()
    for name, data in found.manifests.items():
        root, partitions = "/".join(name.split("/")[:-2]), json.loads(data)["partitions"]
        first = name not in drop.old.manifests and not partitions
        assert first or data in (drop.old.manifests.get(name), drop.new.manifests[name])
        for partition in partitions.values():
            assert hashlib.sha256(files[f"{root}/{partition['file']}"]).hexdigest() == partition["sha256"]
    look = zygote.start(copy, "monitor", "--json").outcome()
    assert look.exit_code == 0, look.stderr
    shutil.rmtree(copy.home)


def assert_as_if_never_killed(drop: Drop, env: Environment) -> None:
    assert env.files() == drop.after.files()
    assert tables(env) == drop.new.tables
    assert rejects(env) == rejects(drop.after)
    assert landings(env) == landings(drop.after)


def rejects(env: Environment) -> list[Row]:
    return state(env, "select id, dataset, file, record, rule, column_name, value, raw, state from quarantine")


def landings(env: Environment) -> list[Row]:
    return state(env, "select * from landed_files natural join (select scope, landing, complete from landings)")


def state(env: Environment, query: str) -> list[Row]:
    with closing(sqlite3.connect(env.home / "state.db")) as connection:
        return sorted(connection.execute(query).fetchall(), key=str)


def kill(zygote: Zygote, env: Environment, at: int | Moment, *, events: int = 0) -> None:
    """Kill a run; one that is to be killed just before the end of so many events may have a few fewer, and end."""
    code = zygote.start(env, *words(env), last=at).wait()
    ended = isinstance(at, int) and at >= events - RACES > 0 and code == 0
    assert ended or code == -signal.SIGKILL


def finish(zygote: Zygote, drop: Drop, env: Environment) -> None:
    outcome = zygote.start(env, *words(env)).outcome()
    assert outcome.exit_code == 0, outcome.stderr
    assert failing(outcome.document) == ([] if drop.old.tables["sales"] is None else ["open_quarantined_files"])
    assert_as_if_never_killed(drop, env)


def failing(summary: Summary) -> list[str]:
    return [check["name"] for check in summary["health"]["checks"] if check["state"] == "fail"]


def points(drop: Drop, stage: str) -> list[int]:
    return [place for place, event in enumerate(drop.events) if event.stage == stage]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "stage", "share"), POINTS)
def test_a_run_killed_in_any_stage_ends_as_if_it_had_not_been(
    zygote: Zygote, drops: dict[str, Drop], tmp_path: Path, name: str, stage: str, share: float
) -> None:
    drop, env = drops[name], drops[name].into(tmp_path)
    found = points(drop, stage)

    kill(zygote, env, found[round(share * (len(found) - 1))])

    assert_readers_see_old_or_new(zygote, drop, env)
    finish(zygote, drop, env)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEED, SEED + KILLS))
def test_a_run_killed_at_random_ends_as_if_it_had_not_been(
    zygote: Zygote, drops: dict[str, Drop], tmp_path: Path, seed: int
) -> None:
    """Any event of any delivery; every third run that is to mend what a killed one left is killed as well."""
    chance = random.Random(seed)
    name = chance.choice(DROPS)
    drop, env = drops[name], drops[name].into(tmp_path)

    kill(zygote, env, chance.randrange(len(drop.events)), events=len(drop.events))
    while chance.random() < 1 / 3:
        assert zygote.start(env, *words(env), last=chance.randrange(len(drop.events))).wait() in (-signal.SIGKILL, 0)

    assert_readers_see_old_or_new(zygote, drop, env)
    finish(zygote, drop, env)
    shutil.rmtree(tmp_path)


def turning(events: list[Event], stage: str, later: int) -> Moment:
    """Return the moment at which the new data of a stage becomes the data, or so many events later."""
    ending = {"ingest": "commit", "load-rds": "commit"}.get(stage, "_manifest.json")
    times = sum(event.stage == stage and event.detail.endswith(ending) for event in events)
    return Moment(stage, ending, times - 1, later)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["glue-merge", "features", "sqoop"])
def test_a_first_version_that_is_stopped_twice_leaves_no_files_without_a_manifest(
    zygote: Zygote, drops: dict[str, Drop], tmp_path: Path, stage: str
) -> None:
    """Stopped before the first manifest has its name, and again as a file has its own and no version names it."""
    drop, env = drops["first"], drops["first"].into(tmp_path)
    named = next(
        e.detail for e in drop.events if e.stage == stage and (e.kind, e.detail[-8:]) == ("os.rename", ".parquet")
    )

    kill(zygote, env, Moment(stage, "_manifest.json.part", nth=1))
    assert_readers_see_old_or_new(zygote, drop, env)
    kill(zygote, env, Moment(stage, named.rpartition("/")[2], later=1))

    assert_readers_see_old_or_new(zygote, drop, env)
    finish(zygote, drop, env)


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 1], ids=["before", "after"])
@pytest.mark.parametrize("stage", ORDER)
def test_a_run_killed_just_before_and_after_publishing_ends_as_if_it_had_not_been(
    zygote: Zygote, drops: dict[str, Drop], tmp_path: Path, stage: str, step: int
) -> None:
    drop, env = drops["second"], drops["second"].into(tmp_path)

    kill(zygote, env, turning(drop.events, stage, step))

    if stage == "load-rds":
        assert tables(replace(env, home=shutil.copytree(env.home, tmp_path / "read"))) == (
            drop.new.tables if step else drop.old.tables
        )
    assert_readers_see_old_or_new(zygote, drop, env)
    finish(zygote, drop, env)


@pytest.mark.slow
@pytest.mark.parametrize("name", DROPS)
def test_a_run_killed_again_and_again_gets_through_at_last(
    zygote: Zygote, drops: dict[str, Drop], tmp_path: Path, name: str
) -> None:
    drop, env = drops[name], drops[name].into(tmp_path)
    kills = 0
    for at in count(40, 55):
        if zygote.start(env, *words(env), last=at).wait() == 0:
            break
        kills += 1

    assert kills >= 3
    assert_as_if_never_killed(drop, env)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_run_killed_from_outside_ends_as_if_it_had_not_been(
    zygote: Zygote, drops: dict[str, Drop], tmp_path: Path, share: float
) -> None:
    drop, env = drops["second"], drops["second"].into(tmp_path)
    child = zygote.start(env, *words(env))
    time.sleep(share * drop.seconds)
    child.signal(signal.SIGKILL)
    assert child.wait() in (-signal.SIGKILL, 0)  # a busy machine may be quick for once

    assert_readers_see_old_or_new(zygote, drop, env)
    finish(zygote, drop, env)


def test_what_came_after_a_landing_that_was_stopped_comes_later_than_it(
    zygote: Zygote, drops: dict[str, Drop], tmp_path: Path
) -> None:
    drop = drops["first"]
    env = Environment(shutil.copytree(drop.before.source, tmp_path / "source"), tmp_path / "home")
    listed = next(event.detail for event in drop.events if event.detail.startswith("insert into landed_files"))
    kill(zygote, env, Moment("ingest", listed, later=2))  # the list is committed, and no byte has moved
    env.write({"sales/2010-01.csv": csv(SALES, "1,1,2010-02-05,1.00,FALSE")})  # by its name it would be first

    assert zygote.start(env, *words(env)).wait() == 0

    assert env.database("select weekly_sales_cents from sales where dept = 1 and date = '2010-02-05'") == [(100,)]
    assert (1, 1, 2, "sales/2010-01.csv", 1) in [(*row[:2], *row[-3:]) for row in env.clean("sales")]
