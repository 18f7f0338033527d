"""One table in Hive, whose files lie in a lake, and whose place in it the Metastore knows.

A new version lies in folders of its own, named by their content, before one change in the Metastore puts them in place:
a reader is told of all old folders or of all new ones. What a folder took the place of stays until the next version,
for queries that are still at work. See docs/adr/0023-hive-tables.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from retailstream.adapters.warehouse.hive_names import check_names
from retailstream.adapters.warehouse.hive_ownership import strangers
from retailstream.adapters.warehouse.hive_statistics import statistics_of
from retailstream.adapters.warehouse.hive_tables import (
    columns_of,
    empty,
    is_analyzed,
    is_any_shape,
    landing_of,
    noted,
    partition_name,
    partition_of,
    placed,
    previous,
    reading_of,
    stored,
    with_columns,
)
from retailstream.adapters.warehouse.metastore_structs import FORMATS
from retailstream.manifests import WHOLE, Manifest
from retailstream.ownership import files_not_ours, refuse_strangers
from retailstream.publishing import are_there, next_partitions, note_doubt, verified

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retailstream.adapters.warehouse.hive import HiveWarehouse
    from retailstream.adapters.warehouse.metastore import Placed, StoredTable
    from retailstream.contracts import Contract
    from retailstream.manifests import NewPartition, Partition
    from retailstream.ports import Lake

FILE: Final = "rows"
"""The name of a partition's file, before the ending that tells its format."""

NOTHING: Final = "none"
"""The folder without files that a partition has before its first rows are put in place, and after its last."""


