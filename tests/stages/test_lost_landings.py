"""A memory or raw files that are lost, or come back from an older copy, take no row with them in silence."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.environment import FEATURES, SALES, STORES, Environment, copied, csv, new_environment, of_format_1, sealed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.environment import Row, Summary

TABLES = ("lake/clean", "warehouse")


def week(number: int) -> dict[str, str]:
    """Return the files of a week; the second one has a record that is rejected."""
    day = f"2010-02-{7 * number - 2:02}"
    bad = ["1,9,2010-02-12,x,FALSE"] if number == 2 else []
    return {
        f"sales/week-{number}.csv": csv(SALES, *(f"1,{dept},{day},{dept}.25,FALSE" for dept in range(1, 31)), *bad),
        f"features/week-{number}.csv": csv(FEATURES, f"1,{day},42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"),
        "stores/stores.csv": csv(STORES, "1,A,151315"),
    }


def weeks(folder: Path, numbers: Iterable[int]) -> Environment:
    """Return an environment that these weeks were run in, one after another."""
    env = new_environment(folder)
    for number in numbers:
        env.write(week(number))
        assert env.run()["status"] == "ok"
    return env


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Three weeks whose home nothing happened to."""
    return weeks(tmp_path_factory.mktemp("three"), (1, 2, 3))


