"""What real servers answer, and a proxy before them: what the table of codes promises, on whole commands."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing
from decimal import Decimal
from typing import TYPE_CHECKING

import pymysql
import pytest

from retailstream.adapters.answers.kinds import Reaction
from retailstream.adapters.answers.mysql import ANSWERS
from tests.environment import SALES, STORES, csv
from tests.services.mysql_proxy import refusing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Environment
    from tests.services.mariadb import MariaDb


@pytest.fixture
def at(mariadb: MariaDb, database_name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database, and a user who is no administrator, whom every command of the test is."""
    mariadb.sql("create user 'bea'@'localhost' identified by 'pw'")
    mariadb.sql(f"grant all on {database_name}.* to 'bea'@'localhost'")
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", url(mariadb.port, database_name))
    yield database_name
    mariadb.sql("drop user 'bea'@'localhost'")


def url(port: int, database: str, *, retry_seconds: float = 1) -> str:
    return f"mysql+pymysql://bea:pw@127.0.0.1:{port}/{database}?retry_seconds={retry_seconds}"


def small(env: Environment) -> Environment:
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE", "1,1,2010-03-05,2.20,FALSE")})
    env.write({"stores/s.csv": csv(STORES, "1,A,2")})
    return env


def test_a_proxy_that_has_no_local_files_gets_inserts(
    env: Environment, mariadb: MariaDb, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Unsupported 'LOAD DATA LOCAL INFILE' command"
    with refusing(mariadb.port, r"^\s*load data", 1047, said) as proxy:
        monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", url(proxy.port, at))
        assert small(env).run()["health"]["healthy"]
        assert proxy.met
    assert mariadb.sql("select count(*), sum(weekly_sales) from sales", at) == [(2, Decimal("3.30"))]


PASSING = [
    (code, answer.reaction)
    for answer in ANSWERS
    for code in answer.codes
    if answer.reaction is Reaction.AGAIN and not answer.where and isinstance(code, int) and (code < 2000 or code > 2999)
]


@pytest.mark.parametrize("where", [r"^insert into `sales`|^load data", r"^replace into retailstream_loads"])
def test_what_passes_in_the_middle_of_a_load_is_tried_again_and_loses_nothing(
    env: Environment, mariadb: MariaDb, at: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    small(env)
    codes = [code for code, _ in PASSING if code]
    for number, code in enumerate(codes):
        env.write({f"sales/{code}.csv": csv(SALES, f"1,{number + 2},2010-02-05,1.00,FALSE")})
        with refusing(mariadb.port, where, code, f"words on {code}", times=1) as proxy:
            monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", url(proxy.port, at, retry_seconds=20))
            for stage in (["ingest", "--source", str(env.source)], ["glue-merge"], ["load-rds"]):
                env.stage(*stage)
            assert len(proxy.met) == 1, code
    assert mariadb.sql("select count(*) from sales", at) == [(2 + len(codes),)]


def test_too_many_connections_of_a_user_are_waited_for_and_then_told(
    env: Environment, mariadb: MariaDb, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(env).run()
    mariadb.sql("grant usage on *.* to 'bea'@'localhost' with max_user_connections 5")
    with ExitStack() as others:
        for _ in range(5):
            words = {"host": "127.0.0.1", "port": mariadb.port, "user": "bea", "password": "pw", "ssl_disabled": True}
            others.enter_context(closing(pymysql.connect(**words)))
        outcome = env.command("load-rds")
        assert outcome.exit_code == 4
        assert "too many connections of this user" in outcome.error
        assert "max_user_connections" in outcome.error
        monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", url(mariadb.port, at, retry_seconds=20))
        ending = threading.Timer(1, others.close)
        ending.start()
        assert env.stage("load-rds")["status"] == "noop"
        ending.join()


def test_an_allowance_for_an_hour_that_is_used_up_is_not_waited_for(
    env: Environment, mariadb: MariaDb, at: str
) -> None:
    small(env).run()
    mariadb.sql("grant usage on *.* to 'bea'@'localhost' with max_queries_per_hour 3")
    outcome = env.command("load-rds")
    assert outcome.exit_code == 4
    assert "the user's allowance for this hour is used up" in outcome.error
    assert "hint: run the same command again later" in outcome.stderr


def test_a_user_without_the_right_to_write_is_told_which_right_is_missing(
    env: Environment, mariadb: MariaDb, at: str
) -> None:
    small(env).run()
    env.write({"sales/x.csv": csv(SALES, "1,2,2010-02-05,1.10,FALSE")})
    mariadb.sql(f"revoke insert on {at}.* from 'bea'@'localhost'")
    outcome = env.command("run", "--source", str(env.source))
    assert outcome.exit_code == 2
    assert "refuses us: INSERT command denied to user 'bea'" in outcome.error
    assert "hint: have an administrator grant the right" in outcome.stderr
