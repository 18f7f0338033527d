"""Homes of earlier commits are brought forward; those of a newer version are refused, and stay as they are."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from retailstream.adapters.formats import DATABASE
from retailstream.adapters.state.sqlite import SCHEMA, STEPS
from retailstream.cli.app import app
from retailstream.cli.reference.commands import commands
from tests.environment import SALES, csv

if TYPE_CHECKING:
    from tests.environment import Environment

OLDER = Path(__file__).parent / "older_homes"
"""What `sqlite3 FILE .dump` says of the homes of commits, after two weeks and a discarded reject each."""

COMMITS = sorted(path.name for path in OLDER.iterdir() if path.name != "source")

APART = {"sample", "hive-ddl", "config show", "doctor", "analyze list"}
"""Commands that neither read nor write what a home remembers; `doctor` says of it what the others say."""

ARGUMENTS = {
    "sqoop": ["--table", "sales"],
    "quarantine show": ["1"],
    "quarantine replay": ["--file", __file__],
    "quarantine discard": ["1", "--reason", "why"],
    "quarantine withdraw": ["sales/week-1.csv", "--reason", "why"],
    "quarantine restore": ["1"],
    "runs show": ["1"],
    "backup": ["never.tar"],
    "restore": ["never.tar", "--force"],
}


def older(env: Environment, commit: str) -> None:
    """Make a home as a commit left it, but for the tables that are made again from raw files."""
    shutil.copytree(OLDER / "source", env.source, dirs_exist_ok=True)
    env.home.mkdir(exist_ok=True)
    for name in ("state", "retail"):
        with closing(sqlite3.connect(env.home / f"{name}.db", isolation_level=None)) as connection:
            connection.executescript((OLDER / commit / f"{name}.sql").read_text(encoding="utf-8"))
    for file, landing in {"sales/week-1.csv": 1, "sales/week-2.csv": 2, "stores/stores.csv": 1}.items():
        _raw(env, env.home / "lake" / "raw", file, landing)
    _raw(env, env.home / "features", "features/features.csv", 1)


def _raw(env: Environment, lake: Path, file: str, landing: int) -> None:
    dataset, name = file.split("/")
    target = lake / dataset / f"landing-{landing:06d}" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(env.source / file, target)


def format_of(env: Environment) -> int:
    with closing(sqlite3.connect(env.home / "state.db")) as connection:
        return int(connection.execute("pragma user_version").fetchone()[0])


@pytest.mark.parametrize("commit", COMMITS)
def test_the_home_of_an_earlier_commit_goes_on_with_all_it_knows(env: Environment, commit: str) -> None:
    older(env, commit)
    assert format_of(env) == 0
    env.write({"sales/week-3.csv": csv(SALES, "1,1,2010-02-19,12.00,FALSE")})

    summary = env.run()

    assert summary["datasets"]["sales"]["files_new"] >= 1
    assert [row[2:4] for row in env.database("select * from sales where dept = 1")] == [
        ("2010-02-05", 1000),
        ("2010-02-12", 1100),
        ("2010-02-19", 1200),
    ]
    assert [entry["state"] for entry in env.quarantine("--all")] == ["discarded"]
    assert env.failing() == []
    assert len({run["run_id"] for run in env.command("runs", "--limit", "-1", "--format", "json").document}) == 4
    assert format_of(env) == len(STEPS)
    assert env.database("select digest from retailstream_loads where table_name = ''") == [(str(DATABASE),)]
    assert env.run()["status"] == "noop"


def test_the_steps_lead_to_the_tables_that_a_new_memory_has(env: Environment) -> None:
    def shape(connection: sqlite3.Connection) -> set[tuple[object, ...]]:
        query = "select m.name, c.name, c.type, c.pk from sqlite_master m, pragma_table_info(m.name) c"
        return set(connection.execute(query))

    with closing(sqlite3.connect(":memory:")) as new:
        new.executescript("".join(SCHEMA))
        expected = shape(new)
    for commit in COMMITS:
        older(env, commit)
        env.command("runs")
        with closing(sqlite3.connect(env.home / "state.db")) as connection:
            assert {row for row in shape(connection) if row[0] != "landed_files_by_landing"} == expected
        shutil.rmtree(env.home)


@pytest.fixture
def newer(env: Environment) -> Environment:
    """A home that a newer version wrote, with its format still in the journal."""
    older(env, COMMITS[0])
    env.run()
    env.change_state(f"pragma user_version = {len(STEPS) + 1}")
    return env


def everything(env: Environment) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in env.home.rglob("*") if path.is_file()}


def test_a_newer_home_is_refused_by_every_command_and_stays_as_it_is(newer: Environment) -> None:
    before = everything(newer)
    found = [words.removeprefix("retailstream ") for words, _command in commands(get_command(app), "retailstream")]
    tried = [words for words in found if words not in APART | {"analyze", "quarantine", "config"}]
    assert len(tried) > 20
    for words in tried:
        outcome = newer.command(*words.split(), *ARGUMENTS.get(words, []))
        sentence = f"error: the home {newer.home} was written by a newer retailstream (format {len(STEPS) + 1}"
        assert (outcome.exit_code, outcome.error.split(";")[0]) == (1, sentence), words
    assert "FAILED" in newer.command("doctor").stdout.split("\n")[1]
    assert everything(newer) == before


def test_a_newer_database_is_refused_and_stays_as_it_is(env: Environment) -> None:
    env.write({"sales/week-1.csv": csv(SALES, "1,1,2010-02-05,10.00,FALSE")})
    env.run()
    env.change_database(f"update retailstream_loads set digest = '{DATABASE + 1}' where table_name = ''")
    env.write({"sales/week-3.csv": csv(SALES, "1,1,2010-02-19,12.00,FALSE")})
    before = (env.home / "retail.db").read_bytes()
    for words in (["load-rds"], ["sqoop"], ["monitor"], ["run", "--source", str(env.source)]):
        outcome = env.command(*words)
        assert outcome.exit_code == 1
        assert f"retail.db was written by a newer retailstream (format {DATABASE + 1}" in outcome.error
    assert (env.home / "retail.db").read_bytes() == before
