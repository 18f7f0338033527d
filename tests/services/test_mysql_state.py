"""The memory of an environment in a MySQL database: the word of every memory, its leases, and a server that is away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from retailstream.adapters.database.mysql_tables import ENGINE
from retailstream.adapters.engine.duckdb import DuckDbEngine
from retailstream.adapters.state import mysql_lease
from retailstream.adapters.state.mysql import PREFIX, STEPS, MySqlState, open_mysql_state
from retailstream.errors import LockHeldError, RetailStreamError, TransientError
from retailstream.landings import Landed, LandingLog, Scope
from retailstream.locks import TABLES, Holder, table_lock
from tests.contracts.test_state import *  # noqa: F403 -- the suite, with the fixtures below
from tests.environment import SALES, STORES, csv
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retailstream.ports import State
    from tests.environment import Environment
    from tests.services.mariadb import MariaDb

SALES_AND_STORES, FEATURES = Scope.SALES_AND_STORES, Scope.FEATURES


@pytest.fixture
def url(mariadb: MariaDb, database_name: str) -> str:
    return mariadb.url(database_name)


@pytest.fixture
def open_state(url: str) -> Callable[[], AbstractContextManager[State]]:
    return lambda: open_mysql_state(url, create=True)


@pytest.fixture
def state(open_state: Callable[[], AbstractContextManager[State]]) -> Iterator[State]:
    with open_state() as opened:
        yield opened


@contextmanager
def held(url: str, *scopes: str, run_id: str = "r1") -> Iterator[MySqlState]:
    with open_mysql_state(url, create=True) as memory:
        assert isinstance(memory, MySqlState)
        with mysql_lease.hold_lease(memory, scopes, Holder(run_id, "run", "monday")):
            yield memory


def test_a_memory_that_is_not_there_is_empty_and_stays_so(url: str, mariadb: MariaDb, database_name: str) -> None:
    with open_mysql_state(url, create=False) as memory:
        assert memory.ask("select * from runs") == []
    assert mariadb.sql("show tables", database_name) == []


def test_a_lease_names_its_holder_and_is_free_after_the_block(url: str) -> None:
    with held(url, SALES_AND_STORES, FEATURES):
        with pytest.raises(LockHeldError) as caught, held(url, FEATURES, run_id="r2"):
            pass
        assert caught.value.message.startswith(f"run r1 (run, process {os.getpid()} on ")
        assert caught.value.message.endswith(", since monday) is working on the features of this environment")
    with held(url, FEATURES, SALES_AND_STORES):
        pass


def test_tables_have_leases_one_by_one_or_all_together(url: str) -> None:
    one, other = table_lock("one"), table_lock("a_name_that_is_longer_than_there_is_room_for")
    with held(url, SALES_AND_STORES), held(url, one), held(url, other):
        for again in (one, other):
            with pytest.raises(LockHeldError), held(url, again):
                pass
        with pytest.raises(LockHeldError), held(url, TABLES):
            pass
    with held(url, TABLES), pytest.raises(LockHeldError), held(url, other):
        pass
    with held(url, TABLES):
        pass


def test_scopes_have_leases_of_their_own_and_two_are_taken_together_or_not_at_all(url: str) -> None:
    with held(url, FEATURES):
        with pytest.raises(LockHeldError), held(url, SALES_AND_STORES, FEATURES):
            pass
        with held(url, SALES_AND_STORES):
            pass


def test_a_lease_that_nobody_renewed_is_taken_over_and_its_holder_changes_nothing_any_more(
    url: str, mariadb: MariaDb, database_name: str
) -> None:
    def entered() -> None:
        with memory.transaction():
            memory.change("insert into landings (scope, landing, run_id) values ('features', 1, 'r')")

    with held(url, FEATURES) as memory:
        entered()
        mariadb.sql("update retailstream_leases set host = 'elsewhere'", database_name)
        mariadb.sql("update retailstream_leases set beat = utc_timestamp(6) - interval 59 second", database_name)
        with pytest.raises(LockHeldError, match="on elsewhere"), held(url, FEATURES, run_id="r2"):
            pass
        mariadb.sql("update retailstream_leases set beat = utc_timestamp(6) - interval 61 second", database_name)
        with (
            held(url, FEATURES, run_id="r2"),
            pytest.raises(TransientError, match="has lost its lease on the features"),
        ):
            entered()


def test_a_lease_is_renewed_while_its_holder_works(
    url: str, mariadb: MariaDb, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_lease, "BEAT", 0.05)
    with held(url, FEATURES):
        mariadb.sql("update retailstream_leases set beat = utc_timestamp(6) - interval 1 hour", database_name)
        query = "select timestampdiff(second, beat, utc_timestamp(6)) from retailstream_leases"
        wait_until(lambda: mariadb.sql(query, database_name)[0][0] <= 10)


def test_the_lease_of_a_process_of_this_host_that_died_is_free_at_once(url: str) -> None:
    code = (
        "import os, sys\nfrom retailstream.adapters.state import mysql, mysql_lease\n"
        "from retailstream.landings import Scope\nfrom retailstream.locks import Holder\n"
        "with mysql.open_mysql_state(os.environ['URL'], create=True) as state:\n"
        "    with mysql_lease.hold_lease(state, [Scope.FEATURES], Holder('dead', 'run', 'monday')):\n"
        "        print(flush=True)\n        sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "URL": url}
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(LockHeldError, match=rf"run dead \(run, process {process.pid} on"), held(url, FEATURES):
            pass
        process.send_signal(signal.SIGKILL)
    with held(url, FEATURES):
        pass


@pytest.fixture
def remote(env: Environment, mariadb: MariaDb, database_name: str, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment whose memory is in the database."""
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", mariadb.url(database_name, retry_seconds=1))
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE"), "stores/s.csv": csv(STORES, "1,A,2")})
    return env


