"""The three engines of `sqoop` bring the same tables, bytes and all, and whatever ends them, the next run repairs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import pytest

from retailstream.adapters.transfer.apache_sqoop import ApacheSqoop
from tests.environment import SALES, STORES, Environment, csv, new_environment
from tests.processes import is_alive, wait_until
from tests.services import nasty
from tests.services.mariadb import ENCODED, PASSWORD
from tests.services.servers import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.hadoop import Hadoop
    from tests.services.mariadb import MariaDb

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "datasets" / "retail"
ENGINES = ("native", "sqoop", "spark")
OTHERS = ENGINES[1:]
SPLIT = ("--mappers", "3", "--split-by", "part")
"""A column with nulls, which Sqoop by itself would leave out."""


@dataclass(frozen=True)
class Cluster:
    """The servers that the engines work with, and a name of the tests' own on them."""

    hadoop: Hadoop
    mariadb: MariaDb
    name: str

    @property
    def variables(self) -> dict[str, str]:
        host, port = self.hadoop.hiveserver2
        return {
            "SQOOP_HOME": self.hadoop.variables["SQOOP_HOME"],
            "HADOOP_CONF_DIR": str(self.hadoop.conf),
            "RETAILSTREAM__DATABASE__URL": self.mariadb.url(self.name, retry_seconds=1),
            "RETAILSTREAM__SQOOP__HIVE": f"hive://{host}:{port}/{self.name}?retry_seconds=1",
            "RETAILSTREAM__SQOOP__STAGING": f"{self.hadoop.hdfs}/tests/{self.name}/staging",
            "RETAILSTREAM__SQOOP__MAPPERS": "2",
        }

    @property
    def staged(self) -> list[str]:
        """What lies in the staging folder, and the tables that stand over it."""
        tables = [row[0] for row in self.hadoop.query(f"use {self.name}", "show tables")]
        files = self.hadoop.dfs("-ls", "-R", f"/tests/{self.name}").splitlines()
        return [*tables, *(line.split()[-1] for line in files if not line.startswith("d"))]


@pytest.fixture(scope="module")
def cluster(hadoop: Hadoop, mariadb: MariaDb) -> Iterator[Cluster]:
    require(find_spec("pyspark"), "pyspark is missing: pip install 'retailstream[spark]'")
    made = Cluster(hadoop, mariadb, f"retail_{uuid4().hex[:12]}")
    mariadb.sql(f"create database {made.name}")
    hadoop.dfs("-mkdir", "-p", f"/tests/{made.name}")
    hadoop.query(f"create database {made.name}")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in made.variables.items():
            patched.setenv(name, value)
        yield made
    hadoop.query(f"drop database if exists {made.name} cascade")
    hadoop.dfs("-rm", "-r", "-f", "-skipTrash", f"/tests/{made.name}")
    mariadb.sql(f"drop database {made.name}")


