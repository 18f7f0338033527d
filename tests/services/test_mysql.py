"""Whole commands against a MySQL server, and what it does to them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from retailstream.adapters.database import mysql, mysql_text
from retailstream.adapters.database.mysql import open_mysql
from retailstream.adapters.database.mysql_address import address_of
from retailstream.adapters.database.mysql_results import open_mysql_results
from retailstream.adapters.database.mysql_server import open_server
from retailstream.adapters.engine.duckdb import DuckDbEngine, open_duckdb
from retailstream.contracts import SALES, Column, Type
from retailstream.contracts import STORES as STORES_TABLE
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.fingerprints import Fingerprint
from retailstream.manifests import WHOLE
from retailstream.ports import ResultTable, TableLoad
from tests.contracts.rows import FEBRUARY, MARCH, STORES, parquet, read, sale
from tests.environment import SALES as SALES_HEADER
from tests.environment import any_weeks, csv
from tests.processes import wait_until
from tests.services.mariadb import ENCODED, PASSWORD, USER, MariaDb
from tests.services.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.adapters.database.mysql_server import Session
    from retailstream.contracts import Contract
    from retailstream.ports import Row
    from tests.environment import Environment

CHAIN = Path(__file__).parents[1] / "analytics" / "fixtures" / "chain"
REAL = Path(__file__).parents[3] / "shared" / "datasets" / "retail"


@pytest.fixture
def at(mariadb: MariaDb, database_name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database on the server, which every command of the test uses."""
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", mariadb.url(database_name))
    any_weeks(monkeypatch)  # the chain has gaps
    return database_name


@pytest.fixture
def chain(env: Environment, at: str) -> Environment:
    """The small chain, loaded."""
    shutil.copytree(CHAIN, env.source, dirs_exist_ok=True)
    env.run()
    return env


def change(folder: Path, contract: Contract, digests: dict[str, str | None], rows: Sequence[Row]) -> TableLoad:
    """Return a load of rows as an engine gives them."""
    given = contract, [parquet(folder / f"{contract.name}.parquet", contract, rows)], mysql_text.encode

    def batches() -> Iterator[list[Row]]:
        with open_duckdb(folder / "engine", memory="500MB") as engine:
            yield from engine.rows(*given)

    def text(path: Path) -> Fingerprint:
        with open_duckdb(folder / "engine", memory="500MB") as engine:
            return engine.dump(*given, path)

    return TableLoad(contract, digests, batches, text)


def both(contract: Contract, digests: dict[str, str | None], rows: list[Row], sent: Fingerprint) -> TableLoad:
    """Return a load of rows of text that no engine would give."""

    def text(path: Path) -> Fingerprint:
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows), newline="")
        return sent

    return TableLoad(contract, digests, lambda: iter([rows]), text)


def totals(mariadb: MariaDb, name: str) -> tuple[int, Decimal, int]:
    """Return count, sum and stores that the database holds."""
    ((count, total),) = mariadb.sql("select count(*), sum(weekly_sales) from sales", name)
    ((stores,),) = mariadb.sql("select count(*) from stores", name)
    return count, total, stores


def test_a_run_loads_everything_and_the_next_one_nothing(chain: Environment, mariadb: MariaDb, at: str) -> None:
    clean = chain.clean("sales")
    assert totals(mariadb, at) == (len(clean), sum(row[3] for row in clean), len(chain.clean("stores")))  # type: ignore[misc]
    loaded = mariadb.sql("select * from sales order by store, dept, date", at)
    assert loaded == [(*row[:4], int(row[4]), row[5]) for row in (r[:6] for r in clean)]  # type: ignore[call-overload]
    assert chain.failing() == []
    assert not (chain.home / "retail.db").exists()

    again = chain.run()
    assert again["status"] == "noop"
    assert again["health"]["healthy"]
    assert re.fullmatch(r"mysql\+pymysql://ann:\*\*\*@127\.0\.0\.1:\d+/\w+", again["stages"][2]["outputs"][0])


