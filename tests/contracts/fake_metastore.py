"""A Metastore that is a few dictionaries, for what a warehouse in Hive does before it meets a real one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from retailstream.adapters.warehouse.metastore import Placed, StoredTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retailstream.adapters.warehouse.hive_statistics import ColumnStatistics


class FakeMetastore:
    """One database; like the real one it refuses to alter what is not there."""

    url = "thrift://nowhere:9083"

    def __init__(self) -> None:
        self.folder: str | None = None
        self.tables: dict[str, StoredTable] = {}
        self.parts: dict[str, dict[str, Placed]] = {}

    def location(self) -> str | None:
        return self.folder

    def create_database(self, location: str) -> None:
        self.folder = self.folder or location

    def table(self, name: str) -> StoredTable | None:
        return self.tables.get(name)

    def create_table(self, table: StoredTable) -> None:
        self.tables.setdefault(table.name, table)

    def alter_table(self, table: StoredTable) -> None:
        before = self.tables[table.name].placed
        placed = Placed(table.placed.location, {**before.parameters, **table.placed.parameters})
        self.tables[table.name] = replace(table, placed=placed)

    def put_table(self, table: StoredTable) -> None:
        if table.name in self.tables and self.tables[table.name].external:
            self.alter_table(table)
        else:
            self.tables[table.name] = table

    def drop_table(self, name: str) -> None:
        self.tables.pop(name, None)

    def partitions(self, table: str) -> dict[str, Placed]:
        return dict(self.parts.get(table, {}))

    def add_partitions(self, table: StoredTable, partitions: Mapping[str, Placed]) -> None:
        mine = self.parts.setdefault(table.name, {})
        assert not mine.keys() & partitions.keys()
        mine.update(partitions)

    def alter_partitions(self, table: StoredTable, partitions: Mapping[str, Placed]) -> None:
        mine = self.parts.setdefault(table.name, {})
        assert mine.keys() >= partitions.keys()
        mine.update(partitions)

    def drop_partition(self, table: str, value: str) -> None:
        self.parts[table].pop(value, None)

    def set_statistics(self, table: str, found: Iterable[tuple[str, list[ColumnStatistics]]]) -> None:
        accurate = {"COLUMN_STATS_ACCURATE": '{"BASIC_STATS": "true", "COLUMN_STATS": {"store": "true"}}'}
        for name, columns in found:
            assert columns
            value = name.partition("=")[2]
            if not name:
                whole = self.tables[table]
                placed = Placed(whole.placed.location, {**whole.placed.parameters, **accurate})
                self.tables[table] = replace(whole, placed=placed)
            else:
                place = self.parts[table][value]
                self.parts[table][value] = Placed(place.location, {**place.parameters, **accurate})
