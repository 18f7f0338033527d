"""The health of an environment in one look: do the stores agree, did the last runs end well, is the data good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

from retailstream.contracts import FEATURES, SALES, STORES
from retailstream.hashing import sha256
from retailstream.publishing import PublishedTable
from retailstream.stages import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from retailstream.fingerprints import Fingerprint
    from retailstream.ledger import Ledger
    from retailstream.ports import Database, Engine, Lake, Table, Warehouse
    from retailstream.quarantine import Quarantine
    from retailstream.runs import Limit

State = Literal["ok", "warn", "fail"]

DAMAGED: Final = "a file is missing or damaged"

_CLEANED_BY = {"sales": "glue-merge", "stores": "glue-merge", "features": "features"}


@dataclass(frozen=True)
class Check:
    """One thing looked at: its value, its limit, and whether that is well."""

    name: str
    value: str | float | None
    limit: str | float | None
    state: State

    def as_dict(self) -> dict[str, object]:
        """Return the check as the JSON summary prints it."""
        return asdict(self)


@dataclass(frozen=True)
class Stores:
    """Where the data of an environment lies."""

    clean: Lake
    database: Database
    warehouse: Warehouse


@dataclass(frozen=True)
class Limits:
    """Beyond what an environment is unhealthy."""

    rejects: Limit
    orphan_stores: int


def run(*, stores: Stores, engine: Engine, ledger: Ledger, quarantine: Quarantine, limits: Limits) -> list[Check]:
    """Return every check; it reads all rows of the three stores once, and writes nothing."""
    tables = {
        **{f"clean {contract.name}": PublishedTable(stores.clean, contract) for contract in (SALES, STORES)},
        **{f"warehouse {contract.name}": stores.warehouse.table(contract) for contract in (SALES, STORES, FEATURES)},
    }
    with ThreadPoolExecutor(max_workers=1) as pool:  # the files are read while the database works
        reading = pool.submit(lambda: {name: _published(table, engine) for name, table in tables.items()})
        loaded = {contract.name: stores.database.fingerprint(contract) for contract in (SALES, STORES)}
        found = reading.result()
    return [
        *(check for name in loaded for check in _reconcile(name, found, loaded[name])),
        _reconcile_features(found["warehouse features"], tables["warehouse features"]),
        _orphans(tables, found, engine, limits.orphan_stores),
        *(_reject_share(dataset, ledger, quarantine, limits.rejects) for dataset in _CLEANED_BY),
        _open_files(quarantine),
        *(_last_run(stage, ledger) for stage in ORDER),
    ]


def healthy(checks: Iterable[Check]) -> bool:
    """Say whether no check failed; a warning is no failure."""
    return all(check.state != "fail" for check in checks)


def _reconcile(name: str, found: Mapping[str, Fingerprint | str], database: Fingerprint | None) -> Iterator[Check]:
    yield _compare(f"reconcile_{name}_database", found[f"clean {name}"], database, "the clean bucket")
    yield _compare(f"reconcile_{name}_warehouse", database, found[f"warehouse {name}"], "the database")


def _reconcile_features(found: Fingerprint | str, table: PublishedTable | Table) -> Check:
    if isinstance(found, str):
        return Check("reconcile_features_warehouse", found, "every file readable", "fail")
    published = table.manifest().rows
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


def _orphans(
    tables: Mapping[str, PublishedTable | Table], found: Mapping[str, Fingerprint | str], engine: Engine, limit: int
) -> Check:
    if DAMAGED in {found["clean sales"], found["clean stores"]}:
        return Check("orphan_stores", DAMAGED, limit, "fail")
    sales, stores = ((table, table.manifest()) for table in (tables["clean sales"], tables["clean stores"]))
    orphans = engine.orphans(sales[0].paths(sales[1]), stores[0].paths(stores[1]))
    return Check("orphan_stores", len(orphans), limit, "ok" if len(orphans) <= limit else "fail")


def _reject_share(dataset: str, ledger: Ledger, quarantine: Quarantine, limit: Limit) -> Check:
    """Look at the last run that had rows; what was replayed or discarded since counts no more."""
    entry = ledger.last(_CLEANED_BY[dataset], dataset=dataset)
    name = f"reject_share_{dataset}"
    if entry is None or entry.summary is None:
        return Check(name, None, limit.text, "ok")
    rows_in = int(entry.summary["datasets"][dataset]["rows_in"])
    rejected = quarantine.open_rejects(dataset, entry.run_id)
    return Check(name, round(rejected / rows_in, 6), limit.text, "ok" if limit.allows(rejected, rows_in) else "fail")


def _open_files(quarantine: Quarantine) -> Check:
    count = len(quarantine.open_files())
    return Check("open_quarantined_files", count, 0, "fail" if count else "ok")


def _last_run(stage: str, ledger: Ledger) -> Check:
    entry = ledger.last(stage)
    if entry is None:
        return Check(f"last_run_{stage}", "never ran", "ok", "warn")
    return Check(f"last_run_{stage}", entry.status, "ok", "ok" if entry.status in {"ok", "noop"} else "fail")