def test_the_warehouse_gets_what_the_database_holds(chain: Environment) -> None:
    checks = chain.checks()
    assert [checks[f"reconcile_{name}_warehouse"]["state"] for name in ("sales", "stores")] == ["ok", "ok"]


@pytest.mark.skipif(not REAL.is_dir(), reason="the real set is not there")
def test_the_real_set_arrives_to_the_cent(env: Environment, mariadb: MariaDb, at: str) -> None:
    summary = env.stage("run", "--source", str(REAL))
    assert summary["health"]["healthy"], summary["health"]
    assert totals(mariadb, at) == (421_570, Decimal("6737218987.11"), 45)
    assert env.stage("run", "--source", str(REAL))["status"] == "noop"


def test_tables_have_exact_types_keys_and_an_index_on_date(chain: Environment, mariadb: MariaDb, at: str) -> None:
    columns = mariadb.sql(
        "select table_name, column_name, column_type, is_nullable, column_key from information_schema.columns"
        f" where table_schema = '{at}' and table_name in ('sales', 'stores') order by table_name, ordinal_position"
    )
    assert [tuple(str(part) for part in column) for column in columns] == [
        ("sales", "store", "int(11)", "NO", "PRI"),
        ("sales", "dept", "int(11)", "NO", "PRI"),
        ("sales", "date", "date", "NO", "PRI"),
        ("sales", "weekly_sales", "decimal(12,2)", "NO", ""),
        ("sales", "is_holiday", "tinyint(1)", "NO", ""),
        ("sales", "customers", "int(11)", "YES", ""),
        ("stores", "store", "int(11)", "NO", "PRI"),
        ("stores", "type", "char(1)", "NO", ""),
        ("stores", "size", "int(11)", "NO", ""),
    ]
    tables = mariadb.sql(f"select engine, table_collation from information_schema.tables where table_schema = '{at}'")
    assert set(tables) == {("InnoDB", "utf8mb4_bin")}
    indexes = mariadb.sql("show index from sales", at)
    assert {(index[2], index[4]) for index in indexes if index[2] != "PRIMARY"} == {("date", "date")}


def test_an_index_that_is_missing_comes_with_the_next_load(mariadb: MariaDb, at: str, tmp_path: Path) -> None:
    with open_mysql(mariadb.url(at)) as database:
        database.load([change(tmp_path, SALES, {"2010-02": "a"}, FEBRUARY)])
        mariadb.sql("alter table sales drop key date", at)
        database.load([change(tmp_path, SALES, {"2010-02": "b"}, FEBRUARY[:1])])
    assert len(mariadb.sql("show index from sales where key_name = 'date'", at)) == 1


def test_what_a_dropped_table_was_loaded_from_is_forgotten(mariadb: MariaDb, at: str, tmp_path: Path) -> None:
    with open_mysql(mariadb.url(at)) as database:
        database.load([change(tmp_path, SALES, {"2010-02": "a", "2010-03": "b"}, [*FEBRUARY, *MARCH])])
        mariadb.sql("drop table sales", at)
        assert database.digests(SALES) is None
        assert database.fingerprint(SALES) is None
        database.load([change(tmp_path, SALES, {"2010-02": "a"}, FEBRUARY)])
        assert database.digests(SALES) == {"2010-02": "a"}


def test_a_dry_run_and_a_look_make_no_table(env: Environment, mariadb: MariaDb, at: str) -> None:
    env.write({"sales/w.csv": csv(SALES_HEADER, "1,1,2010-02-05,1.10,FALSE")})
    env.stage("ingest", "--source", str(env.source))
    env.stage("glue-merge")
    assert env.stage("load-rds", "--dry-run")["datasets"]["sales"]["rows_out"] == 1
    env.command("monitor")
    assert "tables none yet" in env.command("doctor").stdout.replace("\n", " ")
    assert not {"sales", "stores", "retailstream_loads"} & {name for (name,) in mariadb.sql("show tables", at)}


