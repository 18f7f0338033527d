"""Relational tables go into the warehouse, and what arrived is proved to be what left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.contracts import SALES, STORES
from retailstream.errors import RetailStreamError
from retailstream.manifests import NewPartition
from retailstream.reports import Counts, StageReport, outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retailstream.manifests import Manifest
    from retailstream.ports import Database, Engine, Table, Warehouse
    from retailstream.runs import Run
    from retailstream.transferring import Transfer

STAGE = "sqoop"


def run(*, database: Database, warehouse: Warehouse, engine: Engine, transfer: Transfer, run: Run) -> StageReport:
    """Copy the partitions that were loaded since the last time, and publish them once they are proved.

    The proof compares count, exact sums, ranges and keys that the database held in the moment of the copy with what the
    written files hold. Raises RetailStreamError where they differ, or where a table is missing.
    """
    counts: dict[str, Counts] = {}
    inputs: tuple[str, ...] = ()
    changed = False
    for contract in (SALES, STORES):
        table = warehouse.table(contract)
        loaded = database.digests(contract)
        if loaded is None and run.dry_run:
            loaded = {}
        if loaded is None:
            raise RetailStreamError(
                f"table '{contract.name}' is missing in {database.url}", hint="retailstream load-rds"
            )
        change = _change(table, loaded)
        changed = changed or bool(change.changed or change.gone)
        counts[contract.name] = (
            Counts(files_in=len(loaded), files_new=len(change.changed))
            if run.dry_run
            else _carry_out(change, transfer, engine, run)
        )
        inputs += tuple(loaded.values())
    status = outcome(dry_run=run.dry_run, changed=changed)
    return StageReport(STAGE, status, counts, outputs=(warehouse.url,), inputs=inputs)


@dataclass(frozen=True)
class _Change:
    """What a table is to become: the digests of its partitions, and which of them are new, or gone."""

    table: Table
    manifest: Manifest
    loaded: Mapping[str, str]
    changed: list[str]
    gone: list[str]


def _change(table: Table, loaded: Mapping[str, str]) -> _Change:
    manifest = table.manifest()
    whole = table.intact(manifest)
    there = {name: partition.source for name, partition in manifest.partitions.items()} if whole else {}
    changed = sorted(name for name, digest in loaded.items() if there.get(name) != digest)
    return _Change(table, manifest, loaded, changed, [name for name in manifest.partitions if name not in loaded])


def _carry_out(change: _Change, transfer: Transfer, engine: Engine, run: Run) -> Counts:
    table, manifest, loaded = change.table, change.manifest, change.loaded
    if not (change.changed or change.gone):
        table.sweep(manifest)
        return Counts(files_in=len(loaded))
    files = _proved(change, transfer, engine, run.work) if change.changed else {}
    partitions: dict[str, NewPartition | None] = dict.fromkeys(change.gone)
    for name, (path, rows) in files.items():
        partitions[name] = NewPartition(path, rows, source=loaded[name])
    published = table.publish(manifest, partitions, landing=0)
    rows = sum(rows for _path, rows in files.values())
    size = sum(published.partitions[name].bytes for name in files)
    return Counts(len(loaded), len(change.changed), rows_in=rows, rows_out=rows, bytes=size)


def _proved(change: _Change, transfer: Transfer, engine: Engine, work: Path) -> dict[str, tuple[Path, int]]:
    """Return a file for each changed partition, and its rows; RetailStreamError where they are not the database's."""
    contract, everything = change.table.contract, len(change.changed) == len(change.loaded)
    copied = transfer.partitions(contract, None if everything else change.changed, work)
    arrived = engine.fingerprint(contract, [path for path, _rows in copied.files.values()])
    if difference := arrived.difference(copied.sent):
        raise RetailStreamError(
            f"table '{contract.name}' did not arrive whole from {copied.source}: {difference}",
            hint="nothing was published; run retailstream sqoop again",
        )
    return copied.files
