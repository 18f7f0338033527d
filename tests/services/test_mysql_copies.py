"""`sqoop --table` from a MySQL server as people have them: rights on some columns, rows that come late, shapes, names."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.environment import SALES, STORES, csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Environment
    from tests.services.mariadb import MariaDb

VIEWER, OPENS = "viewer", "v1ewer"


@pytest.fixture
def at(env: Environment, mariadb: MariaDb, database_name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database on the server, which every command of the test uses."""
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", mariadb.url(database_name))
    env.home.mkdir()
    return database_name


def rows(env: Environment, table: str, order: str = "id", shown: str = "*") -> list[Any]:
    [path] = (env.home / "warehouse" / table).glob("*.parquet")
    with duckdb.connect() as connection:
        return connection.execute(f"select {shown} from read_parquet('{path}') order by {order}").fetchall()


# Rights


@pytest.fixture
def viewer(mariadb: MariaDb, at: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A user of the database who may read two columns of `people`, and the memory of an environment."""
    mariadb.sql("create table people (id int primary key, name varchar(9), salary int, pin int)", at)
    mariadb.sql("insert into people values (1, 'Ann', 9, 1234)", at)
    mariadb.sql(f"create or replace user '{VIEWER}'@'localhost' identified by '{OPENS}'")
    mariadb.sql(f"grant select (id, name) on {at}.people to '{VIEWER}'@'localhost'")
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", f"mysql+pymysql://{VIEWER}:{OPENS}@127.0.0.1:{mariadb.port}/{at}")
    yield at
    mariadb.sql(f"drop user '{VIEWER}'@'localhost'")


def test_a_user_who_sees_some_columns_is_told_of_the_others(env: Environment, mariadb: MariaDb, viewer: str) -> None:
    mariadb.sql(f"grant create on {viewer}.* to '{VIEWER}'@'localhost'")
    granted = (
        "select table_name from information_schema.tables where table_schema = database() and table_name like 're%'"
    )
    told = env.command("sqoop", "--table", "people", "--dry-run")
    assert told.exit_code == 2
    assert "may not read all columns of table 'people'" in told.error
    assert "--columns id,name" in told.stderr
    assert not mariadb.sql(granted, viewer)
    assert env.stage("sqoop", "--table", "people", "--columns", "id,name", "--dry-run")["files_new"] == 1


def test_whoever_may_read_the_table_reads_all_of_it(env: Environment, mariadb: MariaDb, at: str) -> None:
    mariadb.sql("create table people (id int primary key, hidden int invisible)", at)
    mariadb.sql("insert into people (id, hidden) values (1, 2)", at)
    env.stage("sqoop", "--table", "people")
    assert rows(env, "people") == [(1, 2)]


# Rows that come late

EVENTS = ("sqoop", "--table", "events", "--incremental", "append", "--check-column", "id")


def test_a_row_whose_transaction_ends_after_a_copy_is_copied_by_the_next(
    env: Environment, mariadb: MariaDb, at: str
) -> None:
    mariadb.sql("create table events (id int auto_increment primary key, who varchar(9))", at)
    with closing(mariadb.connect(at)) as first, first.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("insert into events (who) values ('A')")
        mariadb.sql("insert into events (who) values ('B')", at)
        assert env.stage(*EVENTS)["rows_out"] == 1
        cursor.execute("commit")
    summary = env.stage(*EVENTS)
    assert [warning["code"] for warning in summary["warnings"]] == ["late_rows"]
    assert rows(env, "events") == [(1, "A"), (2, "B")]
    assert env.stage(*EVENTS)["status"] == "noop"


def test_a_change_whose_transaction_ends_after_a_copy_is_copied_by_the_next(
    env: Environment, mariadb: MariaDb, at: str
) -> None:
    mariadb.sql("create table orders (id int primary key, who varchar(9), changed datetime(6) not null)", at)
    mariadb.sql("insert into orders values (1, 'a', '2020-01-01'), (2, 'b', '2020-01-02')", at)
    words = ("sqoop", "--table", "orders", "--incremental", "lastmodified", "--check-column", "changed")
    with closing(mariadb.connect(at)) as first, first.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("update orders set who = 'A', changed = '2020-02-01' where id = 1")
        mariadb.sql("update orders set who = 'B', changed = '2020-02-02' where id = 2", at)
        env.stage(*words)
        assert rows(env, "orders", shown="who") == [("a",), ("B",)]
        cursor.execute("commit")
    assert env.stage(*words)["status"] == "ok"
    assert rows(env, "orders", shown="who") == [("A",), ("B",)]


@pytest.mark.parametrize("declared", ["uuid", "char(26)"])
def test_a_cursor_of_text_is_refused_with_the_reason(
    env: Environment, mariadb: MariaDb, at: str, declared: str
) -> None:
    mariadb.sql(f"create table events (id {declared} primary key)", at)
    error = env.stage(*EVENTS, code=2)["error"]
    assert "cannot tell new rows: it is no number, date or time; which text comes last hangs on its collation" in error


# Names and types


def test_tables_of_a_name_in_two_cases_do_not_replace_each_other(env: Environment, mariadb: MariaDb, at: str) -> None:
    for name in ("Twin", "twin"):
        mariadb.sql(f"create table {name} (id int primary key, who varchar(9) default '{name}')", at)
        mariadb.sql(f"insert into {name} (id) values (1)", at)
    env.stage("sqoop", "--table", "Twin")
    told = env.command("sqoop", "--table", "twin")
    assert told.exit_code == 2
    assert f"is a copy of table 'Twin' in mysql://127.0.0.1:{mariadb.port}/{at}" in told.error
    assert rows(env, "twin") == [(1, "Twin")]
    env.stage("sqoop", "--table", "twin", "--target", "lower")
    assert rows(env, "lower") == [(1, "twin")]


def test_a_table_of_another_database_gets_a_name_of_its_own(env: Environment, mariadb: MariaDb, at: str) -> None:
    mariadb.sql(f"create database {at}_b")
    try:
        mariadb.sql("create table t (id int primary key, `a b` int)", f"{at}_b")
        mariadb.sql("insert into t values (1, 2)", f"{at}_b")
        told = env.command("sqoop", "--table", f"{at}_b.t")
        assert (told.exit_code, "--target" in told.stderr) == (2, True)
        words = ("sqoop", "--table", f"{at}_b.t", "--target", "theirs", "--rename", "A B=c")
        assert env.stage(*words)["status"] == "ok"
        assert env.stage(*words)["status"] == "noop"
        assert rows(env, "theirs", shown="id, c") == [(1, 2)]
        mariadb.sql(f"create table `{at}_b.t` (id int primary key)", at)
        assert env.stage("sqoop", "--table", f"{at}_b.t", "--target", "ours")["rows_out"] == 0
    finally:
        mariadb.sql(f"drop database {at}_b")


def test_shapes_are_wkb_and_wide_decimals_text_where_that_is_asked_for(
    env: Environment, mariadb: MariaDb, at: str
) -> None:
    mariadb.sql("create table t (id int primary key, place point, area geometry, huge decimal(65,30))", at)
    huge = f"{'9' * 35}.{'1' * 30}"
    mariadb.sql(f"insert into t values (1, point(1, 2), st_geomfromtext('LINESTRING(0 0,1 1)', 4326), {huge})", at)
    mariadb.sql("insert into t (id) values (2)", at)

    told = env.command("sqoop", "--table", "t")
    assert (told.exit_code, "--as-text 'huge'" in told.stderr) == (2, True)
    words = ("sqoop", "--table", "t", "--as-text", "huge", "--as-text", "AREA")
    assert env.stage(*words)["status"] == "ok"
    wkb = bytes.fromhex("0101000000000000000000F03F0000000000000040")
    assert rows(env, "t") == [(1, wkb, "LINESTRING(0 0,1 1)", huge), (2, None, None, None)]
    assert env.stage(*words)["status"] == "noop"


# What is there already


def test_no_load_touches_tables_of_others(env: Environment, mariadb: MariaDb, at: str) -> None:
    mariadb.sql("create table sales (id int, note varchar(9))", at)
    mariadb.sql("insert into sales values (1, 'theirs')", at)
    env.write({"sales/a.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE"), "stores/a.csv": csv(STORES, "1,A,7")})
    env.stage("ingest", "--source", str(env.source))
    env.stage("glue-merge")

    assert env.stage("load-rds", code=2)["error"].startswith("table 'sales' of the database is not ours")

    assert mariadb.sql("select * from sales", at) == [(1, "theirs")]
    assert not mariadb.sql("show tables like 'stores'", at)
    mariadb.sql("rename table sales to theirs", at)
    assert env.stage("load-rds")["status"] == "ok"
