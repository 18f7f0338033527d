"""What is at a place and not ours is refused before anything of it is touched, with the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.environment import FEATURES, SALES, STORES, csv

if TYPE_CHECKING:
    from tests.environment import Environment

TWINS = (
    "create table Twin (id integer primary key, shop text); insert into Twin values (1, 'Twin');"
    "create table other (id integer primary key, shop text); insert into other values (2, 'other')"
)


@pytest.fixture
def twins(env: Environment) -> Environment:
    env.home.mkdir()
    env.change_database(TWINS)
    return env


def filled(env: Environment, *names: str) -> dict[str, bytes]:
    """Put somebody's files below the home, and return them by name."""
    for name in names:
        (env.home / name).parent.mkdir(parents=True, exist_ok=True)
        (env.home / name).write_bytes(b"theirs")
    return dict.fromkeys(names, b"theirs")


def left(env: Environment, files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: (env.home / name).read_bytes() for name in files if (env.home / name).exists()}


def start(env: Environment) -> None:
    env.write(
        {
            "sales/a.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE"),
            "stores/a.csv": csv(STORES, "1,A,7"),
            "features/a.csv": csv(FEATURES, "1,2010-02-05,42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"),
        }
    )


# sqoop --table


def test_a_folder_of_others_is_no_target_unless_it_is_adopted(twins: Environment) -> None:
    theirs = filled(twins, "warehouse/twin/part-00000.parquet", "warehouse/twin/notes/read me.txt")

    for words in ((), ("--dry-run",), ("--incremental", "append", "--check-column", "id")):
        outcome = twins.command("sqoop", "--table", "Twin", *words)
        assert outcome.exit_code == 2
        assert "error: 'twin/' in file://" in outcome.error
        assert "holds files that are not ours, such as 'twin/notes/read me.txt'" in outcome.error
        assert "--target" in outcome.stderr
        assert "--adopt" in outcome.stderr
        assert left(twins, theirs) == theirs

    assert twins.stage("sqoop", "--table", "Twin", "--target", "ours")["status"] == "ok"
    assert twins.stage("sqoop", "--table", "Twin", "--adopt", "--dry-run")["files_new"] == 1
    assert left(twins, theirs) == theirs
    assert twins.stage("sqoop", "--table", "Twin", "--adopt")["status"] == "ok"
    assert left(twins, theirs) == {}
    assert twins.stage("sqoop", "--table", "Twin")["status"] == "noop"


def test_two_sources_do_not_replace_each_other(twins: Environment) -> None:
    twins.stage("sqoop", "--table", "Twin", "--target", "shared")
    before = twins.files("warehouse")

    for words in ((), ("--columns", "id")):
        outcome = twins.command("sqoop", "--table", "other", "--target", "shared", *words)
        assert outcome.exit_code == 2
        assert f"table 'shared' in {twins.home / 'warehouse'}" in outcome.error.replace("file://", "")
        assert "is a copy of table 'twin' in sqlite:///" in outcome.error
        assert "--adopt" in outcome.stderr
    assert twins.files("warehouse") == before

    assert twins.stage("sqoop", "--table", "other", "--target", "shared", "--adopt")["status"] == "ok"
    assert twins.stage("sqoop", "--table", "other", "--target", "shared")["status"] == "noop"
    assert twins.stage("sqoop", "--table", "Twin", "--target", "shared", code=2)["error"]


def test_one_source_may_be_asked_otherwise(twins: Environment) -> None:
    twins.stage("sqoop", "--table", "Twin")
    assert twins.stage("sqoop", "--table", "Twin", "--columns", "shop")["status"] == "ok"
    assert twins.stage("sqoop", "--table", "TWIN", "--where", "id > 0")["status"] == "ok"  # SQLite knows no case


def test_a_table_that_lost_its_manifest_is_copied_anew(twins: Environment) -> None:
    twins.stage("sqoop", "--table", "Twin")
    before = twins.files("warehouse")
    (twins.home / "warehouse/twin/_manifest.json").unlink()
    assert twins.stage("sqoop", "--table", "Twin")["status"] == "ok"
    assert twins.files("warehouse") == before


# The pipeline


@pytest.mark.parametrize(
    ("place", "stage"),
    [
        ("lake/clean/sales/month=2010-02/part-00000.parquet", "glue-merge"),
        ("lake/clean/stores/stores.csv", "glue-merge"),
        ("warehouse/features/part-00000.parquet", "features"),
        ("warehouse/sales/part-00000.parquet", "sqoop"),
        ("warehouse/stores/2010/stores.parquet", "sqoop"),
    ],
)
def test_no_stage_sweeps_what_others_left_where_its_table_is_to_be(env: Environment, place: str, stage: str) -> None:
    start(env)
    theirs = filled(env, place)

    summary = env.run(code=2)

    assert summary["stages"][-1]["stage"] == stage
    assert (
        f"holds files that are not ours, such as '{place.partition('/')[2].removeprefix('clean/')}'" in summary["error"]
    )
    assert left(env, theirs) == theirs
    (env.home / place).unlink()
    assert env.run()["status"] == "ok"
    assert env.failing() == []


def test_answers_do_not_take_others_files_for_a_table_to_be_mended(env: Environment) -> None:
    start(env)
    filled(env, "warehouse/sales/part-00000.parquet")
    outcome = env.command("analyze", "holiday-sales")
    assert "holds files that are not ours" in outcome.stderr


def test_no_load_empties_a_table_of_others(env: Environment) -> None:
    start(env)
    env.home.mkdir()
    env.change_database("create table sales (id integer, note text); insert into sales values (1, 'theirs')")

    summary = env.run(code=2)

    assert summary["stages"][-1]["stage"] == "load-rds"
    assert summary["error"].startswith("table 'sales' of the database is not ours")
    assert env.database("select * from sales") == [(1, "theirs")]
    env.change_database("alter table sales rename to their_sales")
    assert env.run()["status"] == "ok"
