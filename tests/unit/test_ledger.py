from __future__ import annotations

import os
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from retailstream.adapters.state import sqlite as state
from retailstream.adapters.state.sqlite import open_sqlite_state
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.ledger import Ledger, RunEntry, begun
from retailstream.reports import summary_of_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retailstream.adapters.state.sqlite import SqliteState


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[SqliteState]:
    with open_sqlite_state(tmp_path / "state.db") as connection:
        yield connection


@pytest.fixture
def ledger(memory: SqliteState) -> Ledger:
    return Ledger(memory)


def start(ledger: Ledger, stage: str = "ingest", run_id: str = "r", at: str = "2026-01-01") -> RunEntry:
    return ledger.enter(begun(run_id, stage, at, "hash"))


def close(ledger: Ledger, key: RunEntry, *, code: int = 0, **changes: Any) -> None:
    summary = summary_of_nothing(key.stage, key.run_id) | changes
    ledger.close(key.closed(ended_at="2026-01-02", summary=summary, inputs=["a", "b"], exit_code=code))


def test_an_entry_is_open_until_it_is_closed_and_keeps_all_it_was_told(ledger: Ledger) -> None:
    key = start(ledger)
    (entry,) = ledger.runs()
    assert (entry.status, entry.ended_at, entry.exit_code, entry.inputs, entry.summary) == (
        "running",
        None,
        None,
        (),
        None,
    )
    assert (entry.process_id, entry.host) == (os.getpid(), socket.gethostname())

    close(ledger, key, code=3, status="failed", error="too many", seconds=1.5)

    (entry,) = ledger.show("r")
    assert (entry.status, entry.exit_code, entry.error, entry.seconds) == ("failed", 3, "too many", 1.5)
    assert (entry.inputs, entry.ended_at, entry.config_hash) == (("a", "b"), "2026-01-02", "hash")
    assert entry.summary is not None
    assert entry.summary["error"] == "too many"


def test_a_retry_is_a_later_attempt_of_its_stage_and_run_id(ledger: Ledger) -> None:
    keys = [start(ledger), start(ledger), start(ledger, "sqoop"), start(ledger, run_id="other")]
    assert [key.attempt for key in keys] == [1, 2, 1, 1]
    close(ledger, keys[1])
    assert [entry.status for entry in ledger.show("r")] == ["running", "ok", "running"]


def test_runs_are_the_newest_first_whatever_the_clock_says_and_so_many(ledger: Ledger) -> None:
    for at, stage in (("2026-01-03", "a"), ("2026-01-01", "b"), ("2026-01-03", "c"), ("2026-01-02", "a")):
        start(ledger, stage, at=at)
    assert [(entry.started_at[-1], entry.stage) for entry in ledger.runs()] == [
        ("2", "a"),
        ("3", "c"),
        ("1", "b"),
        ("3", "a"),
    ]
    assert [entry.started_at[-1] for entry in ledger.runs(limit=1, stage="a")] == ["2"]


def test_the_usual_duration_is_that_of_the_runs_before(ledger: Ledger) -> None:
    runs = []
    for at, seconds in (("2026-02-01", 1.0), ("2026-01-01", 3.0), ("2026-01-02", 8.0)):
        runs.append(start(ledger, at=at))
        close(ledger, runs[-1], seconds=seconds)
    close(ledger, start(ledger, "sqoop"), seconds=99.0)
    assert [ledger.usual_seconds(run) for run in runs] == [None, 1.0, 2.0]
    ledger.forget(runs[2])
    assert ledger.usual_seconds(runs[2]) == 2.0