def process(env: Environment, *words: str) -> subprocess.Popen[str]:
    code = "from retailstream.cli.app import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *words, "--home", str(env.home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def sqoop_of(run: subprocess.Popen[str]) -> int:
    """Return the process of Apache Sqoop that a command has started, 0 as long as there is none."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == run.pid and b"\0org.apache.sqoop.Sqoop\0" in (path / "cmdline").read_bytes():
                return int(path.name)
        except OSError:
            continue
    return 0


@pytest.mark.parametrize(("engine", "told"), [("sqoop", "Apache Sqoop 1.4.7"), ("spark", "Spark 4.")])
def test_doctor_tries_the_engine_that_is_named(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, told: str
) -> None:
    env = new_environment(tmp_path)
    monkeypatch.setenv("RETAILSTREAM__SQOOP__ENGINE", engine)
    with process(env, "doctor", "--format", "json") as run:
        printed, _ = run.communicate()

    (found,) = (item for item in json.loads(printed.splitlines()[-1]) if item["name"] == "sqoop")
    assert (found["state"], found["detail"][: len(told)]) == ("OK", told)
    assert PASSWORD not in printed
    assert ENCODED not in printed


# The nasty table


@dataclass(frozen=True)
class Nasty:
    """What the engines made of the nasty table: an environment for each, and all that anybody could see of a run."""

    environments: dict[str, Environment]
    seen: str

    def path(self, engine: str) -> Path:
        [path] = (self.environments[engine].home / "warehouse" / "nasty").glob("*.parquet")
        return path


@pytest.fixture(scope="module")
def brought(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Nasty:
    """The nasty table by each engine, watched."""
    nasty.create(cluster.mariadb, cluster.name)
    environments, seen = {}, []
    for engine in ENGINES:
        env = environments[engine] = new_environment(tmp_path_factory.mktemp(engine))
        env.home.mkdir()
        words = ("sqoop", "--table", "Nasty", "--engine", engine, *SPLIT, "-v", "--log-format", "json")
        with process(env, *words) as run, ThreadPoolExecutor() as pool:
            printed = pool.submit(run.communicate)
            while run.poll() is None:
                seen += words_of_processes()
                time.sleep(0.05)
            seen.append(printed.result()[0])
        assert run.returncode == 0, seen[-1]
        seen += [path.read_bytes().decode(errors="replace") for path in env.home.rglob("*") if path.is_file()]
    return Nasty(environments, "\n".join(seen))


def words_of_processes() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def test_each_engine_brings_every_value_of_the_nasty_table(brought: Nasty) -> None:
    with duckdb.connect() as connection:
        source = f"read_parquet('{brought.path('native')}')"
        types = {name: kind for name, kind, *_ in connection.execute(f"describe select * from {source}").fetchall()}
        rows = connection.execute(f"select {nasty.SHOWN} from {source}").fetchall()
    assert types == nasty.TYPES
    assert rows == nasty.VALUES
    assert {brought.path(engine).name for engine in ENGINES} == {brought.path("native").name}
    assert len({brought.path(engine).read_bytes() for engine in ENGINES}) == 1


def test_each_engine_tells_of_days_that_are_none(brought: Nasty) -> None:
    for column in ("day", "at"):
        assert brought.seen.count(f"2 values of '{column}' in table 'Nasty' are no days of the calendar") == len(
            ENGINES
        )


def test_the_password_is_in_no_list_of_processes_no_log_and_no_file_that_is_left(brought: Nasty) -> None:
    assert "org.apache.sqoop.Sqoop" in brought.seen
    assert "sqoop: " in brought.seen
    for secret in (PASSWORD, ENCODED, PASSWORD.encode("unicode_escape").decode()):
        assert secret not in brought.seen


def test_a_second_transfer_by_any_engine_is_noop(brought: Nasty, cluster: Cluster) -> None:
    env = brought.environments["native"]
    for engine in ENGINES:
        assert env.stage("sqoop", "--table", "Nasty", "--engine", engine)["status"] == "noop"
    assert cluster.staged == []


def test_a_table_of_the_warehouse_in_hive_has_the_same_rows_for_its_clients(
    brought: Nasty, cluster: Cluster, env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAILSTREAM__WAREHOUSE__URL", cluster.variables["RETAILSTREAM__SQOOP__HIVE"])
    monkeypatch.setenv("RETAILSTREAM__HIVE__METASTORE", cluster.hadoop.metastore)
    monkeypatch.setenv("RETAILSTREAM__HIVE__LOCATION", f"{cluster.hadoop.hdfs}/tests/{cluster.name}/warehouse")
    words = ("sqoop", "--table", "Nasty", "--target", "bad", "--incremental", "append", "--check-column", "id")
    assert env.stage(*words, "--where", "id < 3")["rows_in"] == 3
    cluster.mariadb.sql("insert into Nasty (id) values (77)", cluster.name)
    assert env.stage(*words)["rows_in"] == len(nasty.VALUES) + 1
    assert env.stage(*words)["status"] == "noop"
    shown = f"select id, big, t, txt, day, flag, hex(raw) from {cluster.name}.bad where id not in (3, 4, 5) order by id"
    parquet = cluster.hadoop.query(shown)

    there = cluster.hadoop.query(f"select id, big, t, txt from {cluster.name}.bad where id in (1, 5, 77) order by id")
    assert there == [
        (1, Decimal("9999999999999999999999999999.9999999999"), 5, "tab\t,comma"),
        (5, Decimal("1.5000000000"), 1, "😀 emoji ü \0\1\2"),
        (77, None, None, None),
    ]
    described = {row[0]: row[1] for row in cluster.hadoop.query(f"describe {cluster.name}.bad")}
    assert {name: described[name] for name in ("big", "u", "t", "day", "at", "flag")} == {
        "big": "decimal(38,10)",
        "u": "decimal(20,0)",
        "t": "tinyint",
        "day": "date",
        "at": "timestamp",
        "flag": "boolean",
    }

    # The rows that are left out have times beyond those of ORC's readers; a copy of fewer rows must be asked for.
    orc = (*words, "--where", "id not in (3, 4, 5)", "--format", "orc", "--adopt")
    assert env.stage(*orc)["rows_in"] == len(parquet)
    assert env.stage(*orc)["status"] == "noop"
    described = {row[0].strip(): row[1] for row in cluster.hadoop.query(f"describe formatted {cluster.name}.bad")}
    assert described["InputFormat:"].strip() == "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat"
    assert cluster.hadoop.query(shown) == parquet
    assert env.stage(*words)["rows_in"] == len(nasty.VALUES) + 1
    assert cluster.hadoop.query(shown) == parquet
    cluster.mariadb.sql("delete from Nasty where id = 77", cluster.name)
    cluster.hadoop.query(f"drop table {cluster.name}.bad")
    cluster.hadoop.dfs("-rm", "-r", "-f", "-skipTrash", f"/tests/{cluster.name}/warehouse")


@pytest.mark.parametrize("engine", ENGINES)
def test_decimals_of_more_digits_than_hive_has_are_refused_by_name(
    cluster: Cluster, env: Environment, engine: str
) -> None:
    cluster.mariadb.sql("create or replace table wide (id int primary key, huge decimal(65,30))", cluster.name)
    error = env.stage("sqoop", "--table", "wide", "--engine", engine, code=2)["error"]
    assert error.startswith("column 'huge' of table 'wide' has type decimal(65,30), and 38 digits are the most")
    assert not env.home.joinpath("warehouse").exists()


def test_a_name_that_hive_would_lose_on_the_way_is_refused_and_may_be_another(
    cluster: Cluster, env: Environment
) -> None:
    cluster.mariadb.sql("create or replace table sizes (id int primary key, `größe` int, `大きさ` int)", cluster.name)
    cluster.mariadb.sql("insert into sizes values (1, 2, 3)", cluster.name)
    copy = ("sqoop", "--table", "sizes", "--engine", "sqoop")
    told = env.command(*copy)
    assert (told.exit_code, "--rename 大きさ=NAME" in told.stderr) == (2, True)
    assert cluster.staged == []
    assert env.stage(*copy, "--rename", "大きさ=size")["status"] == "ok"
    [path] = (env.home / "warehouse" / "sizes").glob("*.parquet")
    with duckdb.connect() as connection:
        assert connection.execute(f"select id, größe, size from read_parquet('{path}')").fetchall() == [(1, 2, 3)]


def test_engines_copy_two_tables_at_once_and_find_rows_that_came_late(cluster: Cluster, env: Environment) -> None:
    copies = {"one": "sqoop", "two": "sqoop", "three": "spark"}
    step = ("--incremental", "append", "--check-column", "id")
    for name in copies:
        cluster.mariadb.sql(f"create or replace table {name} (id int primary key)", cluster.name)
        cluster.mariadb.sql(f"insert into {name} values (1), (3)", cluster.name)
        env.stage("sqoop", "--table", name, *step)
        cluster.mariadb.sql(f"insert into {name} values (2), (4)", cluster.name)
    at_once = [process(env, "sqoop", "--table", name, "--engine", copies[name], *step) for name in copies]
    said = [run.communicate()[0] for run in at_once]
    assert [run.returncode for run in at_once] == [0, 0, 0], said
    assert all("1 rows of table" in text for text in said), said
    for name in copies:
        [path] = (env.home / "warehouse" / name).glob("*.parquet")
        with duckdb.connect() as connection:
            assert connection.execute(f"from read_parquet('{path}')").fetchall() == [(1,), (2,), (3,), (4,)]
    assert cluster.staged == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_mode_of_the_server_changes_neither_values_nor_what_a_condition_means(
    cluster: Cluster, env: Environment, engine: str
) -> None:
    cluster.mariadb.sql("create or replace table padded (id int primary key, fixed char(5))", cluster.name)
    cluster.mariadb.sql("insert into padded values (1, 'a'), (2, 'b')", cluster.name)
    ((mode,),) = cluster.mariadb.sql("select @@global.sql_mode")
    cluster.mariadb.sql("set global sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,ANSI_QUOTES'")
    try:
        summary = env.stage("sqoop", "--table", "padded", "--engine", engine, "--where", 'fixed = "a"')
    finally:
        cluster.mariadb.sql(f"set global sql_mode = '{mode}'")
    assert summary["rows_out"] == 1
    [path] = (env.home / "warehouse" / "padded").glob("*.parquet")
    with duckdb.connect() as connection:
        assert connection.execute(f"from read_parquet('{path}')").fetchall() == [(1, "a")]


@pytest.mark.parametrize("split_by", ["name", "day"])
def test_rows_are_shared_out_by_text_and_days_without_loss(
    cluster: Cluster, env: Environment, monkeypatch: pytest.MonkeyPatch, split_by: str
) -> None:
    rows = ", ".join(
        f"({i}, {f'concat({i}, char(195))' if i % 3 else 'null'}, '2020-01-{i % 28 + 1:02}')" for i in range(90)
    )
    cluster.mariadb.sql("create or replace table named (id int primary key, name varchar(9), day date)", cluster.name)
    cluster.mariadb.sql(f"insert into named values {rows}", cluster.name)
    words = ("sqoop", "--table", "named", "--split-by", split_by, "--mappers", "4", "--engine", "sqoop")
    assert env.stage(*words)["rows_out"] == 90


# The tables of the pipeline


@pytest.fixture(scope="module")
def loaded(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The real set, or else a few rows, in the relational database."""
    env = new_environment(tmp_path_factory.mktemp("loaded"))
    if not REAL.is_dir():
        env.write({"sales/a.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE"), "stores/a.csv": csv(STORES, "1,A,7")})
    source = REAL if REAL.is_dir() else env.source
    env.stage("ingest", "--source", str(source))
    for stage in ("glue-merge", "load-rds"):
        env.stage(stage)
    return env


