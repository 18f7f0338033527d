"""What goes wrong outside of the data: it is named, nothing half is published, and the next run goes on."""

from __future__ import annotations

import signal
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pytest

from retailstream import interruption
from retailstream.adapters.database.sqlite import open_sqlite
from retailstream.adapters.database.sqlite_extracts import open_sqlite_tables
from retailstream.adapters.engine.duckdb import DuckDbEngine, open_duckdb, shared_duckdb
from retailstream.adapters.engine.duckdb_tables import DuckDbTables
from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.warehouse.folder import FolderWarehouse
from retailstream.contracts import SALES
from retailstream.errors import RetailStreamError, TransientError
from retailstream.interruption import TerminatedError, terminate
from retailstream.ledger import Ledger
from retailstream.runs import Limit, Run
from retailstream.stages import sqoop
from retailstream.transferring import NativeTransfer
from tests.stages.months import rows, week

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retailstream.contracts import Column, Contract
    from retailstream.ledger import RunEntry
    from tests.environment import Environment


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["load-rds", "sqoop", "run", "monitor"])
def test_a_database_that_is_none_is_named(months: Environment, stage: str) -> None:
    months.write(week("2010-05"))
    months.stage("ingest", "--source", str(months.source))
    months.stage("glue-merge")
    (months.home / "retail.db").write_bytes(b"no database at all" * 100)

    words = ["--source", str(months.source)] if stage == "run" else []
    error = months.stage(stage, *words, code=1)["error"]

    assert error == (f"database {months.home / 'retail.db'} failed: file is not a database (hint: retailstream doctor)")


def test_a_database_that_another_one_writes_to_is_worth_another_try(months: Environment) -> None:
    before = rows(months)
    with closing(sqlite3.connect(months.home / "retail.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with open_sqlite(months.home / "retail.db") as database:
            database._connection.execute("pragma busy_timeout = 0")
            with pytest.raises(TransientError, match=r"retail\.db is busy: database is locked"):
                database.load([])
    assert rows(months) == before


def test_a_folder_that_cannot_be_made_for_the_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(RetailStreamError, match="cannot be opened: Not a directory"),
        open_sqlite(tmp_path / "file/x/y"),
    ):
        pass


@pytest.mark.parametrize("words", [("run", "--source", "."), ("monitor",), ("runs",)])
def test_a_state_file_that_is_none_is_named(env: Environment, words: tuple[str, ...]) -> None:
    env.home.mkdir()
    (env.home / "state.db").write_bytes(b"no database at all" * 100)

    outcome = env.command(*words)

    assert outcome.exit_code == 1
    assert outcome.error == f"error: the state file {env.home / 'state.db'} cannot be opened: file is not a database"


@pytest.mark.parametrize("words", [("run", "--source", "."), ("monitor",), ("analyze", "monthly-sales")])
def test_a_home_that_is_a_file_is_named(env: Environment, words: tuple[str, ...]) -> None:
    env.home.write_bytes(b"")
    outcome = env.command(*words)
    assert outcome.exit_code == 2
    assert outcome.error == f"error: --home {env.home} is no folder"


def test_a_full_disk_under_the_engine_is_called_one(tmp_path: Path) -> None:
    told = 'IO Error: Could not write file "a.parquet": No space left on device'
    with pytest.raises(RetailStreamError, match=r"^the disk is full$"), open_duckdb(tmp_path / "work", memory="1GB"):
        raise duckdb.IOException(told)


def test_a_bug_of_ours_in_a_query_is_not_blamed_on_a_file(tmp_path: Path) -> None:
    with pytest.raises(duckdb.BinderException), open_duckdb(tmp_path / "work", memory="1GB") as engine:
        engine.connection.execute("select nothing_there")


class Leaky(DuckDbEngine):
    """An engine that loses a row on the way into the warehouse."""

    def write_text(
        self, contract: Contract, text: Path, decode: Callable[[Column], str], target: Callable[[str], Path]
    ) -> dict[str, int]:
        if contract is SALES:
            lines = text.read_text().splitlines(keepends=True)
            text.write_text("".join(self.leak(lines)))
        return super().write_text(contract, text, decode, target)

    def leak(self, lines: list[str]) -> list[str]:
        """Return what arrives of the lines of a table."""
        return lines[:-1]


class Inexact(Leaky):
    """An engine that alters one amount by a cent."""

    def leak(self, lines: list[str]) -> list[str]:
        return [lines[0].replace(",125,", ",126,"), *lines[1:]]


class Confused(Leaky):
    """An engine that gives a row to another store."""

    def leak(self, lines: list[str]) -> list[str]:
        return ["2" + lines[0].removeprefix("1"), *lines[1:]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "difference"),
    [
        (Leaky, "3 rows against 4"),
        (Inexact, "a sum of weekly_sales of 1,101 against 1,100"),
        (Confused, "other keys"),
    ],
)
def test_sqoop_publishes_nothing_that_did_not_arrive_whole(
    months: Environment, tmp_path: Path, engine: type[Leaky], difference: str
) -> None:
    months.write(week("2010-05"))
    for stage in ("ingest", "glue-merge", "load-rds"):
        months.stage(stage, *(["--source", str(months.source)] if stage == "ingest" else []))
    before = months.files("warehouse")
    (tmp_path / "work").mkdir()
    run = Run("x", tmp_path / "work", Limit.parse("5%"))
    warehouse = FolderWarehouse(FolderLake(months.home / "warehouse"))

    with (
        shared_duckdb(tmp_path / "spill", memory="500MB") as shared,
        open_sqlite(months.home / "retail.db") as database,
        open_sqlite_tables(months.home / "retail.db") as tables,
    ):
        leaky = engine(tmp_path / "work", shared)
        transfer = NativeTransfer(database, leaky, tables, DuckDbTables(leaky))
        clean = FolderLake(tmp_path / "no clean rows")
        with pytest.raises(RetailStreamError, match=rf"'sales' did not arrive whole from sqlite:///.*: {difference}"):
            sqoop.run(clean=clean, database=database, warehouse=warehouse, engine=leaky, transfer=transfer, run=run)

    assert months.files("warehouse") == before
    months.stage("sqoop")
    assert months.failing() == []


