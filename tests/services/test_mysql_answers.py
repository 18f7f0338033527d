"""What real servers answer, and a proxy before them: what the table of codes promises, on whole commands."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pymysql
import pytest

from retailstream.adapters.answers.kinds import Reaction
from retailstream.adapters.answers.mysql import ANSWERS
from retailstream.adapters.database.mysql_address import address_of
from retailstream.adapters.database.mysql_server import open_server
from retailstream.errors import RetailStreamError
from retailstream.ledger import begun
from retailstream.memory import open_memory
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
    mariadb.sql("alter user 'bea'@'localhost' with max_user_connections 5")
    with ExitStack() as others:
        for _ in range(5):
            other = pymysql.connect(host="127.0.0.1", port=mariadb.port, user="bea", password="pw", ssl_disabled=True)
            others.enter_context(closing(other))
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
    mariadb.sql("alter user 'bea'@'localhost' with max_queries_per_hour 3")
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


@pytest.mark.parametrize("table", ["sales", "retailstream_landings"])
def test_a_table_whose_engine_has_no_transactions_is_refused_by_name_and_the_run_is_listed(
    env: Environment, mariadb: MariaDb, at: str, table: str
) -> None:
    small(env).run()
    mariadb.sql(f"alter table {table} engine = MyISAM", at)
    env.write({"sales/x.csv": csv(SALES, "1,2,2010-02-05,1.10,FALSE")})
    outcome = env.command("run", "--source", str(env.source), "--run-id", "refused")
    assert outcome.exit_code == 1
    assert f"table '{table}' is kept by the engine MyISAM, which has no transactions" in outcome.error
    assert f"hint: alter table `{table}` engine = InnoDB" in outcome.stderr
    assert mariadb.sql("select count(*) from sales", at) == [(2,)]
    shown = env.command("runs", "show", "refused", "--format", "json").document
    assert {entry["exit_code"] for entry in shown if entry["status"] == "failed"} == {1}

    mariadb.sql(f"alter table {table} engine = InnoDB", at)
    assert env.run()["health"]["healthy"]
    assert mariadb.sql("select count(*) from sales", at) == [(3,)]


@contextmanager
def packets_of(mariadb: MariaDb, size: int) -> Iterator[None]:
    """Have a server within the block that takes and sends nothing longer."""
    mariadb.sql(f"set global max_allowed_packet = {size}")
    try:
        yield
    finally:
        mariadb.sql("set global max_allowed_packet = 16777216")


def test_a_value_that_the_server_cannot_send_is_named_with_its_row_its_size_and_the_setting(
    env: Environment, mariadb: MariaDb, at: str
) -> None:
    mariadb.sql("create table notes (id int, part char(1), words longtext, raw longblob, primary key (id, part))", at)
    mariadb.sql("insert into notes values (1, 'a', 'short', x'00'), (7, 'b', repeat('x', 700000), x'00')", at)
    with packets_of(mariadb, 1 << 20):
        outcome = env.command("sqoop", "--table", "notes")
        assert outcome.exit_code == 1
        assert outcome.error == (
            "error: column 'words' of table 'notes' has a value of 700,000 bytes in the row id = 7, part = b, which"
            " travels as twice as many: max_allowed_packet of the server is 1,048,576"
        )
        assert "hint: have max_allowed_packet of the server raised above that" in outcome.stderr
        assert env.command("sqoop", "--table", "notes", "--columns", "id,part,raw").exit_code == 0
    assert env.stage("sqoop", "--table", "notes")["rows_out"] == 2


def test_a_statement_that_the_server_does_not_take_is_told_with_its_size_and_the_run_is_kept(
    env: Environment, mariadb: MariaDb, at: str
) -> None:
    small(env).run()
    with packets_of(mariadb, 1 << 16), open_server(address_of(url(mariadb.port, at))) as server:
        sizes = "takes no statement of 70,0[0-9]{2} bytes: its max_allowed_packet is 65,536"
        with pytest.raises(RetailStreamError, match=sizes) as caught:
            server.write(lambda session: session.do("select length(%s)", ("x" * 70_000,)))
        with pytest.raises(RetailStreamError, match=sizes):
            server.write(lambda session: session.do_many("insert into t values (%s)", [("x" * 70_000,)]))
        assert caught.value.exit_code == 1
        assert "max_allowed_packet" in caught.value.hint

        # The report of a run may be too long itself: such a run stays in the home, and is in no other run's way.
        with open_memory(env.home, url(mariadb.port, at), create=True) as memory:
            run = memory.enter(begun("long", "ingest", "2020-01-01", ""))
            summary = {"status": "failed", "seconds": 1.0, "error": "y" * 70_000, "datasets": {}}
            memory.close(run.closed(ended_at="2020-01-01", summary=summary, inputs=(), exit_code=1))
        env.write({"sales/x.csv": csv(SALES, "1,2,2010-02-05,1.10,FALSE")})
        assert env.run()["status"] == "ok"
        (shown,) = env.command("runs", "show", "long", "--format", "json").document
        assert (shown["status"], len(shown["error"])) == ("failed", 70_000)
    assert env.run()["status"] == "noop"
    assert mariadb.sql("select status from retailstream_runs where run_id = 'long'", at) == [("failed",)]


def test_text_that_is_no_utf_8_is_named_with_its_column_and_row(env: Environment, mariadb: MariaDb, at: str) -> None:
    mariadb.sql("create table old (id int, part char(1), words varbinary(99), primary key (id, part))", at)
    mariadb.sql("insert into old values (1, 'a', 'fine'), (7, 'b', x'61EDA0BDEDB88062')", at)
    try:
        mariadb.sql("alter table old modify words varchar(33) character set utf8mb3", at)  # as CESU-8 comes to be there
    except pymysql.err.DataError:
        assert mariadb.sql("select version()") == [("8.0.15",)]  # MySQL itself takes no such bytes
        return
    outcome = env.command("sqoop", "--table", "old")
    assert outcome.exit_code == 1
    assert outcome.error == (
        "error: column 'words' of table 'old' holds text in the row id = 7, part = b that is no UTF-8, from the bytes"
        " ed a0 bd ed b8 80 62 on"
    )
    assert env.stage("sqoop", "--table", "old", "--where", "id < 7")["rows_out"] == 1


def test_a_view_whose_table_is_gone_is_told_with_that_table(env: Environment, mariadb: MariaDb, at: str) -> None:
    mariadb.sql("create table under (id int primary key)", at)
    mariadb.sql("create view looks as select id from under where id > 0", at)
    mariadb.sql("drop table under", at)
    outcome = env.command("sqoop", "--table", "looks")
    assert outcome.exit_code == 1
    assert outcome.error == f"error: view 'looks' cannot be read: table '{at}.under', which it reads, is missing"
    mariadb.sql("create table under (number int primary key)", at)
    told = env.command("sqoop", "--table", "looks").error
    assert f"view 'looks' cannot be read: View '{at}.looks' references invalid table(s) or column(s)" in told
    assert env.command("sqoop", "--table", "no_such").exit_code == 2
