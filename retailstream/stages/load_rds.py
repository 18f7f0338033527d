"""Clean sales and stores go from their bucket into the relational database; only changed months are written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from retailstream.contracts import SALES, STORES
from retailstream.ports import TableLoad
from retailstream.publishing import PublishedTable, clean_sources
from retailstream.reports import Counts, StageReport, outcome

if TYPE_CHECKING:
    from retailstream.manifests import Manifest
    from retailstream.ports import Database, Engine, Lake
    from retailstream.runs import Run

STAGE = "load-rds"


def run(*, clean: Lake, database: Database, engine: Engine, run: Run) -> StageReport:
    """Bring the tables to the clean bucket's rows in one transaction; readers see all of it or nothing.

    Raises DamagedError, before anything is loaded, where a clean file is not the one that was published; the table is
    then made anew by the next merge.
    """
    loads: list[TableLoad] = []
    counts: dict[str, Counts] = {}
    for contract in (SALES, STORES):
        if run.only not in {None, contract.name}:
            continue
        table = PublishedTable(clean, contract)
        manifest = table.manifest()
        loaded = database.digests(contract)
        digests = _changed(manifest, loaded or {})
        counts[contract.name] = _counts(manifest, digests)
        if digests or loaded is None:
            names = [name for name, digest in digests.items() if digest]
            paths = clean_sources(table, manifest, names, note=not run.dry_run)
            given = contract, paths, database.encode
            loads.append(TableLoad(contract, digests, partial(engine.rows, *given), partial(engine.dump, *given)))
    status = outcome(dry_run=run.dry_run, changed=any(load.digests for load in loads))
    if loads and not run.dry_run:
        database.load(loads)
    inputs = tuple(digest for load in loads for digest in load.digests.values() if digest)
    return StageReport(STAGE, status, counts, outputs=(database.url,), inputs=inputs)


def _changed(manifest: Manifest, loaded: dict[str, str]) -> dict[str, str | None]:
    """Return the partitions to be written, by their new digest; None for one that is clean no longer."""
    gone: dict[str, str | None] = dict.fromkeys(name for name in loaded if name not in manifest.partitions)
    return gone | {
        name: partition.digest
        for name, partition in manifest.partitions.items()
        if loaded.get(name) != partition.digest
    }


def _counts(manifest: Manifest, digests: dict[str, str | None]) -> Counts:
    changed = [manifest.partitions[name] for name, digest in digests.items() if digest]
    rows = sum(partition.rows for partition in changed)
    return Counts(
        files_in=len(manifest.partitions),
        files_new=len(changed),
        rows_in=rows,
        rows_out=rows,
        bytes=sum(partition.bytes for partition in changed),
    )
