"""Files that others put among those of the warehouse: told by their names, refused by readers of folders, moved aside."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, cast

import pytest

from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.warehouse.hive import HiveWarehouse
from retailstream.adapters.warehouse.hive_address import address_of
from retailstream.adapters.warehouse.metastore import Placed
from retailstream.contracts import SALES
from retailstream.contracts import STORES as STORES_TABLE
from retailstream.errors import DamagedError
from retailstream.foreign import move_aside
from retailstream.manifests import WHOLE, NewPartition
from retailstream.ports import Foreign
from retailstream.querying import Version
from tests.contracts.fake_metastore import FakeMetastore
from tests.contracts.rows import FEBRUARY, MARCH, STORES, parquet

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.adapters.warehouse.metastore import Metastore
    from tests.environment import Environment


class InHive:
    """Sales and stores in a warehouse of Hive, whose Metastore is a fake."""

    def __init__(self, folder: Path) -> None:
        self.metastore = FakeMetastore()
        self.lake = FolderLake(folder / "lake")
        fake = cast("Metastore", self.metastore)
        self.warehouse = HiveWarehouse("hive://x/d", fake, location=self.lake.url, lake=lambda _url: self.lake)
        sales, stores = self.warehouse.table(SALES), self.warehouse.table(STORES_TABLE)
        path = parquet(folder / "new.parquet", SALES, FEBRUARY)
        sales.publish(sales.manifest(), {"2010-02": NewPartition(path, 3, "")}, landing=1)
        path = parquet(folder / "new.parquet", STORES_TABLE, STORES)
        stores.publish(stores.manifest(), {WHOLE: NewPartition(path, len(STORES), "")}, landing=1)

    def folder(self, table: str) -> str:
        """Return the current folder of a table, or of its only month."""
        contract = {"sales": SALES, "stores": STORES_TABLE}[table]
        (part,) = self.warehouse.table(contract).manifest().partitions.values()
        return part.file.rpartition("/")[0]


@pytest.fixture
def in_hive(tmp_path: Path) -> InHive:
    return InHive(tmp_path)


def test_files_in_the_folders_that_hive_reads_are_named(in_hive: InHive) -> None:
    assert in_hive.warehouse.foreign(SALES) == in_hive.warehouse.foreign(STORES_TABLE) == []
    for table in ("sales", "stores"):
        for name in ("copy.parquet", "deep/er", "_SUCCESS", ".rows.parquet.crc", "_logs/log"):
            in_hive.lake.write(f"{in_hive.folder(table)}/{name}", b"any")
    in_hive.lake.write("sales/month=2013-01/000000_0", b"any")
    in_hive.lake.write("sales/month=2010-02/0123456789abcdef/rows.parquet", b"of a version before")
    sales, stores = in_hive.folder("sales"), in_hive.folder("stores")
    named = [f"{sales}/copy.parquet", f"{sales}/deep/er", "sales/month=2013-01/000000_0"]
    assert [found.thing for found in in_hive.warehouse.foreign(SALES)] == named
    assert [found.thing for found in in_hive.warehouse.foreign(STORES_TABLE)] == [
        f"{stores}/copy.parquet",
        f"{stores}/deep/er",
    ]


def test_a_partition_that_others_added_is_named_and_goes_with_the_next_version(in_hive: InHive, tmp_path: Path) -> None:
    table, stored = in_hive.warehouse.table(SALES), in_hive.metastore.table("sales")
    assert stored
    in_hive.metastore.add_partitions(stored, {"2013-01": Placed("file:///elsewhere/x")})
    manifest = table.manifest()
    assert in_hive.warehouse.foreign(SALES) == [Foreign("sales/month=2013-01", is_partition=True)]
    assert not table.intact(manifest)
    path = parquet(tmp_path / "new.parquet", SALES, MARCH)
    table.publish(manifest, {"2010-03": NewPartition(path, 2, ""), "2013-01": None}, landing=2)
    assert in_hive.warehouse.foreign(SALES) == []
    assert set(in_hive.metastore.partitions("sales")) == {"2010-02", "2010-03"}


def test_hive_is_not_asked_to_count_what_is_in_no_version(in_hive: InHive) -> None:
    hive = pytest.importorskip("retailstream.adapters.query.hive", exc_type=ImportError)
    key = f"{in_hive.folder('stores')}/copy.parquet"
    in_hive.lake.write(key, b"any")
    table = in_hive.warehouse.table(STORES_TABLE)
    versions = [Version(table, table.manifest())]
    opening = hive.HiveTables(address_of("hive://127.0.0.1:1/d?retry_seconds=0"))
    with (
        pytest.raises(DamagedError, match=f"Hive would count .* in no version of table 'stores': {key}"),
        opening(versions),
    ):
        pass


def test_what_is_moved_aside_twice_is_kept_twice(tmp_path: Path) -> None:
    lake = FolderLake(tmp_path)
    places = []
    for text in (b"one", b"two", b"three"):
        lake.write("stores/x.parquet", text)
        places.append(move_aside(lake, "stores/x.parquet"))
    assert places == ["_aside/stores/x.parquet", "_aside/stores/x.parquet.1", "_aside/stores/x.parquet.2"]
    assert [lake.read(place) for place in places] == [b"one", b"two", b"three"]
    assert lake.sizes("stores/") == {}


def test_a_copy_in_the_folder_of_the_warehouse_is_told_and_moved_aside(months: Environment) -> None:
    published = months.files("warehouse")
    (stores,) = (months.home / "warehouse/stores").glob("*.parquet")
    shutil.copy(stores, stores.with_name("copy of stores.parquet"))

    check = months.checks()["foreign_files"]
    assert (check["value"], check["limit"], check["state"]) == ("1 in no version", 0, "fail")
    assert check["hint"].startswith("stores/copy of stores.parquet in file://")
    assert "retailstream repair moves it aside" in check["hint"]
    assert months.command("monitor", "--check").exit_code == 3
    told = months.command("verify", "--json")
    (damage,) = told.document["damaged"]
    assert (told.exit_code, damage["thing"]) == (3, "stores/copy of stores.parquet")
    assert damage["mend"] == "retailstream repair, which moves it aside"
    assert months.command("repair", "--dry-run").exit_code == 3
    assert stores.with_name("copy of stores.parquet").exists()

    repaired = months.command("repair", "--json")

    assert repaired.exit_code == 0, repaired.stderr
    (warning,) = repaired.document["warnings"]
    assert "is none of ours, and was moved to _aside/stores/copy of stores.parquet" in warning["text"]
    aside = months.home / "warehouse/_aside/stores/copy of stores.parquet"
    assert aside.read_bytes() == stores.read_bytes()
    aside.unlink()
    assert months.files("warehouse") == published
    assert (months.failing(), months.command("verify", "--deep").exit_code) == ([], 0)