@contextmanager
def watched(mariadb: MariaDb, name: str) -> Iterator[list[tuple[Any, ...]]]:
    """Note what is written to sales by triggers; the list is filled at the end."""
    mariadb.sql("create table noted (what varchar(9), store int, dept int, amount decimal(12,2))", name)
    for what, side in (("insert", "new"), ("update", "new"), ("delete", "old")):
        row = f"{side}.store, {side}.dept, {side}.weekly_sales"
        mariadb.sql(
            f"create trigger on_{what} after {what} on sales for each row insert into noted values ('{what}', {row})",
            name,
        )
    notes: list[tuple[Any, ...]] = []
    yield notes
    notes += mariadb.sql("select * from noted order by what, store, dept", name)


@pytest.mark.parametrize("files", ["true", "false"], ids=["files", "inserts"])
def test_a_correction_writes_the_rows_that_differ_and_no_other(
    mariadb: MariaDb, at: str, tmp_path: Path, files: str
) -> None:
    with open_mysql(mariadb.url(at, local_infile=files)) as database:
        database.load([change(tmp_path, SALES, {"2010-02": "a", "2010-03": "b"}, [*FEBRUARY, *MARCH])])
        corrected = [FEBRUARY[0], sale(1, 2, "2010-02-05", "9.99"), sale(7, 7, "2010-02-12", "7.77", visits=7)]
        with watched(mariadb, at) as notes:
            database.load([change(tmp_path, SALES, {"2010-02": "c"}, corrected)])
    assert notes == [
        ("delete", 2, 1, Decimal("3.30")),
        ("insert", 7, 7, Decimal("7.77")),
        ("update", 1, 2, Decimal("9.99")),
    ]


def test_a_value_that_comes_or_goes_is_a_difference(mariadb: MariaDb, at: str, tmp_path: Path) -> None:
    with open_mysql(mariadb.url(at)) as database:
        rows = [sale(1, 1, "2010-02-05", "1"), sale(1, 2, "2010-02-05", "1", visits=5)]
        database.load([change(tmp_path, SALES, {"2010-02": "a"}, rows)])
        rows = [sale(1, 1, "2010-02-05", "1", visits=5), sale(1, 2, "2010-02-05", "1")]
        database.load([change(tmp_path, SALES, {"2010-02": "b"}, rows)])
    assert mariadb.sql("select customers from sales order by dept", at) == [(5,), (None,)]


def test_a_server_that_forbids_files_gets_inserts(env: Environment, mariadb: MariaDb, at: str) -> None:
    shutil.copytree(CHAIN, env.source, dirs_exist_ok=True)

    def loads() -> int:
        return int(mariadb.sql("show global status like 'Com_load'")[0][1])

    mariadb.sql("set global local_infile = 0")
    before = loads()
    try:
        summary = env.run()
    finally:
        mariadb.sql("set global local_infile = 1")
    assert summary["health"]["healthy"]
    assert loads() - before <= 2  # refused once a load, then no longer tried
    assert totals(mariadb, at)[0] == len(env.clean("sales"))


@pytest.mark.parametrize("files", ["true", "false"], ids=["files", "inserts"])
@pytest.mark.parametrize(
    "bad",
    [
        ("1", "2", "2010-02-30", "1.00", "0", r"\N"),
        ("1", "2", "10000-01-01", "1.00", "0", r"\N"),
        ("1", "2", "2010-02-05", "1.005", "0", r"\N"),
        ("1", "2", "2010-02-05", "10000000000.00", "0", r"\N"),
        ("1", r"\N", "2010-02-05", "1.00", "0", r"\N"),
        ("1", "1", "2010-02-05", "1.00", "0", r"\N"),
        ("1", "9999999999", "2010-02-05", "1.00", "0", r"\N"),
    ],
    ids=["no such day", "year", "tenths of a cent", "too rich", "null", "key twice", "too large"],
)
def test_rows_that_the_server_would_cut_to_fit_are_refused(
    mariadb: MariaDb, at: str, files: str, bad: tuple[str, ...]
) -> None:
    rows: list[Row] = [("1", "1", "2010-02-05", "1.00", "0", r"\N"), bad]
    sent = Fingerprint(2, (("weekly_sales", 200), ("is_holiday", 0), ("customers", 0)), 0)
    with open_mysql(mariadb.url(at, local_infile=files)) as database:
        with pytest.raises(RetailStreamError) as caught:
            database.load([both(SALES, {"2010-02": "a"}, rows, sent)])
        assert caught.value.exit_code == 1
        assert database.digests(SALES) is None
    assert mariadb.sql("select * from sales", at) == []


