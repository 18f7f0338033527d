"""Whether clean bucket, database and warehouse hold the same rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream import metrics
from retailstream.contracts import FEATURES, SALES, STORES
from retailstream.hashing import sha256
from retailstream.health.checks import Check
from retailstream.publishing import PublishedTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from retailstream.fingerprints import Fingerprint
    from retailstream.health.checks import State
    from retailstream.metrics import Sample
    from retailstream.ports import Database, Engine, Lake, Table, Warehouse

DAMAGED: Final = "a file is missing or damaged"


@dataclass(frozen=True)
class Stores:
    """Where the data of an environment lies."""

    clean: Lake
    database: Database
    warehouse: Warehouse


@dataclass(frozen=True)
class Holdings:
    """What the stores hold: fingerprints by place and table, and the files of tables that are whole, by the same."""

    tables: Mapping[str, PublishedTable | Table]
    found: Mapping[str, Fingerprint | str]
    loaded: Mapping[str, Fingerprint | None]

    def paths(self, name: str) -> list[Path] | None:
        """Return the files of a published table, or None where one is missing or damaged."""
        table = self.tables[name]
        return None if isinstance(self.found[name], str) else table.paths(table.manifest())


def take_stock(stores: Stores, engine: Engine) -> Holdings:
    """Read all rows of the three stores once."""
    tables = {
        **{f"clean {contract.name}": PublishedTable(stores.clean, contract) for contract in (SALES, STORES)},
        **{f"warehouse {contract.name}": stores.warehouse.table(contract) for contract in (SALES, STORES, FEATURES)},
    }
    with ThreadPoolExecutor(max_workers=1) as pool:  # the files are read while the database works
        reading = pool.submit(lambda: {name: _published(table, engine) for name, table in tables.items()})
        loaded = {contract.name: stores.database.fingerprint(contract) for contract in (SALES, STORES)}
        return Holdings(tables, reading.result(), loaded)


def reconcile(held: Holdings) -> Iterator[Check | Sample]:
    """Yield a check for each pair of stores that must agree, and how many rows each has."""
    for name, database in held.loaded.items():
        clean, warehouse = held.found[f"clean {name}"], held.found[f"warehouse {name}"]
        yield _compare(f"reconcile_{name}_database", clean, database, "the clean bucket")
        yield _compare(f"reconcile_{name}_warehouse", database, warehouse, "the database")
    yield _features(held)
    for place, tables in (("database", held.loaded), *_by_place(held.found)):
        for name, found in tables.items():
            if found is not None and not isinstance(found, str):
                yield metrics.TABLE_ROWS.of(found.rows, name, place)


def _by_place(found: Mapping[str, Fingerprint | str]) -> Iterator[tuple[str, dict[str, Fingerprint | str]]]:
    for place in ("clean", "warehouse"):
        yield place, {name.partition(" ")[2]: held for name, held in found.items() if name.startswith(place)}


def _features(held: Holdings) -> Check:
    found = held.found["warehouse features"]
    if isinstance(found, str):
        return Check("reconcile_features_warehouse", found, "every file readable", "fail")
    published = held.tables["warehouse features"].manifest().rows
    state: State = "ok" if found.rows == published else "fail"
    return Check("reconcile_features_warehouse", f"{found.rows:,} rows", f"{published:,} rows published", state)


def _published(table: PublishedTable | Table, engine: Engine) -> Fingerprint | str:
    """Return what a published table holds, or in words that a file of it has not the bytes it was published with.

    Parquet itself would not notice all damage.
    """
    manifest = table.manifest()
    if not table.intact(manifest):
        return DAMAGED
    paths = table.paths(manifest)
    if [sha256(path) for path in paths] != [part.sha256 for _name, part in sorted(manifest.partitions.items())]:
        return DAMAGED
    return engine.fingerprint(table.contract, paths)


def _compare(name: str, expected: Fingerprint | str | None, found: Fingerprint | str | None, source: str) -> Check:
    limit = f"equal to {source}"
    for side in (expected, found):
        if isinstance(side, str):
            return Check(name, side, limit, "fail")
    if found is None or isinstance(found, str) or isinstance(expected, str):
        return Check(name, "not loaded yet", limit, "warn")
    if expected is None:
        return Check(name, f"{found.rows:,} rows against none", limit, "fail" if found.rows else "warn")
    difference = found.difference(expected)
    return Check(name, difference or f"{found.rows:,} rows", limit, "fail" if difference else "ok")