def test_a_run_that_is_not_there_is_a_usage_error(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no run 'r' is in the ledger"):
        ledger.show("r")


def test_what_others_left_running_is_marked_killed_and_nothing_else(ledger: Ledger, memory: SqliteState) -> None:
    for stage in ("mine", "dead", "elsewhere", "of another lock"):
        start(ledger, stage)
    close(ledger, start(ledger, "done"))
    memory.change("update runs set process_id = -1 where stage in ('dead', 'of another lock', 'done')")
    memory.change("update runs set host = 'elsewhere' where stage = 'elsewhere'")

    ledger.mark_killed(["mine", "dead", "elsewhere", "done"])

    assert {entry.stage: entry.status for entry in ledger.runs()} == {
        "mine": "running", "dead": "killed", "elsewhere": "killed", "of another lock": "running", "done": "ok",
    }  # fmt: skip


def test_the_last_run_of_a_stage_is_the_newest_that_ended(ledger: Ledger, memory: SqliteState) -> None:
    assert ledger.last("ingest") is None
    close(ledger, start(ledger, at="2026-01-01"), status="noop")
    close(ledger, start(ledger, at="2026-01-02"), status="dry-run")
    start(ledger, at="2026-01-03")
    last = ledger.last("ingest")
    assert last is not None
    assert last.status == "noop"  # the newest is still at work

    memory.change("update runs set process_id = ? where started_at = '2026-01-03'", (2**22 + 1,))
    killed = ledger.last("ingest")
    assert killed is not None
    assert (killed.started_at, killed.status) == ("2026-01-03", "killed")


def test_the_last_run_with_rows_of_a_dataset_is_found_behind_those_without(ledger: Ledger) -> None:
    rows: dict[str, Any] = {"datasets": {"sales": {"rows_in": 5}, "stores": {"rows_in": 0}}}
    close(ledger, start(ledger, at="2026-01-01"), **rows)
    close(ledger, start(ledger, at="2026-01-02"))
    found = ledger.last("ingest", dataset="sales")
    assert found is not None
    assert found.started_at == "2026-01-01"
    assert ledger.last("ingest", dataset="stores") is None


def test_many_may_open_a_new_memory_and_write_to_it_at_once(tmp_path: Path) -> None:
    def work(number: int) -> int:
        with open_sqlite_state(tmp_path / "new" / "state.db") as connection:
            return start(Ledger(connection), run_id=str(number % 2)).attempt

    with ThreadPoolExecutor(8) as pool:
        attempts = list(pool.map(work, range(24)))

    assert sorted(attempts) == sorted(2 * list(range(1, 13)))


class Busy(sqlite3.Connection):
    """A connection for whose first statements SQLite does not wait, as it does where two make a file at once."""

    left = 3

    def cursor(self, *_args: object) -> sqlite3.Cursor:  # type: ignore[override]
        self.left -= 1
        if self.left >= 0:
            raise sqlite3.OperationalError("database is locked")
        return super().cursor()


def test_a_memory_that_another_one_is_making_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(":memory:", factory=Busy)) as busy:
        state.set_up(busy)
        assert busy.execute("select count(*) from runs").fetchone() == (0,)

    monkeypatch.setattr(state, "PATIENCE", 0.0)
    with (
        closing(sqlite3.connect(":memory:", factory=Busy)) as busy,
        pytest.raises(TransientError, match="database is locked"),
    ):
        state.set_up(busy)


def test_a_memory_that_is_busy_too_long_is_worth_another_try_and_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "PATIENCE", 0.01)
    path = tmp_path / "state.db"
    with open_sqlite_state(path) as other, other.transaction():
        other.execute("insert into landings values ('features', 1, 'r', 0)")
        with open_sqlite_state(path) as connection:
            assert Ledger(connection).runs() == []
            with pytest.raises(TransientError, match="is busy: database is locked") as caught:
                start(Ledger(connection))
    assert caught.value.exit_code == 4


def test_a_memory_in_no_file_is_forgotten_and_a_bad_one_is_named(tmp_path: Path) -> None:
    with open_sqlite_state(None) as connection:
        start(Ledger(connection))
    (tmp_path / "state.db").mkdir()
    with (
        pytest.raises(RetailStreamError, match=r"state\.db cannot be opened"),
        open_sqlite_state(tmp_path / "state.db"),
    ):
        pass


def test_a_full_disk_is_named_and_no_bug(tmp_path: Path) -> None:
    with open_sqlite_state(tmp_path / "state.db") as connection:
        connection.execute("pragma max_page_count = 1")
        with pytest.raises(RetailStreamError, match="environment failed: database or disk is full"):
            connection.change_all(
                "insert into landings values ('features', ?, ?, 0)", [(n, "r" * 999) for n in range(99)]
            )


def test_a_transaction_is_all_or_nothing(memory: SqliteState) -> None:
    def interrupted() -> None:
        with memory.transaction():
            memory.change("insert into landings values ('features', 1, 'r', 0)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert memory.ask("select count(*) from landings") == [(0,)]


def test_runs_that_wait_in_another_ledger_are_listed_as_if_they_were_here(ledger: Ledger, tmp_path: Path) -> None:
    with open_sqlite_state(tmp_path / "waiting.db") as other:
        waiting = Ledger(other)
        both = Ledger(ledger._state, waiting)
        start(ledger, run_id="old")
        cut_off = start(ledger, run_id="cut off", stage="sqoop")
        close(waiting, waiting.enter(cut_off), code=4, status="failed", error="gone")  # its server went away meanwhile
        start(waiting, run_id="kept", stage="features")

        assert [(run.run_id, run.status) for run in both.runs()] == [
            ("kept", "running"),
            ("cut off", "failed"),
            ("old", "running"),
        ]
        assert [run.run_id for run in both.runs(limit=2)] == ["kept", "cut off"]
        assert [run.run_id for run in both.runs(limit=None, stage="sqoop")] == ["cut off"]
        assert both.stages() == ["features", "ingest", "sqoop"]
        assert [run.exit_code for run in both.show("cut off")] == [4]
        assert [run.run_id for run in both.show("kept")] == ["kept"]
        last = both.last("sqoop")
        assert last is not None
        assert last.exit_code == 4
        with pytest.raises(UsageError):
            both.show("none")
    assert [run.run_id for run in ledger.runs()] == ["cut off", "old"]
