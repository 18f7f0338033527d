"""What every relational database does with tables of any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.engine.duckdb import open_duckdb
from retailstream.adapters.engine.duckdb_tables import DuckDbTables
from retailstream.errors import UsageError
from retailstream.extracts import Span
from retailstream.relations import Field, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retailstream.extracts import TableEngine, Tables

SHAPE = (
    "create table Things (Id bigint not null, part decimal(4,2), name varchar(40), day date, at datetime, ratio double,"
    " raw blob, primary key (part, Id))"
)
THINGS = (
    "insert into Things values"
    " (2, -1.5, 'a,b', '2020-01-02', '2020-01-02 03:04:05', 0.1, x'002C'),"
    " (1, 99.99, 'N', '1582-10-10', '9999-12-31 23:59:59', -1e300, x'4E'),"
    " (9007199254740993, 0, '', null, null, null, null),"
    " (-5, 0, null, '0001-01-01', '0001-01-01 00:00:00', 5e-324, x'')"
)
CHANGES = {
    "id": "update Things set Id = 3 where Id = 2",
    "part": "update Things set part = 99.98 where Id = 1",
    "name": "update Things set name = 'a;b' where Id = 2",
    "name becomes null": "update Things set name = null where Id = 9007199254740993",
    "name is no null any more": "update Things set name = '' where Id = -5",
    "day": "update Things set day = '1582-10-11' where Id = 1",
    "at": "update Things set at = '2020-01-02 03:04:06' where Id = 2",
    "ratio": "update Things set ratio = 0.1001 where Id = 2",
    "raw": "update Things set raw = x'012C' where Id = 2",
    "one row less": "delete from Things where Id = 1",
}


@pytest.fixture
def sql(database_of_things: tuple[Callable[[str], None], object]) -> Callable[[str], None]:
    run = database_of_things[0]
    run(SHAPE)
    run(THINGS)
    return run


@pytest.fixture
def tables(
    sql: Callable[[str], None],
    database_of_things: tuple[Callable[[str], None], Callable[[], AbstractContextManager[Tables]]],
) -> Iterator[Tables]:
    with database_of_things[1]() as opened:
        yield opened


@pytest.fixture
def files(tmp_path: Path) -> Iterator[TableEngine]:
    with open_duckdb(tmp_path / "engine", memory="500MB") as engine:
        yield DuckDbTables(engine)


def test_a_table_has_its_columns_in_order_with_exact_types(tables: Tables) -> None:
    relation = tables.relation("Things")
    assert relation.key == ("part", "id")
    assert [(column.name, column.sql_type) for column in relation.columns] == [
        ("id", "bigint"),
        ("part", "decimal(4,2)"),
        ("name", "varchar"),
        ("day", "date"),
        ("at", "timestamp"),
        ("ratio", "double"),
        ("raw", "blob"),
    ]


def test_some_columns_come_in_the_order_they_are_asked_for_and_keep_the_key_if_it_is_among_them(tables: Tables) -> None:
    assert tables.relation("Things", ["NAME", "id", "name"]).names == ("name", "id")
    assert tables.relation("Things", ["name", "id"]).key == ()
    assert tables.relation("Things", ["id", "part"]).key == ("part", "id")


def test_what_is_not_there_is_named(tables: Tables) -> None:
    with pytest.raises(UsageError, match="table 'nothing' is missing in "):
        tables.relation("nothing")
    with pytest.raises(UsageError, match="column 'size' is missing in table 'Things'"):
        tables.relation("Things", ["size"])
    relation = tables.relation("Things")
    for wrong in ("size > 1", "id >"):
        with pytest.raises(UsageError, match=r"database .*:.* does not understand the condition: "):
            tables.proof(tables.extract(relation, wrong))
    with pytest.raises(UsageError, match=r"^--where is not one condition: "):
        tables.extract(relation, "id = 1 -- and no end")


def test_lines_become_a_file_with_the_same_proof(tables: Tables, files: TableEngine, tmp_path: Path) -> None:
    relation = tables.relation("Things")
    extract = tables.extract(relation)
    proof = tables.dump(extract, tmp_path / "lines")
    assert files.write_lines(relation, tmp_path / "lines", tmp_path / "a.parquet") == proof.rows == 4
    assert files.proof(relation, [tmp_path / "a.parquet"]).difference(proof) is None
    assert tables.proof(extract) == proof
    assert (tmp_path / "lines").read_text().count("\n") == 4


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_changes_the_proof(tables: Tables, sql: Callable[[str], None], change: str) -> None:
    extract = tables.extract(tables.relation("Things"))
    before = tables.proof(extract)
    sql(CHANGES[change])
    assert tables.proof(extract).difference(before) is not None
    assert tables.proof(extract).digest != before.digest


def test_a_condition_and_a_span_choose_rows(tables: Tables, tmp_path: Path) -> None:
    relation = tables.relation("Things", ["id"])
    spans: dict[Span | None, int] = {
        None: 3,
        Span("id", None, "2"): 2,
        Span("id", "1", "9007199254740993"): 2,
        Span("id", "2", "9007199254740993", inclusive=True): 2,
        Span("id", "9007199254740992", "9007199254740993"): 1,
        Span("id", "9007199254740993", "9007199254740993"): 0,
    }
    for span, rows in spans.items():
        assert tables.dump(tables.extract(relation, "id > 0 or id = 0", span), tmp_path / "lines").rows == rows


def test_the_newest_value_ends_a_span_that_has_it(tables: Tables) -> None:
    relation = tables.relation("Things")
    there = tables.extract(relation, "day is not null")
    for name in ("id", "part", "day", "at"):
        newest = tables.newest(there, relation.column(name))
        assert newest is not None
        assert tables.proof(tables.extract(relation, "day is not null", Span(name, None, newest))).rows == 3
        assert tables.proof(tables.extract(relation, "day is not null", Span(name, newest, newest))).rows == 0
    assert tables.newest(tables.extract(relation, "1 = 0"), relation.column("id")) is None
    with pytest.raises(UsageError, match="column 'day' of table 'Things' is null in 1 rows"):
        tables.newest(tables.extract(relation), Field("day", Kind.DATE))