@pytest.fixture(scope="module")
def native(loaded: Environment) -> dict[str, bytes]:
    """The warehouse that `native` makes."""
    summary = loaded.stage("sqoop")
    if REAL.is_dir():
        assert {name: figures["rows_out"] for name, figures in summary["datasets"].items()} == {
            "sales": 421_570,
            "stores": 45,
        }
    return loaded.files("warehouse")


@pytest.mark.parametrize("engine", OTHERS)
def test_each_engine_brings_the_same_warehouse(
    native: dict[str, bytes], cluster: Cluster, tmp_path: Path, engine: str
) -> None:
    env = new_environment(tmp_path)
    assert env.stage("sqoop", "--engine", engine)["status"] == "ok"
    assert env.files("warehouse") == native
    assert env.stage("sqoop", "--engine", engine)["status"] == "noop"
    assert cluster.staged == []


def test_an_engine_brings_what_changed_alone(
    loaded: Environment, native: dict[str, bytes], cluster: Cluster, tmp_path: Path
) -> None:
    env = new_environment(tmp_path)
    env.stage("sqoop")
    cluster.mariadb.sql("update retailstream_loads set digest = 'x' where `partition` = '2010-02'", cluster.name)
    summary = env.stage("sqoop", "--engine", "sqoop")
    cluster.mariadb.sql(
        "update retailstream_loads l join (select '2010-02' as p) q on l.`partition` = q.p set digest = 'y'",
        cluster.name,
    )
    assert (summary["files_new"], summary["datasets"]["stores"]["files_new"]) == (1, 0)
    names = {name for name in env.files("warehouse") if name.endswith(".parquet")}
    assert names == {name for name in native if name.endswith(".parquet")}


