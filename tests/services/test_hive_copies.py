"""`sqoop --table` into a Hive as people have it: tables of others, columns that change, names that its Metastore loses."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from retailstream.adapters.engine.spark_session import SparkOptions, open_session
from stack.place import CACHE
from tests.environment import FEATURES, SALES, STORES, any_weeks, csv
from tests.services.servers import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.environment import Environment
    from tests.services.hadoop import Hadoop

CLIENTS = (
    "create table clients (id integer primary key, name text);insert into clients values (1, 'ours'), (2, 'ours, too');"
)
COPY = ("sqoop", "--table", "clients")


@pytest.fixture
def database(hadoop: Hadoop, env: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of Hive, which is the warehouse, and a table of clients in the relational database."""
    name = f"retail_{uuid4().hex[:12]}"
    host, port = hadoop.hiveserver2
    monkeypatch.setenv("RETAILSTREAM__WAREHOUSE__URL", f"hive://{host}:{port}/{name}?retry_seconds=1")
    monkeypatch.setenv("RETAILSTREAM__HIVE__METASTORE", hadoop.metastore)
    hadoop.query(f"create database {name} location '{hadoop.hdfs}/tests/{name}'")
    env.home.mkdir()
    env.change_database(CLIENTS)
    yield name
    hadoop.query(f"drop database if exists {name} cascade")
    hadoop.dfs("-rm", "-r", "-f", "-skipTrash", f"/tests/{name}")


# Tables of others


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(
            [
                "create external table {db}.clients (id bigint, name string) stored as parquet",
                "insert into {db}.clients values (7, 'theirs')",
            ],
            id="external",
        ),
        pytest.param(
            [
                "create external table {db}.clients (id bigint, name string) clustered by (id) into 4 buckets stored as orc",
                "insert into {db}.clients values (7, 'theirs')",
            ],
            id="buckets",
        ),
        pytest.param(
            [
                "create table {db}.clients (id bigint, name string) stored as orc",
                "insert into {db}.clients values (7, 'theirs')",
            ],
            id="managed",
        ),
        pytest.param(
            [
                "create external table {db}.clients (id bigint, name string) stored as parquet location '{at}/elsewhere'",
                "insert into {db}.clients values (7, 'theirs')",
            ],
            id="elsewhere",
        ),
        pytest.param(
            [
                "create external table {db}.clients (id bigint) partitioned by (name string) stored as parquet",
                "insert into {db}.clients partition (name = 'theirs') values (7)",
            ],
            id="partitioned",
        ),
        pytest.param(["create view {db}.clients as select 7 as id, 'theirs' as name"], id="view"),
    ],
)
def test_a_table_of_others_is_replaced_only_where_it_is_adopted(
    env: Environment, hadoop: Hadoop, database: str, made: list[str]
) -> None:
    at = f"{hadoop.hdfs}/tests/{database}"
    hadoop.query(*(statement.format(db=database, at=at) for statement in made))
    theirs, files = f"select id, name from {database}.clients", hadoop.files(f"/tests/{database}")

    for words in ((), ("--dry-run",)):
        told = env.command(*COPY, *words)
        assert told.exit_code == 2
        assert "table 'clients' in hive://" in told.error
        assert "is not ours" in told.error
        assert "--adopt" in told.stderr
    assert hadoop.query(theirs) == [(7, "theirs")]
    assert hadoop.files(f"/tests/{database}") == files

    assert env.stage(*COPY, "--target", "copies")["status"] == "ok"
    assert env.stage(*COPY, "--adopt")["status"] == "ok"
    assert hadoop.query(f"{theirs} order by id") == [(1, "ours"), (2, "ours, too")]
    described = {str(row[0]).strip(): row[1] for row in hadoop.query(f"describe formatted {database}.clients")}
    assert (described["Num Buckets:"].strip(), described["Table Type:"].strip()) == ("-1", "EXTERNAL_TABLE")
    assert env.stage(*COPY)["status"] == "noop"


def test_files_of_others_are_not_swept(env: Environment, hadoop: Hadoop, database: str) -> None:
    hadoop.dfs("-mkdir", "-p", f"/tests/{database}/clients")
    hadoop.dfs("-touchz", f"/tests/{database}/clients/part-00000.parquet")
    told = env.command(*COPY)
    assert told.exit_code == 2
    assert "holds files that are not ours, such as 'clients/part-00000.parquet'" in told.error
    assert list(hadoop.files(f"/tests/{database}/clients")) == ["part-00000.parquet"]


def test_a_table_that_was_dropped_is_made_again(env: Environment, hadoop: Hadoop, database: str) -> None:
    env.stage(*COPY)
    hadoop.query(f"drop table {database}.clients")
    assert hadoop.files(f"/tests/{database}/clients")
    assert env.stage(*COPY)["status"] == "ok"
    assert hadoop.query(f"select count(*) from {database}.clients where id > 0") == [(2,)]


def test_two_sources_do_not_replace_each_other(env: Environment, hadoop: Hadoop, database: str) -> None:
    env.change_database("create table others (a integer, b text, c text); insert into others values (1, 'b', 'c')")
    env.stage(*COPY)
    told = env.command("sqoop", "--table", "others", "--target", "clients")
    assert told.exit_code == 2
    assert "is a copy of table 'clients' in sqlite:///" in told.error
    assert env.stage("sqoop", "--table", "others", "--target", "clients", "--adopt")["status"] == "ok"
    assert hadoop.query(f"select a, b, c from {database}.clients") == [(1, "b", "c")]