def test_a_file_that_was_altered_on_its_way_is_noticed(mariadb: MariaDb, at: str, tmp_path: Path) -> None:
    load = change(tmp_path, SALES, {"2010-02": "a"}, FEBRUARY)

    def altered(path: Path) -> Fingerprint:
        assert load.text
        sent = load.text(path)
        path.write_text(path.read_text().replace("2.20", "2.21"))
        return sent

    with open_mysql(mariadb.url(at)) as database:
        with pytest.raises(RetailStreamError, match="column 'weekly_sales' arrived with other values"):
            database.load([TableLoad(SALES, load.digests, load.rows, altered)])
        assert database.digests(SALES) is None


def test_any_character_arrives_as_it_is(mariadb: MariaDb, at: str, tmp_path: Path) -> None:
    letters = ["'", '"', "\t", "\n", "\r", "\\", "\0", "N", "😀", "é", "%", ";", "`", "\x1a", "0"]
    rows = [(number, letter, 1) for number, letter in enumerate(letters, start=1)]
    for files in ("true", "false"):
        with open_mysql(mariadb.url(at, local_infile=files)) as database:
            database.load([change(tmp_path, STORES_TABLE, {WHOLE: files}, rows)])
        assert mariadb.sql("select hex(type) from stores order by store", at) == [
            (letter.encode().hex().upper(),) for letter in letters
        ]
        mariadb.sql("drop table stores", at)


def test_longer_text_goes_through_a_file_unharmed(mariadb: MariaDb, at: str, tmp_path: Path) -> None:
    texts = ["NULL", r"\N", "\\", "\\\\t", "a\tb\nc\r\n", " x ", "😀'\"", "", "\\\n", None]
    column = Column("words", Type.LETTER)
    with open_duckdb(tmp_path / "engine", memory="500MB") as engine:
        query = f"select {mysql_text.encode(column)} from (select unnest($texts::varchar[]) as words)"
        rows = engine.connection.execute(query, {"texts": texts}).fetchall()
    assert [mysql_text.value(str(row[0])) for row in rows] == texts
    (tmp_path / "text").write_text("".join(f"{row[0]}\n" for row in rows), newline="")
    mariadb.sql("create table t (id int auto_increment primary key, words varchar(99)) charset utf8mb4", at)
    mariadb.sql(f"load data infile '{tmp_path / 'text'}' into table t {mysql_text.CLAUSES} (words)", at)
    assert [row[0] for row in mariadb.sql("select words from t order by id", at)] == texts


