"""Spark answers as DuckDB does, from the same files: each cell, type and row in its place."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

import retailstream
from retailstream.adapters.engine.spark_session import SparkOptions, open_session
from tests.environment import SALES, STORES, csv, new_environment
from tests.services.answers import QUESTIONS, SOURCES, answers
from tests.services.interrupted import interrupted
from tests.services.servers import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.answers import Embedded


@pytest.fixture(scope="module", autouse=True)
def _spark() -> None:
    require(find_spec("pyspark"), "pyspark is missing: pip install 'retailstream[spark]'")
    require(shutil.which("java"), "Java is missing")


@pytest.mark.parametrize("name", SOURCES)
def test_every_answer_is_that_of_duckdb(embedded: Embedded, name: str) -> None:
    assert answers(embedded[name], "spark", QUESTIONS[name]) == embedded.expected(name)


def test_a_forecast_reads_the_tables_through_spark(embedded: Embedded) -> None:
    words = ("forecast", "--format", "json", "--engine")
    found = [embedded["chain"].command(*words, engine) for engine in ("duckdb", "spark")]
    assert [outcome.exit_code for outcome in found] == [0, 0], found[1].stderr
    assert found[0].stdout == found[1].stdout != "[]\n"


def test_tables_without_rows_and_a_home_with_wildcards_in_its_name(tmp_path: Path) -> None:
    env = new_environment(tmp_path / "a[b]*{c}?")
    env.write({"stores/a.csv": csv(STORES, "1,A,5"), "sales/a.csv": "Store,Dept,Date,Weekly_Sales,IsHoliday\n"})
    env.run()
    assert env.command("analyze", "fuel-prices", "--format", "json", "--engine", "spark").document == []
    page = env.home.parent / "page.html"
    outcome = env.command("analyze", "yearly-stores", "--engine", "spark", "--output", str(page))
    assert outcome.exit_code == 0, outcome.stderr
    assert "There are no sales yet" in page.read_text()


def test_files_of_this_machine_are_found_where_bare_paths_are_those_of_hdfs(tmp_path: Path) -> None:
    env = new_environment(tmp_path / "a home")
    env.write({"stores/a.csv": csv(STORES, "1,A,5"), "sales/a.csv": csv(SALES, "1,1,2012-01-06,7.00,0")})
    env.run()
    (tmp_path / "core-site.xml").write_text(
        "<configuration><property><name>fs.defaultFS</name><value>hdfs://127.0.0.1:1</value></property></configuration>"
    )
    words = ("analyze", "yearly-stores", "--format", "json", "--engine", "spark", *env.options)
    done = subprocess.run(
        [sys.executable, "-m", "retailstream", *words],
        env={**os.environ, "HADOOP_CONF_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == env.command("analyze", "yearly-stores", "--format", "json").stdout != "[]\n"


def test_warnings_of_java_do_not_get_among_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = new_environment(tmp_path)
    env.write({"stores/a.csv": csv(STORES, "1,A,5"), "sales/a.csv": csv(SALES, "1,1,2012-01-06,7.00,0")})
    env.run()
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", "-XX:+UseSerialGC -XX:NewSize=90g")  # it warns of that
    words = [sys.executable, "-m", "retailstream", "analyze", "yearly-stores", "--format", "json", *env.options]
    done = subprocess.run([*words, "--engine", "spark"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == env.command("analyze", "yearly-stores", "--format", "json").stdout


def test_an_interrupted_query_ends_at_once(tmp_path: Path) -> None:
    env = new_environment(tmp_path)
    env.write({"stores/a.csv": csv(STORES, *(f"{store},A,5" for store in range(1, 3000)))})
    env.run()
    joined = "stores as a cross join stores as b cross join stores as c cross join stores as d"
    query = f"select count(*) as n from {joined} where a.store + b.store + c.store + d.store < 0"
    found = interrupted(env, query, signal.SIGINT, "--engine", "spark")
    assert (found.exit_code, found.seconds < 60) == (130, True), found.printed
    assert "interrupted" in found.printed


def test_a_connection_that_java_ends_is_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_session(tmp_path / "work", SparkOptions("500MB")) as session:
        server: Any = session.get().sparkContext._accumulatorServer
        socket.create_connection(server.server_address).close()
    # pyspark's thread, which would have printed a traceback, has ended with the session.
    assert capsys.readouterr().err == ""


def test_a_property_is_not_seen_in_the_list_of_processes(tmp_path: Path) -> None:
    options = SparkOptions("500MB", conf={"spark.hadoop.fs.s3a.secret.key": "se\\cret=1:2"})
    with open_session(tmp_path / "work", options) as session:
        spark = session.get()
        configured = spark.sparkContext.getConf().get("spark.hadoop.fs.s3a.secret.key")
        words = subprocess.run(["ps", "-eo", "args", "-ww"], capture_output=True, text=True, check=True).stdout
        assert spark.range(3).count() == 3
    assert configured == "se\\cret=1:2"
    assert "cret=1:2" not in words
    assert not (tmp_path / "work").exists()


def test_the_library_asks_spark_too(embedded: Embedded) -> None:
    home = embedded["chain"].home
    ours, theirs = (retailstream.analyze("fuel-prices", home=home, engine=engine) for engine in ("duckdb", "spark"))
    assert ours.equals(theirs)
    assert list(map(str, ours.dtypes)) == list(map(str, theirs.dtypes))
    assert ours.attrs == theirs.attrs
