"""Raw files that were taken away, cut or changed come back from the source, or are named."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.state.sqlite import open_sqlite_state
from retailstream.landing import RawStore, land
from retailstream.landings import LandingLog, Scope
from retailstream.relanding import damaged, land_again
from retailstream.source_files import hashed, scan
from tests.environment import SALES, Environment, csv, new_environment
from tests.stages.months import history
from tests.stages.test_ingest import stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from retailstream.source_files import SourceFile

RAW = ("lake/raw", "features")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
}
SAME_LENGTH: dict[str, Callable[[Path], object]] = {
    "flipped": flip,
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
}


@contextmanager
def raw_store(env: Environment) -> Iterator[tuple[LandingLog, FolderLake, list[SourceFile]]]:
    """Open the raw bucket of sales and stores, what is remembered of it, and the source."""
    files = [hashed(env.source, path) for path in scan(env.source, Scope.SALES_AND_STORES.datasets).files]
    with open_sqlite_state(env.home / "state.db") as state:
        yield LandingLog(state, Scope.SALES_AND_STORES), FolderLake(env.home / "lake" / "raw"), files


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_raw_file_of_another_length_lands_again_in_place(months: Environment, damage: str) -> None:
    before, tables = months.files(*RAW), months.times("lake/clean", "warehouse")
    for path in ("lake/raw/sales/landing-000001/2010-03-1.csv", "features/features/landing-000001/2010-02-1.csv"):
        DAMAGES[damage](months.home / path)
    told = {name: (check["value"], check["state"]) for name, check in months.checks().items() if "_files" in name}
    assert told["raw_files"] == ("1 of 4 missing or of another length", "fail")
    assert told["feature_files"] == ("1 of 3 missing or of another length", "fail")

    summary = months.run()

    assert [(warning["code"], warning["dataset"], warning["file"]) for warning in summary["warnings"][:2]] == [
        ("landed_again", "sales", "sales/2010-03-1.csv"),
        ("landed_again", "features", "features/2010-02-1.csv"),
    ]
    assert (summary["status"], summary["files_new"]) == ("ok", 0)
    assert months.files(*RAW) == before
    assert months.times("lake/clean", "warehouse") == tables
    assert months.failing() == []
    assert months.run()["status"] == "noop"


def test_a_raw_bucket_that_is_gone_lands_again_as_it_was(months: Environment) -> None:
    before = months.files(*RAW)
    shutil.rmtree(months.home / "lake" / "raw")

    (warning,) = [warning for warning in months.run()["warnings"] if warning["dataset"] == "sales"]

    assert warning["text"].startswith("3 raw files were missing or damaged, and landed again from the source: ")
    assert months.files(*RAW) == before


def test_what_the_source_has_no_more_is_named_and_the_rest_goes_on(months: Environment) -> None:
    (months.source / "sales" / "2010-03-1.csv").write_text(csv(SALES, "1,1,2010-03-05,7,FALSE"))
    (months.home / "lake/raw/sales/landing-000001/2010-03-1.csv").unlink()

    assert months.run()["datasets"]["sales"]["rows_replaced"] == 1

    check = months.checks()["raw_files"]
    assert (check["state"], months.failing()) == ("fail", ["raw_files"])
    assert "sales/landing-000001/2010-03-1.csv in file://" in check["hint"]
    (superseded,) = months.quarantine()
    assert (superseded["file"], superseded["record"], superseded["raw"]) == ("sales/2010-03-1.csv", 1, None)
    (months.home / "lake" / "clean" / "sales" / "_manifest.json").unlink()
    error = months.run(code=1)["error"]
    assert "landed file 'sales/landing-000001/2010-03-1.csv' in file://" in error
    assert "is missing (hint: retailstream repair" in error


@pytest.mark.parametrize("damage", [*DAMAGES, *SAME_LENGTH])
def test_a_look_at_all_bytes_finds_any_damage(months: Environment, damage: str) -> None:
    before = months.files(*RAW)
    path = months.home / "lake/raw/sales/landing-000001/2010-03-1.csv"
    (DAMAGES | SAME_LENGTH)[damage](path)
    with raw_store(months) as (log, lake, files):
        assert [file.file for file in damaged(log, lake, deep=False)] == ["sales/2010-03-1.csv"] * (damage in DAMAGES)
        assert [file.file for file in damaged(log, lake, deep=True)] == ["sales/2010-03-1.csv"]

        others = [file for file in files if file.file != "sales/2010-03-1.csv"]
        lost = land_again(log, lake, others, deep=True)
        assert (lost.landed, [file.file for file in lost.lost]) == ([], ["sales/2010-03-1.csv"])
        again = land_again(log, lake, files, deep=True)
        assert ([file.file for file in again.landed], again.lost) == (["sales/2010-03-1.csv"], [])

    assert months.files(*RAW) == before


def test_a_merge_that_needs_a_damaged_raw_file_names_the_next_command(months: Environment) -> None:
    flip(months.home / "lake/raw/sales/landing-000001/2010-03-1.csv")
    shutil.rmtree(months.home / "lake" / "clean")

    error = months.run(code=1)["error"]

    assert "landed file 'sales/landing-000001/2010-03-1.csv'" in error
    assert "hint: retailstream repair" in error


@pytest.mark.parametrize("damage", [*DAMAGES, *SAME_LENGTH])
@pytest.mark.parametrize("source", ["there", "cleared"])
def test_a_stopped_landing_is_completed_with_the_bytes_that_were_listed(
    env: Environment, tmp_path: Path, damage: str, source: str
) -> None:
    env.write({name: text for name, text in history().items() if not name.startswith("features")})
    stopped(env, "2010-04-1.csv")
    (DAMAGES | SAME_LENGTH)[damage](env.home / "lake/raw/sales/landing-000001/2010-03-1.csv")
    if source == "cleared":
        shutil.rmtree(env.source)
        env.source.mkdir()

    with raw_store(env) as (log, lake, files):
        land(RawStore(log, lake), "again", files)
        assert log.unfinished() is None
        assert damaged(log, lake, deep=True) == []
        landed = {file.file for file in log.files()}

    names = {"sales/2010-02-1.csv"} if source == "cleared" else {"sales/2010-03-1.csv", "stores/stores.csv"}
    assert names <= landed
    assert ("sales/2010-03-1.csv" in landed) == (source == "there")


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["empty", "cut", "zeros"])
def test_a_file_that_broke_off_is_no_landing_of_its_own_where_the_memory_went_too(
    env: Environment, tmp_path: Path, damage: str
) -> None:
    clean = new_environment(tmp_path / "clean")
    for one in (env, clean):
        one.write(history())
    clean.run()
    stopped(env, "2010-04-1.csv")
    (env.home / "state.db").unlink()
    (DAMAGES | SAME_LENGTH)[damage](env.home / "lake/raw/sales/landing-000001/2010-03-1.csv")

    env.run()

    raw = "lake/raw/sales/landing-000001/2010-03-1.csv"
    assert env.files("lake/raw")[raw] == clean.files("lake/raw")[raw]
    assert [row[:-3] for row in env.clean("sales")] == [row[:-3] for row in clean.clean("sales")]
    assert (env.quarantine(), env.failing()) == ([], [])


def test_a_correction_is_not_taken_for_a_file_that_broke_off(env: Environment) -> None:
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,1,FALSE", "1,2,2010-02-05,1,FALSE")})
    env.stage("ingest", "--source", str(env.source))
    (env.home / "state.db").unlink()
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,2,FALSE")})

    env.stage("ingest", "--source", str(env.source))
    env.stage("glue-merge")

    assert [(row[1], row[-3]) for row in env.clean("sales")] == [(1, 2), (2, 1)]