# Faults


@pytest.fixture
def begun(cluster: Cluster, env: Environment) -> Environment:
    """An environment with a table, which has changed in the database since."""
    cluster.mariadb.sql("create or replace table later (id int primary key, name varchar(9))", cluster.name)
    cluster.mariadb.sql("insert into later values (1, 'old')", cluster.name)
    env.stage("sqoop", "--table", "later")
    cluster.mariadb.sql("update later set name = 'new'", cluster.name)
    return env


def rows_of(env: Environment) -> list[Any]:
    paths = list((env.home / "warehouse" / "later").glob("*.parquet"))
    with duckdb.connect() as connection:
        return [connection.execute(f"from read_parquet('{path}')").fetchall() for path in paths]


AGAIN = ("sqoop", "--table", "later", "--engine", "sqoop")


def repaired(env: Environment, cluster: Cluster) -> None:
    assert env.stage(*AGAIN)["status"] == "ok"
    assert rows_of(env) == [[(1, "new")]]
    assert cluster.staged == []


def test_sqoop_killed_midway_leaves_the_old_rows(begun: Environment, cluster: Cluster) -> None:
    with process(begun, *AGAIN, "--json") as run:
        os.kill(wait_until(lambda: sqoop_of(run)), signal.SIGKILL)
        told = run.communicate()[0]
    assert run.returncode == 4, told
    assert "Apache Sqoop was broken off" in told
    assert rows_of(begun) == [[(1, "old")]]
    repaired(begun, cluster)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_takes_sqoop_along(begun: Environment, cluster: Cluster, number: signal.Signals) -> None:
    with process(begun, *AGAIN) as run:
        pid = wait_until(lambda: sqoop_of(run))
        run.send_signal(number)
        run.communicate()
    assert run.returncode == (143 if number == signal.SIGTERM else -signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))
    assert rows_of(begun) == [[(1, "old")]]
    repaired(begun, cluster)


