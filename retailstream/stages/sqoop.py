"""Relational tables go into the warehouse, and what arrived is proved to be what left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.contracts import SALES, STORES
from retailstream.errors import DamagedError, RetailStreamError
from retailstream.manifests import NewPartition
from retailstream.merge_warnings import lost_file, rebuilt
from retailstream.ownership import refuse_strangers
from retailstream.ports import DOUBTED
from retailstream.publishing import PublishedTable, clean_sources
from retailstream.reports import Counts, StageReport, outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retailstream.fingerprints import Fingerprint
    from retailstream.manifests import Manifest
    from retailstream.ports import Database, Engine, Lake, Table, Warehouse
    from retailstream.reports import RunWarning
    from retailstream.runs import Run
    from retailstream.transferring import Transfer

STAGE = "sqoop"


def run(
    *, clean: Lake, database: Database, warehouse: Warehouse, engine: Engine, transfer: Transfer, run: Run
) -> StageReport:
    """Copy the partitions that were loaded since the last time, and publish them once they are proved.

    The proof compares the fingerprint of what the database held in the moment of the copy with that of the clean files
    it was loaded from, and with that of the written files. Raises RetailStreamError where what is written differs, or
    where a table is missing; DamagedError where the database has other rows than were loaded: they are loaded anew by
    the next load.
    """
    warnings: tuple[RunWarning, ...] = ()
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
        if DOUBTED in loaded.values() and not run.dry_run:
            raise RetailStreamError(
                f"rows of table '{contract.name}' in {database.url} were found damaged and are not loaded anew yet",
                hint="retailstream load-rds",
            )
        change = _change(table, loaded)
        warnings += rebuilt(contract.name, change.damage)
        changed = changed or bool(change.changed or change.gone)
        counts[contract.name] = (
            Counts(files_in=len(loaded), files_new=len(change.changed))
            if run.dry_run
            else _carry_out(change, transfer, _Proof(clean, database, engine), run)
        )
        inputs += tuple(loaded.values())
    status = outcome(dry_run=run.dry_run, changed=changed)
    return StageReport(STAGE, status, counts, outputs=(warehouse.url,), inputs=inputs, warnings=warnings)


@dataclass(frozen=True)
class _Change:
    """What a table is to become: the digests of its partitions, and which of them are new, or gone."""

    table: Table
    manifest: Manifest
    loaded: Mapping[str, str]
    changed: list[str]
    gone: list[str]
    damage: str
    """What of the table is damaged, which is why all is copied."""


def _change(table: Table, loaded: Mapping[str, str]) -> _Change:
    manifest = table.manifest()
    if not manifest.partitions:
        refuse_strangers(table)
    whole = table.intact(manifest)
    there = {name: partition.source for name, partition in manifest.partitions.items()} if whole else {}
    changed = sorted(name for name, digest in loaded.items() if there.get(name) != digest)
    gone = [name for name in manifest.partitions if name not in loaded]
    damage = "" if whole else lost_file(table)
    return _Change(table, manifest, loaded, changed, gone, damage)


def _carry_out(change: _Change, transfer: Transfer, proof: _Proof, run: Run) -> Counts:
    table, manifest, loaded = change.table, change.manifest, change.loaded
    if not (change.changed or change.gone):
        table.sweep(manifest)
        return Counts(files_in=len(loaded))
    files = _proved(change, transfer, proof, run) if change.changed else {}
    digests = proof.engine.row_digests([path for path, _rows in files.values()])
    partitions: dict[str, NewPartition | None] = dict.fromkeys(change.gone)
    for (name, (path, rows)), digest in zip(files.items(), digests, strict=True):
        partitions[name] = NewPartition(path, rows, source=loaded[name], rows_digest=digest)
    published = table.publish(manifest, partitions, landing=0)
    rows = sum(rows for _path, rows in files.values())
    size = sum(published.partitions[name].bytes for name in files)
    return Counts(len(loaded), len(change.changed), rows_in=rows, rows_out=rows, bytes=size)


@dataclass(frozen=True)
class _Proof:
    """What the rows of a copy are held against."""

    clean: Lake
    database: Database
    engine: Engine

    def check_source(self, change: _Change, sent: Fingerprint) -> None:
        """Raise DamagedError where the database has other rows than it was loaded with.

        That is not known of partitions that are clean in another version by now.
        """
        contract = change.table.contract
        table = PublishedTable(self.clean, contract)
        manifest = table.manifest()
        sources = {name: part.digest for name, part in manifest.partitions.items()}
        names = [name for name in change.changed if sources.get(name) == change.loaded[name]]
        if not names:
            return
        loaded = self.engine.fingerprint(contract, clean_sources(table, manifest, names))
        held = sent if names == change.changed else self.database.fingerprint(contract, names)
        if held and (difference := held.difference(loaded)):
            self.database.doubt(contract)
            raise DamagedError(
                f"table '{contract.name}' in {self.database.url} has other rows than were loaded: {difference}",
                key=contract.name,
                hint="retailstream load-rds loads the table anew, retailstream run all that hangs on it",
                remade_by="load-rds",
            )


def _proved(change: _Change, transfer: Transfer, proof: _Proof, run: Run) -> dict[str, tuple[Path, int]]:
    """Return a file for each changed partition, and its rows; RetailStreamError where they are not the database's."""
    contract, everything = change.table.contract, len(change.changed) == len(change.loaded)
    copied = transfer.partitions(contract, None if everything else change.changed, run.work)
    proof.check_source(change, copied.sent)
    arrived = proof.engine.fingerprint(contract, [path for path, _rows in copied.files.values()])
    if difference := arrived.difference(copied.sent):
        raise RetailStreamError(
            f"table '{contract.name}' did not arrive whole from {copied.source}: {difference}",
            hint="nothing was published; run retailstream sqoop again",
        )
    return copied.files
