"""Tables in Hive, whose files lie in HDFS: HiveServer2, Spark and DuckDB answer as the embedded pipeline does."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from retailstream.adapters.query.hive import HiveQueries
from retailstream.adapters.warehouse.hive_address import address_of
from retailstream.adapters.warehouse.hive_server import open_hive_server
from retailstream.errors import RetailStreamError, TransientError
from tests.environment import new_environment
from tests.processes import wait_until
from tests.services.answers import QUESTIONS, SOURCES, Filled, answers
from tests.services.interrupted import interrupted
from tests.services.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.environment import Environment
    from tests.services.answers import Embedded
    from tests.services.hadoop import Hadoop

LONG = "select sum(n) as n from ({}) as counted".format(
    " union all ".join(
        "select count(*) as n from sales cross join features"
        f" where features.store in ({part}, {part + 5}, {part + 10}) and sales.store + features.store < 0"
        for part in range(1, 6)
    )
)
"""Half a minute of work in five tasks."""

HOSTILE = (
    "it's",
    "' or '1'='1",
    "\\",
    "\\'; drop table sales; --",
    "a\nb\tc\rd",
    "${hiveconf:hive.metastore.uris}",
    "$${system:user.name}$",
    '`x` "y" %s :type $type ? /* -- */',
    "\\u0041\\101\\%",
    "ä € 😀",
    " ",
)


def settings_of(hadoop: Hadoop, database: str) -> dict[str, str]:
    host, port = hadoop.hiveserver2
    return {
        "RETAILSTREAM__WAREHOUSE__URL": f"hive://tests@{host}:{port}/{database}?retry_seconds=1&connect_timeout=5",
        "RETAILSTREAM__HIVE__METASTORE": hadoop.metastore,
        "RETAILSTREAM__HIVE__LOCATION": f"{hadoop.hdfs}/tests/{database}",
        "RETAILSTREAM__QUALITY__MAX_ORPHAN_STORES": "99",
        "HADOOP_CONF_DIR": str(hadoop.conf),
    }


@pytest.fixture(scope="module")
def in_hive(hadoop: Hadoop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InHive]:
    """Environments whose warehouses are in Hive."""
    filled = InHive(hadoop, tmp_path_factory.mktemp("in-hive"))
    yield filled
    for database in filled.databases.values():
        hadoop.query(f"drop database if exists {database} cascade")


class InHive(Filled):
    """Environments whose warehouses are in Hive, a database each; one at a time is the current one."""

    def __init__(self, hadoop: Hadoop, folder: Path) -> None:
        super().__init__(folder)
        self._hadoop = hadoop
        self.databases = {name: f"answers_{uuid4().hex[:8]}" for name in SOURCES}

    @contextmanager
    def current(self, name: str) -> Iterator[Environment]:
        """Have the settings of one of them in the environment of this process."""
        with pytest.MonkeyPatch.context() as patched:
            for variable, value in settings_of(self._hadoop, self.databases[name]).items():
                patched.setenv(variable, value)
            yield self[name]


@pytest.mark.parametrize("engine", ["hive", "duckdb", "spark"])
@pytest.mark.parametrize("name", SOURCES)
def test_every_answer_is_that_of_the_embedded_pipeline(
    in_hive: InHive, embedded: Embedded, name: str, engine: str
) -> None:
    # Spark is asked with other parameters where the tables lie in a folder.
    questions = QUESTIONS[name] if engine != "spark" else [question for question in QUESTIONS[name] if not question[1]]
    expected = embedded.expected(name)
    with in_hive.current(name) as env:
        assert answers(env, engine, questions) == expected[: len(questions)]


def test_a_forecast_reads_the_tables_through_hive(in_hive: InHive) -> None:
    with in_hive.current("chain") as env:
        found = [env.command("forecast", "--format", "json", "--engine", engine) for engine in ("duckdb", "hive")]
    assert [outcome.exit_code for outcome in found] == [0, 0], found[1].stderr
    assert found[0].stdout == found[1].stdout != "[]\n"


def test_spark_reads_the_files_of_a_warehouse_that_is_a_folder_of_hdfs(
    hadoop: Hadoop, embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, expected = QUESTIONS["chain"][:2], embedded.expected("chain")
    monkeypatch.setenv("HADOOP_CONF_DIR", str(hadoop.conf))
    monkeypatch.setenv("RETAILSTREAM__WAREHOUSE__URL", f"{hadoop.hdfs}/tests/{uuid4().hex}")
    env = Filled(tmp_path)["chain"]
    assert answers(env, "spark", questions) == expected[:2]


def test_a_value_comes_back_from_hive_as_it_went(hadoop: Hadoop) -> None:
    host, port = hadoop.hiveserver2
    with open_hive_server(address_of(f"hive://{host}:{port}/default")) as server:
        queries = HiveQueries(server, {})
        for value in HOSTILE:
            assert queries.answer("text", "select $value as value", {"value": value}).rows == [(value,)]


@pytest.mark.parametrize("engine", ["hive", "spark"])
def test_a_database_that_is_not_there_has_no_rows(
    hadoop: Hadoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    for variable, value in settings_of(hadoop, "nobody_made_it").items():
        monkeypatch.setenv(variable, value)
    env = new_environment(tmp_path)
    env.home.mkdir()
    outcome = env.command("analyze", "yearly-stores", "--format", "json", "--engine", engine)
    assert (outcome.exit_code, outcome.stdout) == (0, "[]\n"), outcome.stderr
    assert "the warehouse has no sales and no features and no stores yet" in outcome.stderr
    assert hadoop.query("show databases like 'nobody_made_it'") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_long_query_shows_progress_and_a_signal_cancels_it(
    hadoop: Hadoop, in_hive: InHive, number: signal.Signals
) -> None:
    log = hadoop.folder / "log" / "hiveserver2.log"
    began = log.stat().st_size

    def logged(text: str) -> bool:
        with log.open("rb") as stream:
            stream.seek(began)
            return text.encode() in stream.read()

    with in_hive.current("real") as env:
        words = ("--engine", "hive")
        found = interrupted(env, LONG, number, *words, at_work=lambda: logged("Starting to run new task attempt"))
    assert (found.exit_code, found.seconds < 60) == (128 + number, True), found.printed[-2000:]
    assert "/100" in found.printed
    assert ("terminated" if number == signal.SIGTERM else "interrupted") in found.printed
    # What Hive says of a query that is cancelled, and of no other. Tez within the server, without a network, goes on.
    wait_until(lambda: logged("Shutting down task"))


def test_servers_that_are_away_end_a_query_with_the_code_for_another_try(hadoop: Hadoop, in_hive: InHive) -> None:
    words = ("analyze", "yearly-stores", "--format", "json", "--engine", "hive")
    with in_hive.current("chain") as env:
        before = env.command(*words).stdout
        for server in ("metastore", "hiveserver2"):
            with hadoop.killed(server):
                outcome = env.command(*words)
                assert outcome.exit_code == 4, (server, outcome.stderr)
                assert "hint: run the same command again" in outcome.stderr
        with hadoop.suspended("hiveserver2"):
            assert env.command(*words).exit_code == 4
        assert env.command(*words).stdout == before != "[]\n"


@pytest.mark.parametrize(
    "words", [("monitor",), ("analyze", "yearly-stores", "--engine", "hive")], ids=["metastore", "hive"]
)
def test_a_metastore_whose_database_is_away_is_given_up_within_a_minute(
    hadoop: Hadoop, in_hive: InHive, words: tuple[str, ...]
) -> None:
    with in_hive.current("chain") as env:
        with hadoop.killed("mariadb"):
            clock = time.monotonic()
            outcome = env.command(*words)
            seconds = time.monotonic() - clock
        assert outcome.exit_code == 4, outcome.stderr
        assert "is not available" in outcome.error
        assert seconds < 60, outcome.stderr
        assert env.command(*words).exit_code in {0, 1}


def test_a_server_that_is_not_there_or_fails_is_told_in_one_sentence(hadoop: Hadoop) -> None:
    port = free_port()
    with (
        open_hive_server(address_of(f"hive://ann:s3cret@127.0.0.1:{port}/d?retry_seconds=0.1")) as server,
        pytest.raises(TransientError, match=rf"^hive://ann:\*\*\*@127\.0\.0\.1:{port}/d is not available: "),
    ):
        server.ask("select 1")
    host, port = hadoop.hiveserver2
    with open_hive_server(address_of(f"hive://{host}:{port}/default")) as server:
        with pytest.raises(RetailStreamError, match=r"/default failed: SemanticException \[Error 10001\]: .*Table not"):
            server.ask("select 1 from nobody_made_it")
        assert server.ask("select 1 as one").rows == [(1,)]
