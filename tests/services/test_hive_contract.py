"""Tables of a real Metastore keep the word of every table, and a reader of it sees one version or the next."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from retailstream import settings
from retailstream.adapters.warehouse.hive import HiveWarehouse
from retailstream.adapters.warehouse.hive_tables import ddl
from retailstream.adapters.warehouse.metastore import Metastore
from retailstream.adapters.warehouse.metastore_client import MetastoreClient
from retailstream.contracts import CONTRACTS, SALES, Contract
from retailstream.contracts import STORES as STORES_TABLE
from retailstream.errors import RetailStreamError
from retailstream.manifests import WHOLE
from retailstream.wiring import open_lake
from tests.contracts.rows import EXTREMES, FEBRUARY, MARCH, STORES, read, sale
from tests.contracts.test_table import *  # noqa: F403 -- the suite, with the fixtures below
from tests.contracts.test_table import new, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from retailstream.ports import Lake, Row, Warehouse
    from tests.services.hadoop import Hadoop


@pytest.fixture
def database(hadoop: Hadoop) -> Iterator[str]:
    """The name of a database that is not there yet, and is gone after the test."""
    name = f"retail_{uuid4().hex[:12]}"
    yield name
    hadoop.query(f"drop database if exists {name} cascade")


@pytest.fixture
def location(hadoop: Hadoop, database: str) -> str:
    return f"{hadoop.hdfs}/tests/{database}"


@pytest.fixture
def lake(location: str, tmp_path: Path) -> Lake:
    return open_lake(settings.load(home=tmp_path / "home", config=None, flags={}).settings, location)


@pytest.fixture
def over(hadoop: Hadoop, database: str, location: str) -> Iterator[Callable[[Lake], Warehouse]]:
    client = MetastoreClient(hadoop.metastore)
    yield lambda lake: HiveWarehouse("hive://test", Metastore(client, database), location=location, lake=lambda _: lake)
    client.close()


@pytest.fixture
def warehouse(over: Callable[[Lake], Warehouse], lake: Lake) -> Warehouse:
    return over(lake)


def test_a_plain_client_of_hive_reads_every_value_as_it_was_written(
    warehouse: Warehouse, tmp_path: Path, hadoop: Hadoop, database: str
) -> None:
    table = warehouse.table(SALES)
    for month in {str(row[2])[:7] for row in EXTREMES}:
        publish(table, tmp_path, month, [row for row in EXTREMES if str(row[2]).startswith(month)])
    names = ", ".join(f"`{name}`" for name in SALES.names)
    found = hadoop.query(f"select {names} from {database}.sales order by store, dept, `date`")
    assert found == [
        (store, dept, str(day), amount, holiday, visits) for store, dept, day, amount, holiday, visits in EXTREMES
    ]
    types = {name: type_ for name, type_, _ in hadoop.query(f"describe {database}.sales") if type_}
    assert (types["weekly_sales"], types["date"], types["is_holiday"]) == ("decimal(12,2)", "date", "boolean")


def test_hive_plans_by_statistics_of_every_column(
    warehouse: Warehouse, tmp_path: Path, hadoop: Hadoop, database: str
) -> None:
    publish(warehouse.table(SALES), tmp_path, "2010-02", FEBRUARY)
    stores = warehouse.table(STORES_TABLE)
    stores.publish(stores.manifest(), {WHOLE: new(tmp_path, STORES, STORES_TABLE)}, landing=0)

    plan = "\n".join(
        line for (line,) in hadoop.query(f"explain select min(weekly_sales), max(`date`) from {database}.sales")
    )
    assert "rows=3" in plan
    assert "Tbl:COMPLETE,Col:COMPLETE" in plan
    told = dict(
        row[:2] for row in hadoop.query(f"describe formatted {database}.sales partition (month='2010-02') weekly_sales")
    )
    assert (told["min"], told["max"], told["num_nulls"], told["distinct_count"]) == ("1.1", "3.3", "0", "3")
    assert dict(row[:2] for row in hadoop.query(f"describe formatted {database}.stores type"))["max_col_len"] == "1"


def test_whoever_looks_between_two_calls_of_the_metastore_sees_a_version(
    over: Callable[[Lake], Warehouse], lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = over(lake).table(SALES)
    publish(table, tmp_path, "2010-02", FEBRUARY)
    old = publish(table, tmp_path, "2010-03", MARCH)
    april, corrected = sale(1, 1, "2010-04-02", "4.00"), sale(1, 1, "2010-02-05", "9.99")
    seen: list[list[Row]] = []
    (first := tmp_path / "first").mkdir()

    def looking(change: Callable[..., None], *words: object) -> None:
        change(*words)
        found = over(lake).table(SALES)
        seen.append(read(found.paths(found.manifest()), SALES))

    for name in ("add_partitions", "alter_partitions", "drop_partition", "alter_table", "set_statistics"):
        monkeypatch.setattr(Metastore, name, partial_method(getattr(Metastore, name), looking))
    table.publish(
        old, {"2010-02": new(first, [corrected]), "2010-03": None, "2010-04": new(tmp_path, [april])}, landing=2
    )

    before = sorted([*FEBRUARY, *MARCH], key=lambda row: row[:3])
    after = [corrected, april]
    assert seen == [before, after, after, after]  # partitions added, altered, dropped, and statistics


def test_a_query_at_work_finds_the_files_that_it_was_told_of(warehouse: Warehouse, tmp_path: Path) -> None:
    table = warehouse.table(SALES)
    old = publish(table, tmp_path, "2010-02", FEBRUARY)
    publish(table, tmp_path, "2010-02", FEBRUARY[:2])
    assert table.intact(old)
    publish(table, tmp_path, "2010-02", FEBRUARY[:1])
    assert not table.intact(old)
    assert len(table.lake.sizes("sales/")) == 2


def test_columns_are_added_and_any_other_change_is_refused(
    warehouse: Warehouse, tmp_path: Path, hadoop: Hadoop, database: str
) -> None:
    narrow = Contract("sales", SALES.columns[:-1], SALES.key)
    publish(warehouse.table(narrow), tmp_path, "2010-02", [])
    table = warehouse.table(SALES)
    assert table.manifest().partitions == {}
    publish(table, tmp_path, "2010-02", FEBRUARY)
    assert hadoop.query(f"select count(*), count(customers) from {database}.sales where store > 0") == [(3, 0)]

    hadoop.query(f"create external table {database}.stores (store int, type int, size int) stored as parquet")
    stores = warehouse.table(STORES_TABLE)
    with pytest.raises(
        RetailStreamError, match="table 'stores' in hive://test has a column 'type' of type int, and not string"
    ):
        stores.publish(stores.manifest(), {WHOLE: new(tmp_path, STORES, STORES_TABLE)}, landing=0)


def test_a_table_of_text_is_refused_and_what_others_set_for_one_of_ours_stays(
    warehouse: Warehouse, tmp_path: Path, hadoop: Hadoop, database: str, location: str
) -> None:
    hadoop.query(f"create database {database} location '{location}'")
    hadoop.query(f"create external table {database}.stores (store int, type string, size int) stored as textfile")
    stores, rows = warehouse.table(STORES_TABLE), {WHOLE: new(tmp_path, STORES, STORES_TABLE)}
    with pytest.raises(RetailStreamError, match="table 'stores' in hive://test is stored in another way"):
        stores.publish(stores.manifest(), rows, landing=0)

    hadoop.query(f"drop table {database}.stores", ddl(STORES_TABLE, database, location).rstrip(";"))
    hadoop.query(f"alter table {database}.stores set serdeproperties ('ours' = 'no')")
    stores.publish(stores.manifest(), rows, landing=0)
    assert hadoop.query(f"select * from {database}.stores order by store") == list(STORES)
    described = hadoop.query(f"describe formatted {database}.stores")
    assert ["ours", "no"] in [[str(word).strip() for word in row[1:]] for row in described]


def test_what_others_wrote_into_a_partition_is_noticed_and_made_anew(
    warehouse: Warehouse, tmp_path: Path, hadoop: Hadoop, database: str
) -> None:
    table = warehouse.table(SALES)
    publish(table, tmp_path, "2010-02", FEBRUARY)
    hadoop.query(
        f"insert into {database}.sales partition (month='2010-03') values (1, 1, date '2010-03-05', 1.00, false, null)"
    )
    manifest = table.manifest()
    assert not table.intact(manifest)
    (first := tmp_path / "first").mkdir()
    table.publish(
        warehouse.table(SALES).manifest(),
        {"2010-02": new(first, FEBRUARY), "2010-03": new(tmp_path, MARCH)},
        landing=2,
    )
    assert hadoop.query(f"select count(*), sum(weekly_sales) from {database}.sales where store > 0") == [
        (5, Decimal("16.50"))
    ]


def test_tables_that_were_made_by_the_printed_statements_are_taken_over(
    warehouse: Warehouse, tmp_path: Path, hadoop: Hadoop, database: str, location: str
) -> None:
    hadoop.query(f"create database {database} location '{location}'")
    hadoop.query(*(ddl(contract, database, location).rstrip(";") for contract in CONTRACTS.values()))
    publish(warehouse.table(SALES), tmp_path, "2010-02", FEBRUARY)
    stores = warehouse.table(STORES_TABLE)
    stores.publish(stores.manifest(), {WHOLE: new(tmp_path, STORES, STORES_TABLE)}, landing=0)
    assert hadoop.query(f"select * from {database}.stores order by store") == list(STORES)
    assert hadoop.query(f"select count(*) from {database}.sales where store > 0") == [(3,)]


def partial_method(method: Callable[..., None], wrapper: Callable[..., None]) -> Callable[..., None]:
    """Return a method that goes through a wrapper."""
    return lambda self, *words: wrapper(partial(method, self), *words)
