"""What is wrong around us is told by what it is: no bug of ours, and no damage where there is none."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

import duckdb
import pytest

from retailstream.adapters.engine.duckdb import DuckDb
from retailstream.cli import failure
from retailstream.errors import RetailStreamError
from retailstream.stages import ingest
from tests.environment import SALES, STORES, copied, csv

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Environment

DROP = {"sales/a.csv": csv(SALES, "1,1,05/02/2010,10.50,0"), "stores/s.csv": csv(STORES, "1,A,5")}


@pytest.fixture
def run(env: Environment) -> Environment:
    """An environment with a row in each of two tables."""
    env.write(DROP)
    env.run()
    return env


@pytest.mark.slow
@pytest.mark.parametrize("left", [0, 7, 300])
@pytest.mark.parametrize("words", ["analyze monthly-sales", "forecast", "analyze all --output {}"])
def test_a_table_that_was_cut_off_is_no_bug(run: Environment, tmp_path: Path, left: int, words: str) -> None:
    for path in (run.home / "warehouse" / "sales").rglob("*.parquet"):
        os.truncate(path, left)

    outcome = run.command(*words.format(tmp_path / "answers").split())

    assert outcome.exit_code == 1
    assert re.search(r"'sales/month=2010-02/[0-9a-f]+\.parquet' .* is not the one that was published$", outcome.error)
    assert "hint: retailstream repair" in outcome.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("raised", "told", "hint"),
    [
        (duckdb.IOException("IO Error: Cannot open file: Too many open files"), "too many files are open: ", "ulimit"),
        (duckdb.OutOfMemoryException("Out of Memory Error: no"), "the memory is used up: ", "engine.memory"),
        (duckdb.IOException("IO Error: write: No space left on device"), "the disk is full", "make some space"),
        (duckdb.IOException("IO Error: open: Permission denied"), "a file cannot be read or written: ", "permissions"),
    ],
)
def test_what_runs_out_is_told_and_no_file_is_blamed(
    run: Environment, monkeypatch: pytest.MonkeyPatch, raised: Exception, told: str, hint: str
) -> None:
    class Failing:
        def execute(self, *_given: object) -> None:
            raise raised

        def close(self) -> None: ...

    run.write({"sales/b.csv": csv(SALES, "2,1,05/02/2010,10.50,0")})
    with monkeypatch.context() as patch:
        patch.setattr(DuckDb, "connection", Failing())
        outcome = run.command("run", "--source", str(run.source))

    assert outcome.exit_code == 1
    assert outcome.error.startswith(f"error: {told}")
    assert hint in outcome.stderr
    assert "delete" not in outcome.stderr
    assert run.run()["status"] == "ok"


def test_a_memory_that_is_too_small_is_named(run: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAILSTREAM__ENGINE__MEMORY", "100kB")
    run.write({"sales/b.csv": csv(SALES, "2,1,05/02/2010,10.50,0")})

    outcome = run.command("run", "--source", str(run.source))

    assert outcome.exit_code == 1
    assert outcome.error.startswith("error: the memory is used up: ")
    assert "hint: give DuckDB more with engine.memory" in outcome.stderr


@pytest.mark.parametrize("memory", ["lots", "1500", "-1GB", ""])
def test_a_memory_that_is_no_size_is_told_at_once(
    env: Environment, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    monkeypatch.setenv("RETAILSTREAM__ENGINE__MEMORY", memory)

    outcome = env.command("analyze", "monthly-sales")

    assert outcome.exit_code == 2
    told = f"setting 'engine.memory' (environment): '{memory}' is no size: use a number with a unit, such as 2GB"
    assert outcome.error == f"error: {told}"


@pytest.mark.parametrize(
    ("raised", "told", "hint"),
    [
        (OSError(errno.EMFILE, "Too many open files", "x"), "x: Too many open files", "ulimit -n"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), "x: No space left on device", "make some space"),
        (MemoryError(), "the memory of this machine is used up", "then run the same command again"),
    ],
)
def test_what_the_machine_has_not_is_no_bug(
    env: Environment, monkeypatch: pytest.MonkeyPatch, raised: Exception, told: str, hint: str
) -> None:
    def fail(**_given: object) -> None:
        raise raised

    monkeypatch.setattr(ingest, "run", fail)

    outcome = env.command("ingest")

    assert (outcome.exit_code, outcome.error) == (1, f"error: {told}")
    assert hint in outcome.stderr
    assert isinstance(failure._ours(raised), RetailStreamError)


def test_folders_without_end_are_told_and_the_others_are_read(env: Environment) -> None:
    env.write(DROP)
    deep = env.source / "sales" / "/".join("d" * 300)
    deep.mkdir(parents=True)
    (deep / "week.csv").touch()

    summary = env.run()

    (warning,) = summary["warnings"]
    assert warning["code"] == "unreadable_source"
    assert warning["text"].endswith(" is ignored: it lies more than 100 folders deep")
    assert len(env.clean("sales")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("left", [0.5, 100])
def test_doctor_sees_a_memory_that_was_cut_off(run: Environment, tmp_path: Path, left: float) -> None:
    env = copied(run, tmp_path / "copy")
    assert states(env)["state"] == "OK"
    path = env.home / "state.db"
    os.truncate(path, int(path.stat().st_size * left) if left < 1 else int(left))

    assert states(env)["state"] == "FAILED"
    assert env.command("doctor").exit_code == 1


def states(env: Environment) -> dict[str, str]:
    found: list[dict[str, str]] = env.command("doctor", "--format", "json").document
    return {finding["name"]: finding["state"] for finding in found}


PLACES = {
    "LAKE__CLEAN": "lake.clean",
    "LAKE__RAW": "lake.raw",
    "FEATURES__URL": "features.url",
    "WAREHOUSE__URL": "warehouse.url",
}


@pytest.mark.parametrize("scheme", ["file://{}", "{}", "s3://bucket{}"])
@pytest.mark.parametrize(("one", "other"), [("LAKE__CLEAN", "WAREHOUSE__URL"), ("LAKE__RAW", "FEATURES__URL")])
def test_two_places_that_are_one_are_refused(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, one: str, other: str
) -> None:
    place = scheme.format(tmp_path / "place")
    monkeypatch.setenv(f"RETAILSTREAM__{one}", place)
    monkeypatch.setenv(f"RETAILSTREAM__{other}", f"{place}/")
    env.write(DROP)

    for words in (("run", "--source", str(env.source)), ("monitor",)):
        outcome = env.command(*words)
        assert outcome.exit_code == 2
        assert outcome.error == f"error: {PLACES[one]} and {PLACES[other]} are one place: {place}"
    assert not env.home.exists()

    monkeypatch.setenv(f"RETAILSTREAM__{other}", f"{place}/within")
    assert env.command("monitor").error == f"error: {PLACES[other]} lies in {PLACES[one]}: {place}/within"
    monkeypatch.setenv(f"RETAILSTREAM__{one}", f"{place}/within/that")
    assert env.command("monitor").error == f"error: {PLACES[one]} lies in {PLACES[other]}: {place}/within/that"


def test_a_place_by_another_name_is_the_same_place(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "place")
    monkeypatch.setenv("RETAILSTREAM__LAKE__CLEAN", f"file://{tmp_path}/place")
    monkeypatch.setenv("RETAILSTREAM__WAREHOUSE__URL", f"{tmp_path}/x/../link")

    assert env.command("monitor").error.startswith("error: lake.clean and warehouse.url are one place: ")


def test_a_drop_is_no_place_of_ours(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAILSTREAM__LAKE__RAW", f"file://{env.source}")
    env.write(DROP)

    assert env.command("run", "--source", str(env.source)).error == (
        f"error: source.path (sales) lies in lake.raw: {env.source}/sales"
    )


def test_places_that_begin_alike_are_two(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAILSTREAM__LAKE__CLEAN", f"file://{env.home}/lake/ra")
    env.write(DROP)

    assert env.run()["status"] == "ok"