@pytest.fixture(scope="session")
def first_two(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Two weeks; `state-1.db` beside the home is its memory after the first."""
    env = weeks(tmp_path_factory.mktemp("two"), (1,))
    with closing(sqlite3.connect(env.home / "state.db")) as state, closing(sqlite3.connect(env.home / "1.db")) as copy:
        state.backup(copy)
    env.write(week(2))
    env.run()
    return env


@pytest.fixture
def two(first_two: Environment, tmp_path: Path) -> Environment:
    return copied(first_two, tmp_path)


def lose_memory(env: Environment, *, but_for_week_1: bool = False) -> None:
    for path in env.home.glob("state.db*"):
        path.unlink()
    if but_for_week_1:
        shutil.copyfile(env.home / "1.db", env.home / "state.db")


def lose_everything(env: Environment, *weeks: int) -> None:
    """Lose memory and raw files; only the files of some weeks are in the source, then."""
    lose_memory(env)
    for folder in (env.home / "lake/raw", env.home / "features", env.source):
        shutil.rmtree(folder)
    env.source.mkdir()
    for number in weeks:
        env.write(week(number))


def rows(env: Environment) -> list[Row]:
    """Return all clean rows, without where they came from."""
    return [row[:-3] for dataset in ("sales", "stores", "features") for row in env.clean(dataset)]


def rejected(env: Environment) -> list[tuple[str, int]]:
    return [(entry["file"], entry["record"]) for entry in env.quarantine()]


def landings(env: Environment) -> dict[str, tuple[object, ...]]:
    """Return value and state of the checks about landings and raw files that are not well."""
    names = ("landings_sales", "landings_stores", "landings_features", "raw_files", "feature_files")
    checks = env.checks()
    return {name: (checks[name]["value"], checks[name]["state"]) for name in names if checks[name]["state"] != "ok"}


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["an older copy", "nothing"])
def test_a_memory_that_was_restored_or_lost_loses_no_week(three: Environment, two: Environment, lost: str) -> None:
    lose_memory(two, but_for_week_1=lost == "an older copy")
    two.write(week(3))

    summary = two.run()

    assert [summary["datasets"][name]["rows_out"] for name in ("sales", "features")] == [90, 3]
    assert two.files(*TABLES, "lake/raw", "features") == three.files(*TABLES, "lake/raw", "features")
    assert rejected(two) == rejected(three) == [("sales/week-2.csv", 31)]
    assert two.failing() == three.failing() == []
    assert two.run()["status"] == "noop"


def test_a_merge_alone_does_not_take_the_rows_of_a_forgotten_landing_for_gone(
    three: Environment, two: Environment
) -> None:
    lose_memory(two, but_for_week_1=True)
    before = two.files(*TABLES)
    assert landings(two)["landings_sales"] == ("landing 2", "fail")

    for stage, dry in (("glue-merge", ()), ("glue-merge", ("--dry-run",))):
        error = two.stage(stage, *dry, code=1)["error"]
        assert "has 30 rows of 'sales/week-2.csv' of landing 2, which are not known to be landed" in error
        assert "hint: retailstream ingest finds" in error

    assert two.files(*TABLES) == before
    two.write(week(3))
    two.run()
    assert two.files(*TABLES) == three.files(*TABLES)


def test_what_the_source_still_has_lands_above_what_the_tables_hold(two: Environment) -> None:
    before = rows(two)
    lose_everything(two, 1, 2)

    assert two.run()["status"] == "ok"

    assert sorted(two.files("lake/raw")) == [
        f"lake/raw/{name}" for name in ("sales/landing-000003/week-1.csv", "sales/landing-000003/week-2.csv")
    ] + ["lake/raw/stores/landing-000003/stores.csv"]
    assert rows(two) == before
    assert (landings(two), two.failing()) == ({}, [])
    assert two.run()["status"] == "noop"


@pytest.mark.slow
def test_rows_of_files_that_are_lost_stay_and_are_told_until_the_files_are_back(
    three: Environment, two: Environment
) -> None:
    lose_everything(two, 3)

    two.run()

    assert rows(two) == rows(three)
    told = {
        "landings_sales": (
            "60 rows of 'sales/week-1.csv' of landing 1 and 1 more file, not known to be landed",
            "fail",
        ),
        "landings_features": (
            "2 rows of 'features/week-1.csv' of landing 1 and 1 more file, not known to be landed",
            "fail",
        ),
    }
    assert landings(two) == told
    two.write(week(1) | week(2))
    two.run()
    assert (rows(two), landings(two)) == (rows(three), {})


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["read otherwise", "a part is gone", "a part is rotten"])
def test_a_table_is_not_made_anew_without_the_rows_of_lost_files(
    three: Environment, two: Environment, damage: str
) -> None:
    lose_everything(two, 3)
    two.run()
    manifest = two.home / "lake/clean/sales/_manifest.json"
    (part,) = manifest.parent.glob("month=*/*.parquet")
    if damage == "read otherwise":
        manifest.write_bytes(sealed(json.loads(manifest.read_text()) | {"reading": "as it was"}))
    elif damage == "a part is gone":
        part.unlink()
    else:
        part.write_bytes(bytes(part.stat().st_size - 1))
    before = two.files(*TABLES)

    error = two.run(code=1)["error"]

    assert "table 'sales' in file://" in error
    assert "without" in error
    assert "delete the table's manifest" in error
    assert two.files(*TABLES) == before
    manifest.unlink()
    two.write(week(1) | week(2))
    two.run()
    assert (rows(two), landings(two).get("landings_sales")) == (rows(three), None)


def test_without_raw_files_memory_and_source_a_table_stays_as_it_is_and_nothing_is_well(two: Environment) -> None:
    lose_everything(two)
    before = two.files(*TABLES)

    assert "60 rows of 'sales/week-1.csv'" not in two.stage("ingest", "--source", str(two.source), code=2)["error"]
    assert "has 60 rows of 'sales/week-1.csv' of landing 1 and 1 more file" in two.stage("glue-merge", code=1)["error"]

    assert two.files(*TABLES) == before
    assert landings(two)["landings_sales"] == ("landing 2", "fail")


@pytest.mark.slow
@pytest.mark.parametrize("landing", [3, 2**20])
def test_a_landing_that_is_wrong_in_a_manifest_without_checksum_hides_no_week(
    three: Environment, two: Environment, landing: int
) -> None:
    for table in ("lake/clean/sales", "warehouse/features"):
        path = two.home / table / "_manifest.json"
        path.write_bytes(of_format_1(json.loads(path.read_text()) | {"landing": landing}))
    assert set(landings(two)) == {"landings_sales", "landings_features"}

    two.stage("glue-merge")
    two.write(week(3))
    two.run()

    assert rows(two) == rows(three)
    assert (landings(two), two.run()["status"]) == ({}, "noop")


def test_landings_are_told_where_the_memory_is_gone(two: Environment) -> None:
    lose_memory(two)
    told: dict[str, Summary] = two.checks()
    assert told["landings_sales"]["hint"].startswith("retailstream run finds the landings")
    assert (told["raw_files"]["value"], told["raw_files"]["state"]) == ("0 files", "ok")