def test_no_stage_takes_a_table_of_others(
    env: Environment, hadoop: Hadoop, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    any_weeks(monkeypatch)
    env.write(
        {
            "sales/a.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE"),
            "stores/a.csv": csv(STORES, "1,A,7"),
            "features/a.csv": csv(FEATURES, "1,2010-02-05,42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"),
        }
    )
    for name in ("features", "stores"):
        hadoop.query(f"create external table {database}.{name} (id int) stored as parquet")
        hadoop.query(f"insert into {database}.{name} values (7)")
        summary = env.run(code=2)
        assert summary["error"].startswith(f"table '{name}' in hive://")
        assert "is not ours" in summary["error"]
        assert hadoop.query(f"select * from {database}.{name}") == [(7,)]
        hadoop.query(f"drop table {database}.{name}")
        assert "holds files that are not ours" in env.run(code=2)["error"]  # of an external table they stay
        hadoop.dfs("-rm", "-r", "-skipTrash", f"/tests/{database}/{name}")
    assert env.run()["status"] == "ok"


# Columns


def test_columns_of_a_copy_change_as_those_of_its_source(env: Environment, hadoop: Hadoop, database: str) -> None:
    env.stage(*COPY)
    shown = f"select * from {database}.clients order by id"
    changes = {
        "alter table clients add column extra text; update clients set extra = 'x'": [
            (1, "ours", "x"),
            (2, "ours, too", "x"),
        ],
        "alter table clients drop column name": [(1, "x"), (2, "x")],
        "drop table clients; create table clients (id text primary key, n integer); insert into clients values ('a', 5)": [
            ("a", 5)
        ],
        "drop table clients; create table clients (n boolean, id date); insert into clients values (1, '2020-01-01')": [
            (True, "2020-01-01")
        ],
        "drop table clients; create table clients (id decimal(9,2)); insert into clients values (1.5)": None,
    }
    for change, rows in changes.items():
        env.change_database(change)
        assert env.stage(*COPY)["status"] == "ok"
        assert env.stage(*COPY)["status"] == "noop"
        found = hadoop.query(shown)
        assert found == rows if rows else [str(value) for (value,) in found] == ["1.50"]


def test_names_that_the_metastore_keeps_are_read_and_others_refused(
    env: Environment, hadoop: Hadoop, database: str
) -> None:
    env.change_database(
        'create table sizes (id integer primary key, "größe" text, "大きさ" text);'
        "insert into sizes values (1, 'L', '大')"
    )
    assert env.stage("sqoop", "--table", "sizes", "--columns", "id,größe")["status"] == "ok"
    assert hadoop.query(f"select id, `größe` from {database}.sizes") == [(1, "L")]

    for words in (("--target", "new"), ()):
        told = env.command("sqoop", "--table", "sizes", *words)
        assert told.exit_code == 2
        assert "keeps the name of column '大きさ' as '???'" in told.error
        assert "--rename 大きさ=NAME" in told.stderr
    assert hadoop.query(f"select id, `größe` from {database}.sizes") == [(1, "L")]
    assert [name for (name,) in hadoop.query(f"use {database}", "show tables")] == ["sizes"]

    assert env.stage("sqoop", "--table", "sizes", "--rename", "大きさ=size_ja", "--rename", "größe=size_de")
    assert hadoop.query(f"select id, size_de, size_ja from {database}.sizes") == [(1, "L", "大")]


def test_spark_shows_times_as_they_are_from_files_and_in_utc_from_hive(
    env: Environment, hadoop: Hadoop, database: str, tmp_path: Path
) -> None:
    require(find_spec("pyspark"), "pyspark is missing: pip install 'retailstream[spark]'")
    env.change_database(
        "create table shifts (id integer, at datetime); insert into shifts values (1, '2020-01-02 03:04:05')"
    )
    env.stage("sqoop", "--table", "shifts")
    conf = {
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.hive.metastore.uris": hadoop.metastore,
        "spark.sql.hive.metastore.version": "4.0.1",
        "spark.sql.hive.metastore.jars": "path",
        "spark.sql.hive.metastore.jars.path": f"file://{CACHE / 'jars' / 'hive'}/*.jar",
        "spark.sql.session.timeZone": "Europe/Berlin",
    }
    shown = f"select cast(at as string) from {database}.shifts"
    with open_session(tmp_path / "work", SparkOptions("500MB", conf=conf)) as lazy:
        spark = lazy.get()
        files = spark.read.parquet(f"{hadoop.hdfs}/tests/{database}/shifts/*/*.parquet")
        assert files.dtypes == [("id", "bigint"), ("at", "timestamp_ntz")]
        assert files.selectExpr("cast(at as string)").collect() == [("2020-01-02 03:04:05",)]
        # Hive's own type has no zone, and Spark takes it for one that has.
        assert spark.sql(shown).collect() == [("2020-01-02 04:04:05",)]
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        assert spark.sql(shown).collect() == [("2020-01-02 03:04:05",)]
    assert hadoop.query(shown) == [("2020-01-02 03:04:05",)]
