"""`sqoop --table` on SQLite: any table into the warehouse, whole or what is new in it."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from retailstream.adapters.lake.folder import FolderLake
from retailstream.errors import TransientError
from retailstream.locks import Holder, hold, table_lock
from retailstream.manifest_files import checksum_of
from retailstream.publishing import PublishedTable
from retailstream.transferring import NativeTransfer
from tests.environment import SALES, STORES, csv, new_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Environment

VISITS = """
create table Visits (id integer primary key, shop text, at timestamp, spent decimal(8,2), share real, raw blob);
insert into Visits values
  (3, 'a,"b"' || char(9) || char(10) || '\\N NULL', '2020-01-02 03:04:05', 1.5, 0.1, x'00FF2C0A'),
  (1, '', '2020-01-01', -0.01, -1e300, x''),
  (2, null, '0000-00-00', null, null, null);
"""
ROWS = [
    (1, "", "2020-01-01 00:00:00", Decimal("-0.01"), -1e300, b""),
    (2, None, None, None, None, None),
    (3, 'a,"b"\t\n\\N NULL', "2020-01-02 03:04:05", Decimal("1.50"), 0.1, b"\x00\xff,\n"),
]
"""The same, as the warehouse has them."""


@pytest.fixture
def visits(env: Environment) -> Environment:
    env.home.mkdir()
    env.change_database(VISITS)
    return env


def read(env: Environment, table: str, order: str = "id") -> list[Any]:
    paths = sorted((env.home / "warehouse" / table).glob("*.parquet"))
    assert len(paths) <= 1
    query = f"select * from read_parquet('{paths[0]}') order by {order}"
    with duckdb.connect() as connection:
        rows = connection.execute(query).fetchall()
    return [tuple(str(value) if hasattr(value, "isoformat") else value for value in row) for row in rows]


def test_every_value_arrives_as_it_was_in_the_order_of_the_key(visits: Environment) -> None:
    summary = visits.stage("sqoop", "--table", "Visits")
    assert (summary["status"], list(summary["datasets"])) == ("ok", ["visits"])
    assert (summary["rows_in"], summary["rows_out"]) == (3, 3)
    assert read(visits, "visits") == ROWS
    with duckdb.connect() as connection:
        [path] = (visits.home / "warehouse" / "visits").glob("*.parquet")
        described = connection.execute(f"describe select * from read_parquet('{path}')").fetchall()
    types = {name: type_ for name, type_, *_ in described}
    assert types == {
        "id": "BIGINT",
        "shop": "VARCHAR",
        "at": "TIMESTAMP",
        "spent": "DECIMAL(8,2)",
        "share": "DOUBLE",
        "raw": "BLOB",
    }


def test_a_day_that_is_none_is_null_and_told(visits: Environment) -> None:
    outcome = visits.command("sqoop", "--table", "visits")
    assert "1 values of 'at' in table 'visits' are no days of the calendar" in outcome.stderr


def test_a_second_transfer_reads_nothing_unless_something_changed(
    visits: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.stage("sqoop", "--table", "visits")
    before = visits.times("warehouse")

    with monkeypatch.context() as patched:
        patched.setattr(NativeTransfer, "table", None)
        assert visits.stage("sqoop", "--table", "visits")["status"] == "noop"
        assert visits.command("sqoop", "--table", "visits", "--skip-if-empty").exit_code == 99
    assert visits.times("warehouse") == before

    visits.change_database("update Visits set share = 0.10000000000000002 where id = 3")
    assert visits.stage("sqoop", "--table", "visits", "--dry-run")["files_new"] == 1
    assert visits.times("warehouse") == before
    assert visits.stage("sqoop", "--table", "visits")["status"] == "ok"
    assert read(visits, "visits")[2][4] == 0.10000000000000002


def test_columns_and_conditions_choose_what_is_copied_under_any_name(visits: Environment) -> None:
    visits.stage("sqoop", "--table", "visits", "--columns", "shop,ID", "--where", "id >= 2", "--target", "Later")
    assert read(visits, "later") == [(None, 2), (ROWS[2][1], 3)]
    assert not (visits.home / "warehouse" / "visits").exists()


def test_a_table_without_key_keeps_rows_that_are_equal(env: Environment) -> None:
    env.home.mkdir()
    env.change_database(
        "create table t (a int, b text); insert into t values (2, 'x'), (1, 'y'), (2, 'x'), (null, 'z')"
    )
    assert env.stage("sqoop", "--table", "t")["rows_out"] == 4
    assert read(env, "t", order="a nulls first") == [(None, "z"), (1, "y"), (2, "x"), (2, "x")]


@pytest.mark.slow
def test_an_empty_table_is_an_empty_table(env: Environment) -> None:
    env.home.mkdir()
    env.change_database("create table t (a int primary key)")
    assert env.stage("sqoop", "--table", "t")["status"] == "ok"
    assert env.stage("sqoop", "--table", "t")["status"] == "noop"
    assert env.stage("sqoop", "--table", "t", "--incremental", "append", "--check-column", "a")["rows_out"] == 0
    assert read(env, "t", order="a") == []
    env.change_database("insert into t values (7)")
    env.stage("sqoop", "--table", "t", "--incremental", "append", "--check-column", "a")
    assert read(env, "t", order="a") == [(7,)]


APPEND = ("sqoop", "--table", "visits", "--incremental", "append", "--check-column", "id")
MODIFIED = ("sqoop", "--table", "orders", "--incremental", "lastmodified", "--check-column", "changed")


@pytest.mark.slow
def test_append_takes_what_is_beyond_the_last_value(visits: Environment) -> None:
    assert visits.stage(*APPEND)["rows_in"] == 3
    before = visits.times("warehouse")
    assert visits.stage(*APPEND)["status"] == "noop"
    assert visits.times("warehouse") == before

    visits.change_database("insert into Visits (id, shop) values (10, 'x'), (11, 'y')")
    summary = visits.stage(*APPEND)
    assert (summary["rows_in"], summary["rows_replaced"]) == (2, 0)
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3, 10, 11]


@pytest.mark.slow
def test_what_was_appended_in_steps_is_what_a_whole_transfer_gives(visits: Environment, tmp_path: Path) -> None:
    whole = new_environment(tmp_path / "whole")
    whole.home.mkdir()
    whole.change_database(VISITS)
    more = "insert into Visits (id, shop, spent) values (10, 'x', 3.25), (11, 'y', null)"
    visits.stage(*APPEND)
    visits.change_database(more)
    visits.stage(*APPEND)
    whole.change_database(more)
    whole.stage("sqoop", "--table", "visits")
    names = [{path.name for path in (env.home / "warehouse" / "visits").glob("*.parquet")} for env in (visits, whole)]
    assert names[0] == names[1]


@pytest.mark.slow
def test_orc_files_hold_the_same_rows_however_they_were_brought(visits: Environment, tmp_path: Path) -> None:
    orc = pytest.importorskip("pyarrow.orc")
    whole = new_environment(tmp_path / "whole")
    whole.home.mkdir()
    more = "insert into Visits (id, shop, spent) values (10, 'x', 3.25), (11, 'y', null)"
    whole.change_database(VISITS + more)
    assert visits.stage(*APPEND, "--format", "orc")["rows_in"] == 3
    visits.change_database(more)
    assert visits.stage(*APPEND, "--format", "orc")["rows_in"] == 2
    assert visits.stage(*APPEND, "--format", "orc")["status"] == "noop"
    whole.stage("sqoop", "--table", "visits", "--format", "orc")
    [(path,), (same,)] = (tuple((env.home / "warehouse" / "visits").glob("*.*c")) for env in (visits, whole))
    assert path.name == same.name

    found = orc.ORCFile(path).read()
    assert str(found.schema.field("spent").type) == "decimal128(8, 2)"
    rows = found.to_pylist()
    assert [row["id"] for row in rows] == [1, 2, 3, 10, 11]
    assert [row["spent"] for row in rows] == [Decimal("-0.01"), None, Decimal("1.50"), Decimal("3.25"), None]
    assert (rows[2]["shop"], rows[2]["raw"]) == (ROWS[2][1], ROWS[2][5])

    assert visits.stage("sqoop", "--table", "visits")["rows_in"] == 5
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3, 10, 11]
    assert not path.exists()


def test_a_table_without_rows_is_an_orc_file_with_columns(env: Environment) -> None:
    orc = pytest.importorskip("pyarrow.orc")
    env.home.mkdir()
    env.change_database("create table empty (id integer primary key, name text)")
    assert env.stage("sqoop", "--table", "empty", "--format", "orc")["status"] == "ok"
    [path] = (env.home / "warehouse" / "empty").glob("*.orc")
    assert orc.ORCFile(path).read().schema.names == ["id", "name"]
    assert env.stage("sqoop", "--table", "empty", "--format", "orc")["status"] == "noop"


def test_times_that_no_orc_file_can_be_proved_with_are_refused(env: Environment) -> None:
    pytest.importorskip("pyarrow.orc")
    env.home.mkdir()
    env.change_database(
        "create table old (id integer primary key, at timestamp); insert into old values (1, '1000-01-01')"
    )
    outcome = env.command("sqoop", "--table", "old", "--format", "orc")
    assert outcome.exit_code == 1
    assert "the ORC file cannot be read back" in outcome.error
    assert "hint: use --format parquet" in outcome.stderr
    assert not list((env.home / "warehouse").rglob("*.orc"))
    assert env.stage("sqoop", "--table", "old")["rows_out"] == 1


def test_orc_without_its_library_is_an_error_that_says_how_to_install_it(
    visits: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    outcome = visits.command("sqoop", "--table", "visits", "--format", "orc")
    assert outcome.exit_code == 2
    assert "pip install 'retailstream[orc]'" in outcome.stderr


@pytest.mark.slow
def test_lastmodified_puts_changed_rows_in_the_place_of_old_ones(env: Environment) -> None:
    env.home.mkdir()
    env.change_database(
        "create table orders (a int, b text, changed timestamp not null, primary key (a, b));"
        "insert into orders values (1, 'x', '2020-01-01'), (1, 'y', '2020-01-02'), (2, 'x', '2020-01-02')"
    )
    assert env.stage(*MODIFIED)["rows_in"] == 3
    assert env.stage(*MODIFIED)["status"] == "noop"
    env.change_database(
        "update orders set changed = '2020-02-01' where b = 'x' and a = 1; insert into orders values (3, 'z', '2020-01-02')"
    )
    summary = env.stage(*MODIFIED)
    assert (summary["rows_in"], summary["rows_replaced"]) == (4, 3)  # those of the last moment are read once more
    assert read(env, "orders", order="a, b") == [
        (1, "x", "2020-02-01 00:00:00"),
        (1, "y", "2020-01-02 00:00:00"),
        (2, "x", "2020-01-02 00:00:00"),
        (3, "z", "2020-01-02 00:00:00"),
    ]


@pytest.mark.slow
def test_another_question_begins_anew(visits: Environment) -> None:
    visits.stage(*APPEND, "--where", "id < 3")
    assert [row[0] for row in read(visits, "visits")] == [1, 2]
    assert visits.stage(*APPEND)["rows_in"] == 3
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3]
    visits.change_database("alter table Visits add column more text")
    assert visits.stage(*APPEND)["rows_in"] == 3


def test_a_row_that_came_late_is_copied_and_told(visits: Environment) -> None:
    visits.stage(*APPEND)
    visits.change_database("insert into Visits (id, shop) values (11, 'y')")
    visits.stage(*APPEND)
    visits.change_database("insert into Visits (id, shop) values (10, 'late'); insert into Visits (id) values (12)")

    assert visits.stage(*APPEND, "--dry-run")["files_new"] == 1
    summary = visits.stage(*APPEND)
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3, 10, 11, 12]
    [told] = [warning for warning in summary["warnings"] if warning["code"] == "late_rows"]
    assert told["text"].startswith("1 rows of table 'visits' came with values of 'id' that an earlier copy had passed")
    assert visits.stage(*APPEND)["status"] == "noop"

    visits.change_database("insert into Visits (id, shop) values (9, 'alone')")
    assert visits.stage(*APPEND)["status"] == "ok"
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3, 9, 10, 11, 12]


def test_rows_that_went_from_the_database_stay_and_hide_none_that_came_late(visits: Environment) -> None:
    visits.change_database("insert into Visits (id) values (10), (20)")
    visits.stage(*APPEND)
    visits.change_database("delete from Visits where id in (1, 10)")
    assert visits.stage(*APPEND)["rows_out"] == 0
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3, 10, 20]
    assert visits.stage(*APPEND)["status"] == "noop"
    visits.change_database("delete from Visits where id = 2; insert into Visits (id) values (15)")
    assert visits.stage(*APPEND)["status"] == "ok"
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3, 10, 15, 20]


@pytest.mark.slow
def test_a_row_of_an_equal_value_is_copied_also_where_there_is_no_key(env: Environment) -> None:
    env.home.mkdir()
    env.change_database(
        "create table t (a date, b text); insert into t values ('2020-01-01', 'x'), ('2020-01-01', 'x')"
    )
    words = ("sqoop", "--table", "t", "--incremental", "append", "--check-column", "a")
    env.stage(*words)
    env.change_database("insert into t values ('2020-01-01', 'x'), ('2020-01-01', 'y'), ('2020-01-02', 'z')")
    assert env.stage(*words)["status"] == "ok"
    assert [row[1] for row in read(env, "t", "a, b")] == ["x", "x", "x", "y", "z"]
    env.change_database("delete from t where b = 'x'; insert into t values ('2019-01-01', 'w')")
    assert env.stage(*words)["status"] == "ok"
    assert [row[1] for row in read(env, "t", "a, b")] == ["w", "x", "x", "x", "y", "z"]


@pytest.mark.slow
def test_a_change_that_came_late_is_copied(env: Environment) -> None:
    env.home.mkdir()
    env.change_database(
        "create table orders (a int primary key, b text, changed timestamp not null);"
        "insert into orders values (1, 'x', '2020-01-01'), (2, 'y', '2020-01-05')"
    )
    env.stage(*MODIFIED)
    env.change_database("update orders set b = 'late', changed = '2020-01-04' where a = 1")
    assert env.stage(*MODIFIED)["status"] == "ok"
    assert read(env, "orders", order="a") == [(1, "late", "2020-01-04 00:00:00"), (2, "y", "2020-01-05 00:00:00")]
    assert env.stage(*MODIFIED)["status"] == "noop"


@pytest.mark.slow
def test_a_copy_from_before_cursors_were_looked_behind_goes_on(visits: Environment) -> None:
    visits.stage(*APPEND)
    path = visits.home / "warehouse/visits/_manifest.json"
    manifest = json.loads(path.read_text())
    note = json.loads(manifest["partitions"]["all"]["source"])
    manifest["partitions"]["all"]["source"] = json.dumps({name: note[name] for name in ("asked", "proof", "last")})
    del manifest["checksum"]
    path.write_text(json.dumps({**manifest, "checksum": checksum_of(manifest)}))
    visits.change_database("delete from Visits where id = 1; insert into Visits (id) values (10)")
    assert visits.stage(*APPEND)["rows_in"] == 1
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3, 10]


@pytest.mark.slow
def test_columns_get_other_names_and_may_be_text(env: Environment) -> None:
    env.home.mkdir()
    env.change_database(
        'create table t (id integer primary key, "Unit Price (€)" decimal(60,2), "größe" text, "n" numeric);'
        "insert into t values (1, 0.25, 'L', 1.5)"
    )
    refused = env.command("sqoop", "--table", "t")
    assert refused.exit_code == 2
    assert "--rename 'Unit Price (€)=NAME'" in refused.stderr
    renamed = ("sqoop", "--table", "t", "--rename", "unit price (€)=price", "--rename", "größe=size")
    refused = env.command(*renamed)
    assert (refused.exit_code, "--as-text 'Unit Price (€)'" in refused.stderr) == (2, True)

    step = ("--incremental", "append", "--check-column", "id")
    words = (*renamed, "--rename", "ID=number", "--as-text", "Unit Price (€)", "--as-text", "n", *step)
    assert env.stage(*words)["status"] == "ok"
    assert read(env, "t", "number") == [(1, "0.25", "L", "1.5")]
    env.change_database("insert into t values (2, '0.10', 'M', null)")
    assert env.stage(*words)["rows_in"] == 1
    assert read(env, "t", "number") == [(1, "0.25", "L", "1.5"), (2, "0.1", "M", None)]
    assert env.stage(*words)["status"] == "noop"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--rename id", "--rename 'id' is no name of a column and another one"),
        ("--rename id=a.b", "--rename 'id=a.b' is no name of a column and another one"),
        ("--rename id=a --rename ID=b", "--rename gives column 'ID' two names"),
        ("--rename size=a", "column 'size' is missing in table 'visits'"),
        ("--rename id=shop", "two columns of table 'visits' are to be called 'shop'"),
        ("--columns shop --as-text id", "column 'id' of table 'visits' is not copied"),
    ],
)
def test_names_that_cannot_be_are_refused(visits: Environment, words: str, error: str) -> None:
    assert visits.stage("sqoop", "--table", "visits", *words.split(), code=2)["error"].startswith(error)


@pytest.mark.slow
@pytest.mark.parametrize("words", ["--rename a=b", "--as-text a", "--adopt"])
def test_what_is_about_one_table_needs_one(env: Environment, words: str) -> None:
    assert "is about one table" in env.stage("sqoop", *words.split(), code=2)["error"]


@pytest.mark.slow
def test_rows_that_a_copy_alone_has_are_not_lost_when_it_is_made_anew(visits: Environment) -> None:
    visits.stage(*APPEND)
    visits.change_database("delete from Visits where id = 1; alter table Visits add column more text")
    before = visits.files("warehouse")
    told = visits.command(*APPEND)
    assert told.exit_code == 2
    assert "table 'visits' is to be made anew" in told.error
    assert "would have 2 rows after 3" in told.error
    assert visits.files("warehouse") == before
    assert visits.stage(*APPEND, "--target", "more")["rows_out"] == 2
    assert visits.stage(*APPEND, "--adopt")["rows_out"] == 2
    assert visits.stage(*APPEND)["status"] == "noop"


def test_a_run_that_could_not_publish_leaves_the_last_value_alone(
    visits: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.stage(*APPEND)
    visits.change_database("insert into Visits (id) values (10)")
    before = visits.files("warehouse")

    def away(_self: object, key: str, _data: bytes) -> None:
        raise TransientError(f"{key} cannot be written")

    with monkeypatch.context() as patched:
        patched.setattr(FolderLake, "write", away)
        visits.stage(*APPEND, code=4)
    assert before.items() <= visits.files("warehouse").items()

    assert visits.stage(*APPEND)["rows_in"] == 1
    assert [row[0] for row in read(visits, "visits")] == [1, 2, 3, 10]
    assert len(list((visits.home / "warehouse" / "visits").iterdir())) == 2


def test_a_damaged_table_is_transferred_whole(visits: Environment) -> None:
    visits.stage(*APPEND)
    [path] = (visits.home / "warehouse" / "visits").glob("*.parquet")
    path.unlink()
    assert visits.stage(*APPEND)["rows_in"] == 3
    table = PublishedTable(FolderLake(visits.home / "warehouse"), named("visits"))
    assert table.intact(table.manifest())


def named(name: str) -> Any:
    from retailstream.relations import Relation  # noqa: PLC0415

    return Relation(name, ())


@pytest.mark.slow
def test_copies_of_different_tables_and_runs_go_on_beside_each_other(visits: Environment, tmp_path: Path) -> None:
    visits.stage("sqoop", "--table", "visits", "--target", "other")
    visits.write({"sales/a.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE"), "stores/a.csv": csv(STORES, "1,A,7")})
    visits.run()
    visits.stage("backup", str(tmp_path / "b.tar.gz"))
    with hold(visits.home / "locks", (table_lock("visits"),), Holder("long", "sqoop-table", "monday")):
        told = visits.command("sqoop", "--table", "visits")
        assert told.exit_code == 5
        assert "is working on table 'visits' of this environment" in told.error
        assert visits.stage("sqoop", "--table", "visits", "--target", "other")["status"] == "noop"
        visits.write({"sales/b.csv": csv(SALES, "1,2,2010-02-05,1.10,FALSE")})
        assert visits.run()["status"] == "ok"
        told = visits.command("restore", str(tmp_path / "b.tar.gz"), "--force")
        assert told.exit_code == 5
    with hold(visits.home / "locks", ("sales-and-stores", "features"), Holder("long", "run", "monday")):
        assert visits.stage("sqoop", "--table", "visits")["status"] == "ok"


@pytest.mark.slow
def test_a_copy_whose_process_is_gone_is_called_killed_and_one_at_work_is_not(visits: Environment) -> None:
    visits.stage("sqoop", "--table", "visits", "--run-id", "gone")
    visits.stage("sqoop", "--table", "visits", "--run-id", "there")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    change = "update runs set status = 'running', process_id = ? where run_id = ?"
    visits.change_state(change, ended.pid, "gone")
    visits.change_state(change, 1, "there")
    visits.stage("sqoop", "--table", "visits", "--target", "other")
    visits.write({"sales/a.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE"), "stores/a.csv": csv(STORES, "1,A,7")})
    visits.run()
    states = {run["run_id"]: run["status"] for run in visits.stage("runs", "--stage", "sqoop-table")["items"]}
    assert (states["gone"], states["there"]) == ("killed", "running")


def test_a_transfer_of_one_table_says_nothing_of_the_health_of_the_pipeline(visits: Environment) -> None:
    visits.stage("sqoop", "--table", "nobody", code=2)
    assert visits.stage("sqoop", "--table", "visits")["stage"] == "sqoop-table"
    assert visits.checks()["last_run_sqoop"]["value"] == "never ran"
    assert [run["status"] for run in visits.stage("runs", "--stage", "sqoop-table")["items"]] == ["ok"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--table nobody", "table 'nobody' is missing in sqlite:///"),
        ("--table visits --columns id,size", "column 'size' is missing in table 'visits'"),
        ("--table visits --target sales", "'sales' is a table of the pipeline itself"),
        ("--table visits --target a.b", "'a.b' is no name of a table in the warehouse"),
        ("--table visits --where size>1", "database sqlite:///"),
        ("--table visits --where id=1;", "--where is not one condition: a ';' stands in it"),
        ("--table visits --where id=1--", "--where is not one condition: a comment in it swallows what follows"),
        ("--table visits --incremental append", "--incremental and --check-column go together"),
        ("--table visits --check-column id", "--incremental and --check-column go together"),
        ("--table visits --incremental new --check-column id", "--incremental 'new' is unknown"),
        ("--table visits --format avro", "--format 'avro' is unknown"),
        ("--table visits --incremental append --check-column size", "column 'size' is not among the columns"),
        ("--table visits --incremental append --check-column shop", "column 'shop' of table 'visits' cannot tell"),
        ("--table visits --incremental append --check-column spent", "column 'spent' of table 'visits' is null in 1"),
        (
            "--table visits --columns at,shop --incremental lastmodified --check-column at",
            "table 'visits' has no primary",
        ),
        ("--target visits", "--target is about one table"),
        ("--where id=1", "--where is about one table"),
        ("--table visits --engine spark", "engine 'spark' reads MySQL and MariaDB"),
        ("--table visits --engine sqoop", "engine 'sqoop' reads MySQL and MariaDB"),
        (
            "--table visits --engine duckdb",
            "setting 'sqoop.engine' (flag): Input should be 'native', 'sqoop' or 'spark'",
        ),
        ("--table visits --mappers 0", "setting 'sqoop.mappers' (flag): Input should be greater than or equal to 1"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_done(visits: Environment, words: str, error: str) -> None:
    assert visits.stage("sqoop", *words.split(), code=2)["error"].startswith(error)
    assert not (visits.home / "warehouse").exists()


def test_a_condition_is_no_way_to_another_table(visits: Environment) -> None:
    visits.change_database("create table secrets (a, b, c, d, e, f, g)")
    words = "id = 0) union all select * from secrets where (1 = 1"

    told = visits.stage("sqoop", "--table", "visits", "--where", words, code=2)["error"]

    assert told.startswith("--where is not one condition: it closes a parenthesis that it has not opened")
    assert not (visits.home / "warehouse").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_copy_while_the_database_works(visits: Environment, number: signal.Signals, code: int) -> None:
    endless = "id in (with recursive c (n) as (select 1 union all select n + 1 from c) select n from c where n < 0)"
    command = [sys.executable, "-m", "retailstream", "sqoop", "--table", "visits", "--where", endless, *visits.options]
    visits.stage("sqoop", "--table", "visits")  # so that there is a ledger to look into
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        with closing(sqlite3.connect(visits.home / "state.db")) as state:
            while not state.execute("select 1 from runs where stage = 'sqoop-table' and status = 'running'").fetchall():
                assert process.poll() is None
                time.sleep(0.02)
        try:
            process.send_signal(number)
            _out, told = process.communicate(timeout=60)
        finally:
            process.kill()

    # Where Ctrl-C meets an import, Python ends by SIGINT itself once all is told; a shell has 130 for both.
    assert process.returncode == code or (process.returncode, number) == (-signal.SIGINT, signal.SIGINT), told
    assert "the same command takes up where this one stopped" in told


def test_a_condition_is_one_line(visits: Environment) -> None:
    assert visits.stage("sqoop", "--table", "visits", "--where", "id\n= 1", code=2)["error"].startswith("--where is no")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("declared", "value", "error"),
    [
        ("int", "'x'", "column 'a' of table 't' is declared as bigint and holds 'x'"),
        ("int", "1.5", "column 'a' of table 't' is declared as bigint and holds 1.5"),
        ("decimal(4,2)", "1.005", "column 'a' of table 't' is declared as decimal(4,2) and holds 1.005"),
        ("decimal(4,2)", "100", "column 'a' of table 't' is declared as decimal(4,2) and holds 100"),
        ("boolean", "2", "column 'a' of table 't' is declared as boolean and holds 2"),
        ("text", "x'00'", "column 'a' of table 't' is declared as varchar and holds b'\\x00'"),
    ],
)
def test_a_value_of_another_type_than_declared_is_named(
    env: Environment, declared: str, value: str, error: str
) -> None:
    env.home.mkdir()
    env.change_database(f"create table t (a {declared}); insert into t values ({value})")
    assert env.stage("sqoop", "--table", "t", code=1)["error"].startswith(error)
    assert not (env.home / "warehouse" / "t").exists()


@pytest.mark.slow
@pytest.mark.parametrize("declared", ["decimal(39,2)", "numeric", "geometry", ""])
def test_a_column_whose_type_no_warehouse_has_is_named(env: Environment, declared: str) -> None:
    env.home.mkdir()
    env.change_database(f"create table t (a int, b {declared})")
    error = env.stage("sqoop", "--table", "t", code=2)["error"]
    assert error.startswith(f"column 'b' of table 't' has the type '{declared}'")
    assert env.stage("sqoop", "--table", "t", "--columns", "a")["status"] == "ok"


@pytest.mark.slow
def test_a_view_whose_table_is_gone_is_told_with_that_table(env: Environment) -> None:
    env.home.mkdir()
    env.change_database("create table under (id int); create view looks as select id from under; drop table under")
    outcome = env.command("sqoop", "--table", "looks")
    assert (outcome.exit_code, outcome.error) == (1, "error: view 'looks' cannot be read: no such table: main.under")
    assert env.command("sqoop", "--table", "under").exit_code == 2


@pytest.mark.slow
def test_text_that_is_no_utf_8_is_named_with_its_column_and_row(env: Environment) -> None:
    env.home.mkdir()
    rows = "(1, 'fine', x'ff'), (7, cast(x'61EDA0BDEDB88062' as text), x'')"
    env.change_database(
        f"create table old (id integer primary key, words text, raw blob); insert into old values {rows}"
    )
    outcome = env.command("sqoop", "--table", "old")
    assert outcome.exit_code == 1
    assert outcome.error == (
        "error: column 'words' of table 'old' holds text in the row id = 7 that is no UTF-8, from the bytes"
        " ed a0 bd ed b8 80 62 on"
    )
    assert env.stage("sqoop", "--table", "old", "--where", "id < 7")["rows_out"] == 1
