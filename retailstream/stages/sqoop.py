"""Relational tables go into the warehouse, and what arrived is proved to be what left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.contracts import SALES, STORES
from retailstream.errors import RetailStreamError
from retailstream.manifests import NewPartition
from retailstream.reports import Counts, StageReport, outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.ports import Database, Engine, Table, Warehouse
    from retailstream.runs import Run

STAGE = "sqoop"


def run(*, database: Database, warehouse: Warehouse, engine: Engine, run: Run) -> StageReport:
    """Copy the partitions that were loaded since the last time, and publish them once they are proved.

    The proof compares count, exact sums and keys, taken from the database in the transaction of the copy, with what
    the written files hold. Raises RetailStreamError where they differ, or where a table is missing.
    """
    counts: dict[str, Counts] = {}
    inputs: tuple[str, ...] = ()
    for contract in (SALES, STORES):
        table = warehouse.table(contract)
        loaded = database.digests(contract)
        if loaded is None and run.dry_run:
            loaded = {}
        if loaded is None:
            raise RetailStreamError(
                f"table '{contract.name}' is missing in {database.url}", hint="retailstream load-rds"
            )
        counts[contract.name] = _transfer(table, loaded, database=database, engine=engine, run=run)
        inputs += tuple(loaded.values())
    status = outcome(dry_run=run.dry_run, changed=any(count.files_new for count in counts.values()))
    return StageReport(STAGE, status, counts, outputs=(warehouse.url,), inputs=inputs)


def _transfer(table: Table, loaded: Mapping[str, str], *, database: Database, engine: Engine, run: Run) -> Counts:
    manifest = table.manifest()
    whole = table.intact(manifest)
    there = {name: partition.source for name, partition in manifest.partitions.items()} if whole else {}
    changed = sorted(name for name, digest in loaded.items() if there.get(name) != digest)
    gone = [name for name in manifest.partitions if name not in loaded]
    if not (changed or gone or run.dry_run):
        table.sweep(manifest)
    if run.dry_run or not (changed or gone):
        return Counts(files_in=len(loaded), files_new=len(changed))
    everything = len(changed) == len(loaded)
    new = _copy(table.contract, None if everything else changed, database=database, engine=engine, work=run.work)
    partitions: dict[str, NewPartition | None] = dict.fromkeys(gone)
    for name, (path, rows) in new.items():
        partitions[name] = NewPartition(path, rows, source=loaded[name])
    published = table.publish(manifest, partitions, landing=0)
    rows = sum(rows for _path, rows in new.values())
    size = sum(published.partitions[name].bytes for name in new)
    return Counts(len(loaded), len(changed), rows_in=rows, rows_out=rows, bytes=size)


def _copy(
    contract: Contract, partitions: list[str] | None, *, database: Database, engine: Engine, work: Path
) -> dict[str, tuple[Path, int]]:
    """Write one Parquet file a partition, and return each with its rows."""
    text = work / f"{contract.name}.csv"
    sent = database.dump(contract, partitions, text)

    def target(partition: str) -> Path:
        return work / f"{contract.name}-{partition}.parquet"

    rows = engine.write_text(contract, text, database.decode, target)
    text.unlink()
    arrived = engine.fingerprint(contract, [target(name) for name in rows])
    if difference := arrived.difference(sent):
        raise RetailStreamError(
            f"table '{contract.name}' did not arrive whole from {database.url}: {difference}",
            hint="nothing was published; run retailstream sqoop again",
        )
    return {name: (target(name), count) for name, count in rows.items()}
