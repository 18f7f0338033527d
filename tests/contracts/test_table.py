"""What the published tables of every warehouse do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import pytest

from retailstream.contracts import SALES, Contract
from retailstream.contracts import STORES as STORES_TABLE
from retailstream.errors import RetailStreamError, UsageError
from retailstream.manifests import WHOLE, Manifest, NewPartition
from tests.contracts.rows import FEBRUARY, MARCH, STORES, parquet, read, sale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from retailstream.ports import Lake, Row, Table, Warehouse


def new(
    folder: Path, rows: Sequence[Row], contract: Contract = SALES, source: str = "", digest: str = ""
) -> NewPartition:
    return NewPartition(parquet(folder / "new.parquet", contract, rows), len(rows), source, digest)


@pytest.fixture
def table(warehouse: Warehouse) -> Table:
    return warehouse.table(SALES)


def publish(table: Table, folder: Path, month: str, rows: Sequence[Row], landing: int = 1) -> Manifest:
    return table.publish(table.manifest(), {month: new(folder, rows)}, landing=landing)


def test_a_table_that_was_never_published_is_empty_and_intact(table: Table, lake: Lake) -> None:
    manifest = table.manifest()
    assert (manifest.rows, manifest.landing, dict(manifest.partitions)) == (0, 0, {})
    assert manifest.columns == SALES.names
    assert table.intact(manifest)
    assert table.paths(manifest) == []
    table.sweep(manifest)
    assert lake.sizes("") == {}


def test_what_is_published_is_what_the_next_reader_finds(warehouse: Warehouse, tmp_path: Path) -> None:
    table = warehouse.table(SALES)
    publish(table, tmp_path, "2010-03", MARCH, landing=1)
    published = table.publish(table.manifest(), {"2010-02": new(tmp_path, FEBRUARY, source="from")}, landing=2)

    again = warehouse.table(SALES)
    manifest = again.manifest()
    assert manifest == published
    assert (manifest.landing, manifest.rows, list(manifest.partitions)) == (2, 5, ["2010-02", "2010-03"])
    assert (manifest.partitions["2010-02"].source, manifest.partitions["2010-03"].source) == ("from", "")
    assert [read([path], SALES) for path in again.paths(manifest)] == [list(FEBRUARY), list(MARCH)]
    assert again.intact(manifest)


def test_a_partition_is_replaced_or_taken_away_and_the_others_stay(table: Table, tmp_path: Path) -> None:
    publish(table, tmp_path, "2010-02", FEBRUARY)
    old = publish(table, tmp_path, "2010-03", MARCH)

    changes = {"2010-02": new(tmp_path, FEBRUARY[:1]), "2010-03": None, "2010-09": None}
    manifest = table.publish(old, changes, landing=3)

    assert table.manifest() == manifest
    assert list(manifest.partitions) == ["2010-02"]
    assert read(table.paths(manifest), SALES) == list(FEBRUARY[:1])


def rewritten(partition: NewPartition) -> NewPartition:
    """Return the same rows as other bytes, as another engine or version writes them."""
    other = partition.path.with_name("other.parquet")
    with duckdb.cursor() as connection:
        connection.execute(f"copy (from '{partition.path}') to '{other}' (format parquet, compression gzip)")
    other.replace(partition.path)
    return partition


def test_a_file_with_the_same_rows_stays_whoever_wrote_them_anew(table: Table, tmp_path: Path) -> None:
    old = table.publish(table.manifest(), {"2010-02": new(tmp_path, FEBRUARY, digest="0f" * 32)}, landing=1)
    assert "0f" * 8 in old.partitions["2010-02"].file
    before = table.paths(old)[0].read_bytes()
    again = rewritten(new(tmp_path, FEBRUARY, source="now", digest="0f" * 32))
    assert again.path.read_bytes() != before

    now = table.publish(old, {"2010-02": again}, landing=2)

    assert now.partitions == {"2010-02": replace(old.partitions["2010-02"], source="now")}
    assert table.manifest() == now
    assert table.paths(now)[0].read_bytes() == before


@pytest.mark.parametrize("damage", ["gone", "other bytes"])
def test_a_damaged_file_does_not_stay_for_the_sake_of_its_rows(table: Table, tmp_path: Path, damage: str) -> None:
    old = table.publish(table.manifest(), {"2010-02": new(tmp_path, FEBRUARY, digest="0f" * 32)}, landing=1)
    before = old.partitions["2010-02"]
    (tmp_path / "flipped").write_bytes(bytes(before.bytes))
    table.lake.delete([before.file])
    if damage == "other bytes":
        table.lake.put(before.file, tmp_path / "flipped")

    now = table.publish(old, {"2010-02": rewritten(new(tmp_path, FEBRUARY, digest="0f" * 32))}, landing=2)

    after = now.partitions["2010-02"]
    assert after.file == before.file
    assert after.sha256 != before.sha256
    assert table.manifest() == now
    assert read(table.paths(now), SALES) == list(FEBRUARY)


def test_tables_of_one_lake_leave_each_other_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    sales, stores = warehouse.table(SALES), warehouse.table(STORES_TABLE)
    publish(sales, tmp_path, "2010-02", FEBRUARY)
    stores.publish(stores.manifest(), {WHOLE: new(tmp_path, STORES, STORES_TABLE)}, landing=0)

    sales.sweep(sales.manifest())
    assert read(stores.paths(stores.manifest()), STORES_TABLE) == list(STORES)
    stores.sweep(stores.manifest())
    assert read(sales.paths(sales.manifest()), SALES) == list(FEBRUARY)


def test_the_same_rows_published_again_change_no_byte(table: Table, lake: Lake, tmp_path: Path) -> None:
    publish(table, tmp_path, "2010-02", FEBRUARY)
    before = {key: lake.read(key) for key in lake.sizes("")}

    publish(table, tmp_path, "2010-02", FEBRUARY)

    assert {key: lake.read(key) for key in lake.sizes("")} == before


def test_a_new_landing_without_new_rows_is_remembered(table: Table, tmp_path: Path) -> None:
    manifest = table.publish(publish(table, tmp_path, "2010-02", FEBRUARY), {}, landing=7)
    assert table.manifest() == manifest
    assert (manifest.landing, manifest.rows) == (7, 3)


def test_how_raw_files_were_read_is_remembered(table: Table, tmp_path: Path) -> None:
    assert publish(table, tmp_path, "2010-02", FEBRUARY).reading == ""
    for reading in ("one way", "another way"):
        changes = {"2010-02": new(tmp_path, FEBRUARY)}
        manifest = table.publish(table.manifest(), changes, landing=1, reading=reading)
        assert table.manifest() == manifest
        assert manifest.reading == reading
    emptied = table.publish(manifest, {"2010-02": None}, landing=2, reading="a third way")
    assert table.manifest() == emptied
    assert (emptied.rows, emptied.landing, emptied.reading) == (0, 2, "a third way")


def test_a_sweep_takes_away_what_no_version_names(table: Table, lake: Lake, tmp_path: Path) -> None:
    manifest = publish(table, tmp_path, "2010-02", FEBRUARY)
    before = lake.sizes("")
    for key in ("sales/month=2010-02/stray.parquet", "sales/x.part", "sales/month=1999-01/deep/er"):
        lake.write(key, b"left behind")

    table.sweep(manifest)

    assert lake.sizes("") == before


def test_what_others_have_is_neither_swept_nor_published_over_unless_it_is_adopted(
    table: Table, lake: Lake, tmp_path: Path
) -> None:
    lake.write("sales/month=2010-02/part-0.parquet", b"theirs")
    before = lake.sizes("")
    assert "sales/month=2010-02/part-0.parquet" in table.strangers()
    with pytest.raises(UsageError, match="holds files that are not ours"):
        publish(table, tmp_path, "2010-02", FEBRUARY)
    assert lake.sizes("") == before

    table.adopt()
    manifest = publish(table, tmp_path, "2010-02", FEBRUARY)
    assert table.strangers() == ""
    assert "sales/month=2010-02/part-0.parquet" not in lake.sizes("")
    assert read(table.paths(manifest), SALES) == list(FEBRUARY)


def test_what_a_table_kept_whole_notes_is_known_whatever_its_columns(warehouse: Warehouse, tmp_path: Path) -> None:
    stores = warehouse.table(STORES_TABLE)
    assert stores.kept() is None
    stores.publish(stores.manifest(), {WHOLE: new(tmp_path, STORES, STORES_TABLE, source="from here")}, landing=0)
    narrow = warehouse.table(Contract("stores", STORES_TABLE.columns[:-1], STORES_TABLE.key))
    found = narrow.kept()
    assert found is not None
    assert (found.source, found.rows) == ("from here", len(STORES))
    assert narrow.strangers() == ""


def test_a_file_that_is_gone_or_has_another_size_is_noticed(table: Table, lake: Lake, tmp_path: Path) -> None:
    manifest = publish(table, tmp_path, "2010-02", FEBRUARY)
    key = manifest.partitions["2010-02"].file

    lake.write(key, b"short")
    assert not table.intact(manifest)
    lake.delete([key])
    assert not table.intact(manifest)
    with pytest.raises(RetailStreamError, match=r"is missing"):
        table.paths(manifest)


def test_a_table_of_other_columns_is_built_anew(warehouse: Warehouse, table: Table, tmp_path: Path) -> None:
    landing = publish(table, tmp_path, "2010-02", FEBRUARY).landing
    grown = warehouse.table(Contract("sales", SALES.columns[:-1], SALES.key))
    assert grown.manifest() == Manifest(SALES.names[:-1], passed=landing)
    assert landing > 0


class Watched:
    """A lake that looks at the table before and after each change of an object: whoever reads then sees a version."""

    def __init__(self, lake: Lake, over: Callable[[Lake], Warehouse]) -> None:
        self._lake = lake
        self._over = over
        self.url = lake.url
        self.sizes, self.fetch, self.fetch_all, self.read = lake.sizes, lake.fetch, lake.fetch_all, lake.read
        self.add_all, self.drop_copies = lake.add_all, lake.drop_copies
        self.seen: list[list[Row]] = []

    def look(self) -> None:
        table = self._over(self._lake).table(SALES)
        manifest = table.manifest()
        assert table.intact(manifest)
        self.seen.append(read(table.paths(manifest), SALES))

    def put(self, key: str, path: Path) -> None:
        self._lake.put(key, path)
        self.look()

    def put_all(self, files: Sequence[tuple[str, Path]]) -> None:
        for file in files:
            self.put(*file)

    def write(self, key: str, data: bytes) -> None:
        self.look()
        self._lake.write(key, data)
        self.look()

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._lake.delete([key])
            self.look()


def test_readers_see_the_old_version_or_the_new_at_every_step(
    lake: Lake, over: Callable[[Lake], Warehouse], tmp_path: Path
) -> None:
    watched = Watched(lake, over)
    table = over(watched).table(SALES)
    publish(table, tmp_path, "2010-02", FEBRUARY)
    old = publish(table, tmp_path, "2010-03", MARCH)
    watched.seen.clear()
    corrected = sale(1, 1, "2010-02-05", "9.99")

    table.publish(old, {"2010-02": new(tmp_path, [corrected]), "2010-03": None}, landing=2)

    before = sorted([*FEBRUARY, *MARCH], key=lambda row: row[:3])
    watched.look()
    changes = [now for last, now in zip([None, *watched.seen], watched.seen, strict=False) if now != last]
    assert changes == [before, [corrected]]