def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_is(
    remote: Environment, mariadb: MariaDb, database_name: str
) -> None:
    remote.run()
    mariadb.sql("update retailstream_loads set digest = '99' where table_name = ''", database_name)
    remote.write({"sales/v.csv": csv(SALES, "1,1,2010-02-12,1.10,FALSE")})
    for words in (["load-rds"], ["sqoop"], ["run", "--source", str(remote.source)]):
        assert "the database was written by a newer retailstream (format 99" in remote.command(*words).error
    assert mariadb.sql("select count(*) from sales", database_name) == [(1,)]


def test_the_memory_of_an_environment_is_in_its_database_for_every_home(remote: Environment, tmp_path: Path) -> None:
    assert remote.run()["status"] == "ok"
    assert not (remote.home / "state.db").exists()
    assert not (remote.home / "locks").exists()

    elsewhere = type(remote)(remote.source, tmp_path / "another home")
    runs = json.loads(elsewhere.command("runs", "--format", "json").stdout)
    assert [run["stage"] for run in runs] == ["sqoop", "features", "load-rds", "glue-merge", "ingest", "run"]
    landed = elsewhere.stage("ingest", "--source", str(remote.source))
    assert landed["files_new"] == 0
    assert {warning["code"] for warning in landed["warnings"]} == {
        "landed_again"
    }  # that home has a raw folder of its own


def test_a_run_whose_server_is_away_is_recorded_in_the_home_and_copied_over_by_the_next_one(
    remote: Environment, mariadb: MariaDb
) -> None:
    remote.run()
    mariadb.kill()
    try:
        clock = time.monotonic()
        failed = remote.stage("run", "--source", str(remote.source), "--run-id", "away", code=4)
        assert time.monotonic() - clock < 30
        assert remote.command("runs").exit_code == 4
    finally:
        mariadb.start()
    assert "is not available" in failed["error"]

    assert remote.stage("load-rds", "--run-id", "back")["status"] == "noop"

    (entry,) = json.loads(remote.command("runs", "show", "away", "--format", "json").stdout)
    assert (entry["status"], entry["exit_code"], entry["error"]) == ("failed", 4, failed["error"])
    assert json.loads(remote.command("runs", "show", "back", "--format", "json").stdout)[0]["status"] == "noop"
    assert len(json.loads(remote.command("runs", "--format", "json").stdout)) == 8


def test_a_run_that_loses_its_server_on_the_way_is_closed_in_the_home(
    remote: Environment, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*args: Any, **more: Any) -> Any:
        mariadb.kill()
        return check(*args, **more)

    check = DuckDbEngine.check
    remote.stage("ingest", "--source", str(remote.source))
    monkeypatch.setattr(DuckDbEngine, "check", lost)
    try:
        assert remote.stage("glue-merge", "--run-id", "late")["status"] == "ok"  # it needed the memory no more
        failed = remote.stage("load-rds", "--run-id", "lost", code=4)
    finally:
        monkeypatch.undo()
        mariadb.start()

    assert remote.run()["status"] == "ok"

    runs = {run["run_id"]: run for run in json.loads(remote.command("runs", "--format", "json").stdout)}
    assert (runs["late"]["status"], runs["late"]["exit_code"]) == ("ok", 0)
    assert (runs["lost"]["status"], runs["lost"]["error"]) == ("failed", failed["error"])
    assert remote.checks()["reconcile_sales_warehouse"]["state"] == "ok"


@contextmanager
def read_only(mariadb: MariaDb) -> Iterator[None]:
    """Have the server take no writes for the block, as one does that was a primary before a fail-over."""
    mariadb.sql("set global read_only = 1")
    try:
        yield
    finally:
        mariadb.sql("set global read_only = 0")


