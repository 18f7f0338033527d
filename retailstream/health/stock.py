"""What clean bucket, database and warehouse hold: every row of them is read once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.contracts import FEATURES, SALES, STORES
from retailstream.errors import DamagedError
from retailstream.publishing import PublishedTable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retailstream.fingerprints import Fingerprint
    from retailstream.landing import RawStore
    from retailstream.ports import Database, Engine, Lake, Profile, Table, Warehouse

DAMAGED: Final = "a file is missing or damaged"


@dataclass(frozen=True)
class Stores:
    """Where the data of an environment lies."""

    clean: Lake
    database: Database
    warehouse: Warehouse
    raw: tuple[RawStore, ...]
    """The raw files of each scope."""


@dataclass(frozen=True)
class Held:
    """What a published table holds: the files of its version, and their rows' fingerprint.

    `rows` were published, and reach to the `landing`.
    """

    paths: list[Path]
    rows: int
    landing: int
    fingerprint: Fingerprint


@dataclass(frozen=True)
class Damaged:
    """A table of which a file, at `url`, is missing or has not the bytes it was published with."""

    url: str

    @property
    def hint(self) -> str:
        """What to do about it."""
        return f"{self.url}: retailstream repair makes it anew"


@dataclass(frozen=True)
class Files:
    """What was found in published tables, by place and table, as in `clean sales`.

    `profiles` has the tables whose rows were looked into, `orphans` the stores that have sales and are in no store
    file: None where that cannot be told.
    """

    tables: Mapping[str, Held | Damaged]
    profiles: Mapping[str, Profile]
    orphans: list[int] | None


@dataclass(frozen=True)
class Stock:
    """What the stores hold; of the database, the fingerprint of each table, or None where it is not there."""

    files: Files
    loaded: Mapping[str, Fingerprint | None]

    def fingerprint(self, name: str) -> Fingerprint | Damaged:
        """Return what a published table holds, or that it is damaged."""
        table = self.files.tables[name]
        return table if isinstance(table, Damaged) else table.fingerprint


def take_stock(stores: Stores, engine: Engine) -> Stock:
    """Read the three stores."""
    with ThreadPoolExecutor(max_workers=1) as pool:  # the files are read while the database works
        reading = pool.submit(_read_files, stores, engine)
        loaded = {contract.name: stores.database.fingerprint(contract) for contract in (SALES, STORES)}
        return Stock(reading.result(), loaded)


def _read_files(stores: Stores, engine: Engine) -> Files:
    tables = {
        **{f"clean {contract.name}": PublishedTable(stores.clean, contract) for contract in (SALES, STORES)},
        **{f"warehouse {contract.name}": stores.warehouse.table(contract) for contract in (SALES, STORES, FEATURES)},
    }
    found = {name: _read(table, engine) for name, table in tables.items()}
    sales, known, features = found["clean sales"], found["clean stores"], found["warehouse features"]
    profiles = {
        contract.name: engine.profile(contract, held.paths)
        for contract, held in ((SALES, sales), (FEATURES, features))
        if isinstance(held, Held)
    }
    if isinstance(sales, Damaged) or isinstance(known, Damaged):
        return Files(found, profiles, orphans=None)
    return Files(found, profiles, engine.orphans(sales.paths, known.paths))


def _read(table: PublishedTable | Table, engine: Engine) -> Held | Damaged:
    """Return what a published table holds, or which file of it has not the bytes it was published with.

    Parquet itself would not notice all damage.
    """
    manifest = table.manifest()
    parts = [part for _name, part in sorted(manifest.partitions.items())]
    if not table.intact(manifest):
        wrong = (part.file for part in parts if table.lake.sizes(part.file).get(part.file) != part.bytes)
        return Damaged(f"{table.lake.url}/{next(wrong, table.contract.name)}")
    try:
        paths = table.paths(manifest)
    except DamagedError as error:
        return Damaged(f"{table.lake.url}/{error.key}")
    return Held(paths, manifest.rows, manifest.landing, engine.fingerprint(table.contract, paths))
