"""Which version of the tables a question is put to, by an engine whose queries may see a newer one each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pytest

from retailstream import querying
from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.query.duckdb import DuckDbQueries
from retailstream.adapters.warehouse.folder import FolderWarehouse
from retailstream.errors import TransientError
from tests.unit.test_warehouse_folder import publish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retailstream.querying import QueryEngine, Version


class Following(DuckDbQueries):
    """An engine that looks a table's place up with each query, as those of Hive's tables do."""

    sees_changes = True


@contextmanager
def following(versions: Sequence[Version]) -> Iterator[QueryEngine]:
    with duckdb.connect() as connection:
        connection.execute(f"create table rows as select {[version.manifest.rows for version in versions]} as counts")
        yield Following(connection)


def test_an_answer_of_two_versions_is_asked_for_again(tmp_path: Path) -> None:
    warehouse = FolderWarehouse(FolderLake(tmp_path / "warehouse"))
    asked: list[int] = []

    def question(engine: QueryEngine) -> int:
        asked.append(1)
        if len(asked) < 3:
            publish(warehouse, tmp_path, len(asked))
        [(counts,)] = engine.answer("counts", "select counts from rows", {}).rows
        assert counts == [0, 0, int(len(asked) > 1)]
        return len(asked)

    found = querying.put(warehouse, following, question)
    assert (found.found, found.empty_tables) == (3, ["sales", "features"])


def test_tables_that_change_all_the_time_are_given_up(tmp_path: Path) -> None:
    warehouse = FolderWarehouse(FolderLake(tmp_path / "warehouse"))
    asked: list[int] = []

    def question(engine: QueryEngine) -> None:
        asked.append(1)
        publish(warehouse, tmp_path, len(asked))

    with pytest.raises(TransientError, match=f"^the tables of file://{tmp_path}/warehouse changed while they were ask"):
        querying.put(warehouse, following, question)
    assert len(asked) == querying.TRIES


def test_an_error_of_tables_that_did_not_change_is_told_at_once(tmp_path: Path) -> None:
    warehouse = FolderWarehouse(FolderLake(tmp_path / "warehouse"))
    asked: list[int] = []

    def question(engine: QueryEngine) -> None:
        asked.append(1)
        engine.answer("nothing", "select nothing", {})

    with pytest.raises(duckdb.Error):
        querying.put(warehouse, following, question)
    assert len(asked) == 1