def dying(mariadb: MariaDb, load: TableLoad) -> TableLoad:
    """Return a load whose server dies when it has the first half of the rows, however it gets them."""

    def batches() -> Iterator[list[Row]]:
        for batch in load.rows():
            yield batch[:1]
            mariadb.kill()
            yield batch[1:]

    def text(path: Path) -> Fingerprint:
        assert load.text
        sent = load.text(path)
        lines = path.read_bytes()
        path.unlink()
        os.mkfifo(path)

        def feed() -> None:
            with path.open("wb") as stream:
                stream.write(lines[: len(lines) // 2])
                stream.flush()
                mariadb.kill()
                with suppress(BrokenPipeError):  # what is left is more than fits on its way
                    stream.write(lines[len(lines) // 2 :] * 100_000)
                    stream.flush()

        threading.Thread(target=feed).start()
        return sent

    return TableLoad(load.contract, load.digests, batches, text)


@pytest.mark.parametrize("files", ["true", "false"], ids=["files", "inserts"])
@pytest.mark.parametrize("first", [True, False], ids=["first load", "later load"])
def test_a_server_killed_in_mid_load_keeps_the_old_data(
    mariadb: MariaDb, at: str, tmp_path: Path, first: bool, files: str
) -> None:
    with open_mysql(mariadb.url(at, retry_seconds=0, local_infile=files)) as database:
        if not first:
            database.load([change(tmp_path, SALES, {"2010-02": "a"}, FEBRUARY)])
        before = database.digests(SALES), database.fingerprint(SALES)
        corrected = change(tmp_path, SALES, {"2010-02": "c", "2010-03": "b"}, [FEBRUARY[0], *MARCH])
        try:
            with pytest.raises(TransientError, match="is not available") as caught:
                database.load([dying(mariadb, corrected)])
        finally:
            mariadb.start()
        assert PASSWORD not in str(caught.value)
        assert (database.digests(SALES), database.fingerprint(SALES)) == before

        database.load([corrected])
        assert database.digests(SALES) == {"2010-02": "c", "2010-03": "b"}
        assert len(mariadb.sql("select * from sales", at)) == 3


def test_a_server_killed_while_it_answers_is_worth_another_try(
    mariadb: MariaDb, at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(session: Session) -> None:
        for number, _row in enumerate(session.stream("select repeat('x', 1000) from seq_1_to_1000000")):
            if number == 1000:
                mariadb.kill()

    with open_server(address_of(mariadb.url(at, retry_seconds=0))) as server:
        try:
            with pytest.raises(TransientError, match="the connection was lost"):
                server.read(work)
        finally:
            mariadb.start()
    assert capsys.readouterr().err == ""  # the driver, too, has nothing more to read


def test_a_command_whose_server_dies_ends_with_4_and_the_next_repairs(
    chain: Environment, mariadb: MariaDb, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = totals(mariadb, at)
    chain.write({"sales/more.csv": csv(SALES_HEADER, "1,1,2013-01-04,1.10,FALSE", "1,2,2013-01-04,2.20,FALSE")})
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", mariadb.url(at, retry_seconds=0))
    dump = DuckDbEngine.dump

    def killing(*given: Any) -> Fingerprint:
        mariadb.kill()
        return dump(*given)

    with monkeypatch.context() as patched:
        patched.setattr(DuckDbEngine, "dump", killing)
        try:
            failed = chain.run(code=4)
        finally:
            mariadb.start()
    assert [stage["status"] for stage in failed["stages"]] == ["ok", "ok", "failed"]
    assert "run the same command again" in failed["error"]
    assert totals(mariadb, at) == before

    assert chain.run()["health"]["healthy"]
    assert totals(mariadb, at) == (before[0] + 2, before[1] + Decimal("3.30"), before[2])


SIGNALLED = 4.0
"""So many seconds after a signal a command has ended: on a quiet machine 2, and tests share theirs."""


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("sleep(100) = 0", id="before the first row"),
        pytest.param("store = 1 or sleep(0.2) = 0", id="between rows"),
    ],
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_copy_while_the_server_works(
    env: Environment, mariadb: MariaDb, at: str, where: str, number: signal.Signals, code: int
) -> None:
    mariadb.sql("create table numbers (store int primary key)", at)
    mariadb.sql("insert into numbers select seq from seq_1_to_5000", at)
    command = [sys.executable, "-m", "retailstream", "sqoop", "--table", "numbers", "--where", where, *env.options]
    asked = "select id from information_schema.processlist where info like '%from `numbers`%sleep%' and id <> connection_id()"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: mariadb.sql(asked))
            process.send_signal(number)
            began = time.monotonic()
            _out, told = process.communicate(timeout=30)
            seconds = time.monotonic() - began
            wait_until(
                lambda: not mariadb.sql(asked), seconds=20
            )  # or the server would go on with what nobody waits for
        finally:
            process.kill()
            for (connection,) in mariadb.sql(asked):
                with suppress(pymysql.err.OperationalError):  # it has just come to its end
                    mariadb.sql(f"kill {connection}")

    assert process.returncode == code, told
    assert seconds < SIGNALLED, f"{seconds:.1f} s from the signal to the end"
    assert told.endswith("the same command takes up where this one stopped\n"), told


def test_a_server_that_comes_back_in_time_is_waited_for(
    chain: Environment, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    mariadb.kill()
    starting = threading.Timer(0.5, mariadb.start)
    starting.start()
    try:
        assert chain.stage("load-rds")["status"] == "noop"
    finally:
        starting.join()


def test_a_server_that_is_not_there_ends_every_command_with_4(
    env: Environment, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = mariadb.url("retail", retry_seconds=0).replace(str(mariadb.port), "1")
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", url)
    for command in ("load-rds", "sqoop", "monitor"):
        outcome = env.command(command)
        assert outcome.exit_code == 4, outcome.stderr
        assert "is not available: no connection" in outcome.error
        assert ENCODED not in outcome.stderr
    assert "FAILED" in env.command("doctor").stdout


def test_a_deadlock_is_tried_again(mariadb: MariaDb, at: str, tmp_path: Path) -> None:
    """The other transaction is the heavier one, so that the server gives ours up."""
    with open_mysql(mariadb.url(at)) as database, closing(mariadb.connect(at)) as other, other.cursor() as cursor:
        sales = partial(change, tmp_path, SALES)
        database.load([sales({"2010-02": "a"}, FEBRUARY), change(tmp_path, STORES_TABLE, {WHOLE: "s"}, STORES)])
        cursor.execute("create table heavy (id int primary key)")
        cursor.execute("begin")
        cursor.execute("insert into heavy select seq from seq_1_to_5000")
        cursor.execute("update stores set size = 7")
        new = [sales({"2010-02": "b"}, FEBRUARY[:1]), change(tmp_path, STORES_TABLE, {WHOLE: "t"}, STORES[:1])]
        loading = threading.Thread(target=database.load, args=(new,))
        deadlocks = "select count from information_schema.innodb_metrics where name = 'lock_deadlocks'"
        before = mariadb.sql(deadlocks)
        loading.start()
        waiting = "select count(*) from information_schema.innodb_trx where trx_state = 'LOCK WAIT'"
        # The server looks anew only where nobody asked for a tenth of a second.
        wait_until(lambda: mariadb.sql(waiting) != [(0,)], every=0.15)
        cursor.execute("update sales set customers = 1")
        cursor.execute("commit")
        loading.join()
        assert mariadb.sql(deadlocks) > before
        assert database.digests(SALES) == {"2010-02": "b"}
        assert database.digests(STORES_TABLE) == {WHOLE: "t"}
        assert mariadb.sql("select store, customers from sales", at) == [(1, None)]


def test_a_lock_held_for_long_is_transient(mariadb: MariaDb, at: str, tmp_path: Path) -> None:
    url = mariadb.url(at, retry_seconds=1)
    with open_mysql(url) as database, closing(mariadb.connect(at)) as other, other.cursor() as cursor:
        database.load([change(tmp_path, SALES, {"2010-02": "a"}, FEBRUARY)])
        cursor.execute("begin")
        cursor.execute("update sales set customers = 1")
        with pytest.raises(TransientError, match="a lock is held by another transaction"):
            database.load([change(tmp_path, SALES, {"2010-02": "b"}, MARCH)])
        cursor.execute("rollback")
        assert database.digests(SALES) == {"2010-02": "a"}


def test_a_full_disk_ends_with_1_and_keeps_the_old_data_and_with_room_again_the_same_command_repairs(
    env: Environment, mariadb: MariaDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What waits to be published lies in a space for temporary tables, which can be as full as a disk.
    narrow = MariaDb(
        mariadb.programs, tmp_path, free_port(), ("--innodb-temp-data-file-path=ibtmp1:12M:autoextend:max:12M",)
    )
    narrow.install()
    narrow.start()
    try:
        narrow.sql(f"create user '{USER}'@'localhost' identified by '{PASSWORD}'")
        narrow.sql(f"grant all on *.* to '{USER}'@'localhost'")
        narrow.sql("create database retail")
        monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", narrow.url("retail"))
        monkeypatch.setenv("RETAILSTREAM__QUALITY__MAX_ORPHAN_STORES", "999")
        env.write(
            {"sales/a.csv": csv(SALES_HEADER, "1,1,2010-02-05,1.10,FALSE"), "stores/s.csv": "Store,Type,Size\n1,A,2\n"}
        )
        env.run()
        many = (f"{store},{dept},2010-02-05,2.20,FALSE" for store in range(1, 401) for dept in range(1, 501))
        env.write({"sales/b.csv": csv(SALES_HEADER, *many)})
        error = env.run(code=1)["error"]
        assert "is full" in error
        assert narrow.sql("select count(*), sum(weekly_sales) from sales", "retail") == [(1, Decimal("1.10"))]

        narrow.stop()
        roomy = replace(narrow, options=(), process=None)
        roomy.start()
        try:
            env.run()
            assert env.failing() == []
            assert roomy.sql("select count(*), sum(weekly_sales) from sales", "retail") == [(200_000, Decimal(440_000))]
        finally:
            roomy.stop()
    finally:
        narrow.kill()


def test_a_dump_sees_one_moment(mariadb: MariaDb, at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fingerprint = mysql._fingerprint

    def late(*given: Any) -> Any:
        mariadb.sql("update sales set weekly_sales = 0", at)
        return fingerprint(*given)

    with open_mysql(mariadb.url(at)) as database, open_duckdb(tmp_path / "e", memory="500MB") as engine:
        database.load([change(tmp_path, SALES, {"2010-02": "a"}, FEBRUARY)])
        monkeypatch.setattr(mysql, "_fingerprint", late)
        sent = database.dump(SALES, None, tmp_path / "text")
        engine.write_text(SALES, tmp_path / "text", database.decode, lambda name: tmp_path / name)
        assert read([tmp_path / "2010-02"], SALES) == list(FEBRUARY)
        assert engine.fingerprint(SALES, [tmp_path / "2010-02"]) == sent


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("mysql+pymysql://ann:wr0ng-s3cret@127.0.0.1:{port}/{name}", "refuses us: Access denied"),
        ("mysql+pymysql://nobody:wr0ng-s3cret@127.0.0.1:{port}/{name}", "refuses us: Access denied"),
        ("mysql+pymysql://ann:{password}@127.0.0.1:{port}/no_such", "refuses us: Unknown database 'no_such'"),
        ("mysql+pymysql://ann:{password}@127.0.0.1:{port}/{name}?ssl_ca={folder}/stranger.pem", "cannot be trusted"),
        (
            (
                "mysql+pymysql://ann:{password}@127.0.0.1:{port}/{name}"
                "?ssl_ca={folder}/stranger.pem&ssl_check_hostname=false"
            ),
            "cannot be trusted",
        ),
        ("mysql+pymysql://ann:{password}@localhost:{port}/{name}?ssl_ca={folder}/ca.pem", "cannot be trusted"),
        ("mysql+pymysql://ann:{password}@127.0.0.1:{port}/{name}?ssl_ca=/no/such.pem", "cannot be read"),
    ],
    ids=["password", "user", "database", "authority", "authority alone", "host name", "no file"],
)
def test_what_the_user_must_put_right_ends_with_2_and_shows_no_secret(
    env: Environment, mariadb: MariaDb, at: str, monkeypatch: pytest.MonkeyPatch, url: str, error: str
) -> None:
    filled = url.format(port=mariadb.port, name=at, password=ENCODED, folder=mariadb.folder)
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", filled)
    began = time.monotonic()
    for words in (("load-rds", "-v", "--json"), ("monitor",), ("config", "show"), ("doctor",)):
        outcome = env.command(*words)
        if words[0] in {"load-rds", "monitor"}:
            assert outcome.exit_code == 2, outcome.stderr
            assert error in outcome.error
        for secret in ("wr0ng-s3cret", PASSWORD, ENCODED):
            assert secret not in outcome.stdout + outcome.stderr
    assert time.monotonic() - began < 25  # one that was tried again would take 30
    memory = b"".join(env.files(".").values())
    for secret in ("wr0ng-s3cret", PASSWORD, ENCODED):
        assert secret.encode() not in memory


def test_tls_is_verified_and_used(mariadb: MariaDb, at: str) -> None:
    for host, options in (("127.0.0.1", {}), ("localhost", {"ssl_check_hostname": "false"})):
        url = mariadb.url(at, ssl_ca=mariadb.file("ca.pem"), **options).replace("127.0.0.1", host)
        with open_mysql(url) as database:
            cipher = database._server.read(lambda session: session.ask("show status like 'Ssl_cipher'")[0][1])
        assert cipher


def test_a_token_of_aws_is_the_password_of_each_connection(
    mariadb: MariaDb, at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    class Client:
        def __init__(self, service: str, region_name: str) -> None:
            asked.append({service: region_name})

        def generate_db_auth_token(self, **words: Any) -> str:
            asked.append(words)
            return PASSWORD

    boto3, exceptions = ModuleType("boto3"), ModuleType("botocore.exceptions")
    boto3.client = Client  # type: ignore[attr-defined]
    exceptions.BotoCoreError = exceptions.ClientError = OSError  # type: ignore[attr-defined]
    for module in (boto3, ModuleType("botocore"), exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    url = mariadb.url(at, iam="true", region="eu-west-1", ssl_ca=mariadb.file("ca.pem")).replace(f":{ENCODED}@", "@")
    with open_mysql(url) as database:
        assert database.digests(SALES) is None
        database.load([change(tmp_path, SALES, {"2010-02": "a"}, FEBRUARY)])
    words = {"DBHostname": "127.0.0.1", "Port": mariadb.port, "DBUsername": "ann"}
    assert asked == [{"rds": "eu-west-1"}, words] * 2


def test_a_token_without_boto3_is_a_usage_error(mariadb: MariaDb, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with open_mysql(mariadb.url(at, iam="true")) as database, pytest.raises(UsageError, match="boto3"):
        database.digests(SALES)


def test_answers_are_kept_with_their_types_and_replaced_in_one_step(
    chain: Environment, mariadb: MariaDb, at: str
) -> None:
    outcome = chain.command("analyze", "yearly-stores", "--save")
    assert outcome.exit_code == 0, outcome.stderr
    tables = [row[0] for row in mariadb.sql("show tables", at)]
    assert not [name for name in tables if name.endswith(("_new", "_old"))]


def test_a_result_table_takes_the_place_of_the_old_one(mariadb: MariaDb, at: str) -> None:
    columns = [("rank", "BIGINT"), ("amount", "DECIMAL(38,2)"), ("share", "DOUBLE"), ("type", "VARCHAR")]
    columns += [("date", "DATE"), ("holiday", "BOOLEAN"), ("total", "HUGEINT")]
    row = (1, Decimal("999999999999999999999999999999999999.99"), 0.5, "A", date(2010, 2, 5), True, 10**37)
    with open_mysql_results(mariadb.url(at)) as results:
        results.replace(ResultTable("answer", columns, [row, (2, None, None, None, None, None, None)], "run-1"))
        results.replace(ResultTable("answer", columns, [row], "run-2"))
        results.replace(ResultTable("empty", columns, [], "run-2"))
    assert mariadb.sql("select * from answer", at) == [(*row[:5], 1, Decimal(10**37), "run-2")]
    assert mariadb.sql("show tables", at) == [("answer",), ("empty",)]


def test_the_process_list_shows_no_secret(mariadb: MariaDb, at: str) -> None:
    with open_mysql(mariadb.url(at)) as database:
        database.digests(SALES)
        listed = mariadb.sql("show full processlist")
    assert any(row[1] == "ann" for row in listed)
    assert PASSWORD not in str(listed)
