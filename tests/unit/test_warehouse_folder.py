from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.warehouse.folder import FolderWarehouse
from retailstream.contracts import STORES
from retailstream.errors import RetailStreamError
from retailstream.manifests import WHOLE, NewPartition
from tests.environment import new_environment

if TYPE_CHECKING:
    from pathlib import Path


def publish(warehouse: FolderWarehouse, folder: Path, size: int) -> None:
    """Publish a new version of the stores: one store of that size."""
    path = folder / "new.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as store, 'A' as type, {size} as size) to '{path}' (format parquet)")
    table = warehouse.table(STORES)
    table.publish(table.manifest(), {WHOLE: NewPartition(path, 1)}, landing=1)


def sizes(connection: duckdb.DuckDBPyConnection) -> list[object]:
    return [row[0] for row in connection.execute("select size from stores").fetchall()]


def test_tables_that_were_never_published_are_empty(tmp_path: Path) -> None:
    warehouse = FolderWarehouse(FolderLake(tmp_path / "warehouse"))

    assert warehouse.ask(sizes) == []
    assert warehouse.ask(lambda c: c.execute("select sum(weekly_sales), max(date) from sales").fetchall()) == [
        (None, None)
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_question_that_a_new_version_overtakes_is_put_again(tmp_path: Path) -> None:
    warehouse = FolderWarehouse(FolderLake(tmp_path / "warehouse's"))
    publish(warehouse, tmp_path, 1)
    asked: list[int] = []

    def question(connection: duckdb.DuckDBPyConnection) -> list[object]:
        asked.append(len(asked))
        if len(asked) < 3:
            publish(warehouse, tmp_path, 1 + len(asked))
        return sizes(connection)

    assert warehouse.ask(question) == [3]
    assert asked == [0, 1, 2]


def test_a_question_that_is_overtaken_every_time_is_given_up(tmp_path: Path) -> None:
    warehouse = FolderWarehouse(FolderLake(tmp_path / "warehouse"))
    publish(warehouse, tmp_path, 1)
    asked: list[int] = []

    def question(connection: duckdb.DuckDBPyConnection) -> list[object]:
        asked.append(len(asked))
        publish(warehouse, tmp_path, 1 + len(asked))
        return sizes(connection)

    with pytest.raises(RetailStreamError, match=r"^DuckDB failed: .*\.parquet"):
        warehouse.ask(question)
    assert len(asked) == 5


def test_a_file_that_is_missing_for_good_is_asked_for_once(tmp_path: Path) -> None:
    warehouse = FolderWarehouse(FolderLake(tmp_path / "warehouse"))
    publish(warehouse, tmp_path, 1)
    asked: list[int] = []

    def question(connection: duckdb.DuckDBPyConnection) -> list[object]:
        asked.append(1)
        next((tmp_path / "warehouse" / "stores").glob("*.parquet")).unlink()
        return sizes(connection)

    with pytest.raises(RetailStreamError, match=r"^DuckDB failed: .*\.parquet"):
        warehouse.ask(question)
    assert asked == [1]


def test_a_home_with_a_wildcard_in_its_name_is_not_read_with_its_siblings(tmp_path: Path) -> None:
    # Equal rows lie in files of equal names, so only the folder tells the two homes apart.
    for name in ("ab", "a*"):
        env = new_environment(tmp_path / name)
        env.write({"sales/one.csv": "Store,Dept,Date,Weekly_Sales,IsHoliday\n1,1,2012-02-10,5,0\n"})
        env.run()
    [row] = env.command("analyze", "yearly-stores", "--format", "json").document
    assert row["total_sales"] == 5