@pytest.fixture
def plain(
    remote: Environment, mariadb: MariaDb, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Environment]:
    """An environment whose user is no administrator, whom a server lets write whatever it is."""
    mariadb.sql("create user 'bea'@'localhost' identified by 'pw'")
    mariadb.sql(f"grant all on {database_name}.* to 'bea'@'localhost'")
    url = f"mysql+pymysql://bea:pw@127.0.0.1:{mariadb.port}/{database_name}?retry_seconds=1"
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", url)
    yield remote
    mariadb.sql("drop user 'bea'@'localhost'")


def test_a_run_whose_server_is_read_only_ends_with_4_and_is_listed_before_and_after_the_server_takes_writes(
    plain: Environment, mariadb: MariaDb, database_name: str
) -> None:
    plain.run()
    plain.write({"sales/x.csv": csv(SALES, "1,1,2010-02-12,2.20,FALSE")})
    before = mariadb.sql("select count(*) from sales", database_name)

    def listed() -> list[tuple[str, str, int | None]]:
        runs = json.loads(plain.command("runs", "--format", "json").stdout)
        return [(run["run_id"], run["status"], run["exit_code"]) for run in runs if run["run_id"] in {"one", "two"}]

    with read_only(mariadb):
        failed = plain.stage("run", "--source", str(plain.source), "--run-id", "one", code=4)
        outcome = plain.command("load-rds", "--run-id", "two")
        assert outcome.exit_code == 4
        assert "is not available: it is read-only" in outcome.error
        assert f"the run is recorded in {plain.home} until the next one" in outcome.stderr
        assert listed() == [("two", "failed", 4), ("one", "failed", 4)]
        assert plain.command("runs", "show", "one").exit_code == 0
        assert "last_run_load-rds" in plain.failing()
    assert "it is read-only" in failed["error"]
    assert mariadb.sql("select count(*) from sales", database_name) == before

    assert plain.run("--run-id", "three")["status"] == "ok"
    assert sorted(listed()) == [("one", "failed", 4), ("two", "failed", 4)]
    in_database = "select run_id from retailstream_runs where run_id in ('one', 'two') order by run_id"
    assert mariadb.sql(in_database, database_name) == [("one",), ("two",)]
    assert plain.failing() == []


def test_a_server_that_takes_writes_again_in_time_is_waited_for(
    plain: Environment, mariadb: MariaDb, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.run()
    url = f"mysql+pymysql://bea:pw@127.0.0.1:{mariadb.port}/{database_name}?retry_seconds=20"
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", url)
    mariadb.sql("set global read_only = 1")
    ending = threading.Timer(2, mariadb.sql, ("set global read_only = 0",))
    ending.start()
    try:
        assert plain.stage("load-rds")["status"] == "noop"
    finally:
        ending.join()
    assert not (plain.home / "state.db").exists()


OLD = f"""create table {PREFIX}landed_files (dataset varchar(32) not null, sha256 char(64) not null,
    scope varchar(32) not null, landing int not null, file text not null, bytes bigint not null,
    primary key (dataset, sha256), key (scope, landing)) {ENGINE}"""
"""The table that knew each file by its content alone."""


def test_a_memory_of_an_older_version_is_brought_forward_once_whoever_comes_first(url: str) -> None:
    with open_mysql_state(url, create=True) as memory:
        assert isinstance(memory, MySqlState)
        memory.server.write(lambda session: session.do(f"drop table {PREFIX}landed_files"))
        memory.server.write(lambda session: session.do(OLD))
        memory.server.write(lambda session: session.do(f"drop table {PREFIX}format"))
        row = ("sales", "a" * 64, "sales-and-stores", 1, "sales/w.csv", 3)
        memory.change("insert into landed_files values (?, ?, ?, ?, ?, ?)", row)
    landed = Landed("sales", 1, "sales/w.csv", "a" * 64, 3)

    def look() -> list[Landed]:
        with open_mysql_state(url, create=False) as opened:
            return LandingLog(opened, SALES_AND_STORES).files()

    with ThreadPoolExecutor(4) as pool:
        assert [future.result() for future in [pool.submit(look) for _ in range(4)]] == [[landed]] * 4
    with open_mysql_state(url, create=False) as opened:
        LandingLog(opened, SALES_AND_STORES).adopt([Landed("sales", 2, "sales/w.csv", "a" * 64, 3)])
        assert len(look()) == 2
        assert opened.ask("select number from format") == [(len(STEPS),)]


def test_a_memory_of_a_newer_version_is_refused_and_stays_as_it_is(
    url: str, mariadb: MariaDb, database_name: str
) -> None:
    with open_mysql_state(url, create=True):
        pass
    mariadb.sql("update retailstream_format set number = 99", database_name)
    before = mariadb.sql("show tables", database_name)
    for create in (True, False):
        refused = pytest.raises(RetailStreamError, match=r"a newer retailstream \(format 99; this one knows \d\)")
        with refused, open_mysql_state(url, create=create):
            pass
    assert mariadb.sql("show tables", database_name) == before
    assert mariadb.sql("select number from retailstream_format", database_name) == [(99,)]