class HiveTable:
    """One table: a partition a month, or one folder for a table that is kept whole."""

    def __init__(self, warehouse: HiveWarehouse, contract: Contract) -> None:
        self.contract = contract
        self._warehouse = warehouse
        self._metastore = warehouse.metastore
        self._adopted = False

    @property
    def lake(self) -> Lake:
        """Where the files lie."""
        return self._warehouse.lake

    def manifest(self) -> Manifest:
        """Return the current version; one without partitions where nothing was published, or not with these columns."""
        table = self._metastore.table(self.contract.name)
        if table is None:
            return Manifest(self.contract.names)
        places = self._filled(table)
        landing, reading = landing_of(table.placed, *places.values()), reading_of(table)
        if table.columns != columns_of(self.contract):
            return Manifest(self.contract.names, passed=landing)
        partitions = {
            name: partition_of(place, self._key(place.location, table.format)) for name, place in sorted(places.items())
        }
        return Manifest(self.contract.names, landing, partitions, reading)

    def strangers(self) -> str:
        """Say what at the table's place is not ours, before its first version; empty where nothing is."""
        root, name = self._warehouse.folder, self.contract.name
        if self._adopted or root is None:
            return ""
        table, lake = self._metastore.table(name), self._warehouse.lake_of(root)
        if table is None:
            return files_not_ours(lake.url, name, lake.sizes(f"{name}/"))
        return strangers(self._warehouse.url, table, self._metastore.partitions(name).values(), root, lake)

    def kept(self) -> Partition | None:
        """Return what is published of a table kept whole, whatever its columns; None where nothing is."""
        table = self._metastore.table(self.contract.name)
        found = partition_of(table.placed, "") if table and not table.keys else None
        return found if found and found.sha256 else None

    def adopt(self) -> None:
        """Have what is at the table's place count as ours: the next version takes its place."""
        self._adopted = bool(self.strangers())

    def intact(self, manifest: Manifest) -> bool:
        """Say whether every file of a version is still there, with its size, and no partition is another's work."""
        return not manifest.partitions or are_there(self.lake, self.contract.name, manifest)

    def paths(self, manifest: Manifest) -> list[Path]:
        """Return local files with the table's rows, in the order of the partitions, each as it was published.

        Raises DamagedError where one is not.
        """
        return verified(self.lake, manifest) if manifest.partitions else []

    def doubt(self) -> None:
        """Note that a file was found damaged, so that the stage which makes the table makes it anew."""
        note_doubt(self.lake, self.contract.name)

    def publish(
        self, old: Manifest, changes: Mapping[str, NewPartition | None], *, landing: int, reading: str = ""
    ) -> Manifest:
        """Put new partitions in place (None: take one away) in one step, and return the new version."""
        if not old.partitions:
            refuse_strangers(self)
        partitions = next_partitions(self.lake, old, changes, self._new_key)
        new = Manifest(self.contract.names, landing, partitions, reading)
        if new != old:
            self._commit(self._prepared(), new, {name for name, change in changes.items() if change})
        self.sweep(new)
        return new

    def sweep(self, manifest: Manifest) -> None:
        """Remove every file of neither this version nor the one before, and note statistics where they are missing."""
        table = self._metastore.table(self.contract.name)
        if table is None:
            return
        if not manifest.partitions:
            refuse_strangers(self)
        places = self._filled(table)
        keep = {partition.file for partition in manifest.partitions.values()}
        old = [folder for place in places.values() if (folder := previous(place))]
        keep |= {self._key(folder, format_) for folder in old for format_ in FORMATS}
        self.lake.delete([key for key in self.lake.sizes(f"{self.contract.name}/") if key not in keep])
        if is_any_shape(self.contract):
            return  # a table of any shape has exact numbers of rows and bytes, which Hive plans by, too
        unknown = [name for name, place in places.items() if not is_analyzed(place)]
        files = self.lake.fetch_all([manifest.partitions[name].file for name in unknown])
        found = statistics_of(self.contract, dict(zip(unknown, files, strict=True)))
        self._metastore.set_statistics(table.name, ((partition_name(name), columns) for name, columns in found))

    def _places(self, table: StoredTable) -> dict[str, Placed]:
        return self._metastore.partitions(table.name) if self.contract.by_month else {WHOLE: table.placed}

    def _filled(self, table: StoredTable) -> dict[str, Placed]:
        """Return the partitions that have rows, or are another's work."""
        nothing = f"/{table.name}/{NOTHING}"
        return {name: place for name, place in self._places(table).items() if not place.location.endswith(nothing)}

    def _new_key(self, name: str, digest: str) -> str:
        month = f"month={name}/" if self.contract.by_month else ""
        return f"{self.contract.name}/{month}{digest[:16]}/{FILE}"

    def _prepared(self) -> StoredTable:
        """Return the table with the contract's columns, made or widened where need be.

        A copy of a table of any shape gets them with the rows that have them, in one step.
        """
        made = stored(self.contract, self._folder(NOTHING if not self.contract.by_month else ""))
        found = self._metastore.table(self.contract.name)
        if found is None or found.columns != made.columns:
            check_names(self._metastore, made)
        if found is None:
            self._metastore.create_table(made)
            return made
        if is_any_shape(self.contract):
            return made if self._adopted else replace(made, placed=found.placed)
        widened = with_columns(found, self.contract, self._warehouse.url)
        if widened != found:
            self._metastore.alter_table(widened)
        return widened

    def _commit(self, table: StoredTable, new: Manifest, changed: set[str]) -> None:
        """Let the Metastore tell of the new version."""
        now = self._places(table)
        wanted = {
            name: placed(partition, self._folder_of(partition), new.landing, now.get(name))
            for name, partition in new.partitions.items()
            if name in changed or name not in now
        }
        if not self.contract.by_month:
            whole = wanted.get(WHOLE) or (empty(self._folder(NOTHING)) if not new.partitions else None)
            files = [partition.file for partition in new.partitions.values()]
            made = replace(table, format=files[0].rpartition(".")[2] if files else table.format)
            if self._adopted:  # what others set for their table, such as buckets, is not to be of ours
                self._metastore.drop_table(table.name)
            self._metastore.put_table(noted(made, new, whole))
            return
        nothing = empty(self._folder(NOTHING))
        gone = dict.fromkeys((name for name in now if name not in new.partitions), nothing)
        self._metastore.add_partitions(table, dict.fromkeys((name for name in wanted if name not in now), nothing))
        self._metastore.alter_partitions(table, {**wanted, **gone})
        for name in gone:
            self._metastore.drop_partition(table.name, name)
        # Last of all: until how raw files were read is noted, the next run makes the table anew, to the same files.
        if not wanted or reading_of(table) != new.reading:
            self._metastore.alter_table(noted(table, new, None))

    def _folder(self, name: str) -> str:
        return f"{self._warehouse.root}/{self.contract.name}/{name}".rstrip("/")

    def _folder_of(self, partition: Partition) -> str:
        return f"{self._warehouse.root}/{partition.file.rpartition('/')[0]}"

    def _key(self, folder: str, format_: str) -> str:
        """Return the key of the file in a folder; Hadoop writes the same URL in several ways, so its end must do."""
        parts = folder.split("/")[-2 if self.contract.by_month else -1 :]
        return "/".join((self.contract.name, *parts, f"{FILE}.{format_}"))