def test_a_look_that_fails_is_reported_and_changes_nothing(months: Environment) -> None:
    (months.home / "lake" / "clean" / "sales" / "_manifest.json").write_text("{")

    outcome = months.command("run", "--source", str(months.source), "--from", "features", "--json")

    assert outcome.exit_code == 0
    assert outcome.document["status"] == "noop"
    assert outcome.document["health"] == {"healthy": None, "checks": []}
    assert "WARNING: monitor: the manifest of table 'sales'" in outcome.stderr


def test_a_month_that_is_clean_no_longer_leaves_the_database_and_the_warehouse(months: Environment) -> None:
    for name in ("sales/2010-03-1.csv", "features/2010-03-1.csv"):
        (months.source / name).unlink()
    for path in (months.home / "state.db", *(months.home / "lake").rglob("*.*")):
        path.unlink()

    summary = months.run()

    assert summary["status"] == "ok"
    assert months.database("select distinct substr(date, 1, 7) from sales") == [("2010-02",), ("2010-04",)]
    assert [name for name in months.files("warehouse/sales") if "2010-03" in name] == []
    assert months.failing() == []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "raised"), [(signal.SIGTERM, TerminatedError), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_in_the_middle_of_a_query_is_no_error_of_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, raised: type[BaseException]
) -> None:
    def interrupted() -> None:
        with open_duckdb(tmp_path / "work", memory="500MB") as engine:
            connection = engine.connection
            threading.Timer(0.1, signal.raise_signal, [number]).start()
            connection.execute("select sum(range % 7 * range % 11) from range(100000000)")

    monkeypatch.setattr(interruption, "_TERMINATED", threading.Event())
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with pytest.raises(raised):
            interrupted()
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(("stage", "ended"), [("ingest", []), ("load-rds", ["ingest", "glue-merge"])])
def test_a_ledger_that_cannot_take_a_stage_is_named_and_the_stages_before_are_told(
    months: Environment, monkeypatch: pytest.MonkeyPatch, stage: str, ended: list[str]
) -> None:
    enter = Ledger.enter

    def full(ledger: Ledger, run: RunEntry) -> RunEntry:
        if run.stage == stage:
            raise RetailStreamError("the state file is full")
        return enter(ledger, run)

    monkeypatch.setattr(Ledger, "enter", full)
    months.write(week("2010-05"))

    summary = months.run(code=1)

    assert summary["error"] == "the state file is full"
    assert [done["stage"] for done in summary["stages"]] == ended
    assert summary["rows_in"] == sum(done["rows_in"] for done in summary["stages"])