def test_hiveserver2_killed_between_staging_and_publication_leaves_the_old_rows(
    begun: Environment, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ApacheSqoop.run

    def then_killed(self: ApacheSqoop, *words: Any) -> None:
        run(self, *words)
        cluster.hadoop.kill("hiveserver2")

    with monkeypatch.context() as patched:
        patched.setattr(ApacheSqoop, "run", then_killed)
        summary = begun.stage(*AGAIN, code=4)
    assert "is not available" in summary["error"]
    assert rows_of(begun) == [[(1, "old")]]
    cluster.hadoop.up("hiveserver2")
    assert [name for name in cluster.staged if "/text/part-" in name]
    repaired(begun, cluster)


@pytest.mark.parametrize("server", ["datanode", "metastore"])
def test_a_server_killed_while_sqoop_is_at_work_leaves_the_old_rows(
    begun: Environment, cluster: Cluster, server: str
) -> None:
    with process(begun, *AGAIN, "--json") as run:
        wait_until(lambda: sqoop_of(run))
        with cluster.hadoop.killed(server):
            told = run.communicate()[0]
    assert run.returncode == 4, told
    assert "hint: run the same command again" in told
    assert rows_of(begun) == [[(1, "old")]]
    repaired(begun, cluster)


def test_sqoop_in_safe_mode_and_without_room_leaves_the_old_rows(begun: Environment, cluster: Cluster) -> None:
    with cluster.hadoop.in_safe_mode():
        assert "safe mode" in begun.stage(*AGAIN, code=4)["error"].lower()
    assert rows_of(begun) == [[(1, "old")]]
    with cluster.hadoop.full(f"/tests/{cluster.name}"):
        assert "quota" in begun.stage(*AGAIN, code=1)["error"].lower()
    assert rows_of(begun) == [[(1, "old")]]
    repaired(begun, cluster)


def test_what_is_missing_is_said(env: Environment, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {
        "RETAILSTREAM__SQOOP__HIVE": "engine 'sqoop' needs a HiveServer2, and none is named",
        "RETAILSTREAM__SQOOP__STAGING": "engine 'sqoop' needs a folder of HDFS to write to, and none is named",
        "SQOOP_HOME": "there is no Apache Sqoop on this machine",
    }
    monkeypatch.setenv("PATH", "/nowhere")
    for name, error in missing.items():
        with monkeypatch.context() as patched:
            patched.delenv(name)
            assert env.stage("sqoop", "--engine", "sqoop", code=2)["error"].startswith(error)
