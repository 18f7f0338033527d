"""Clean sales and stores go from their bucket into the relational database; only changed months are written."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from retailstream.contracts import SALES, STORES
from retailstream.errors import DamagedError, RetailStreamError
from retailstream.ports import TableLoad
from retailstream.publishing import PublishedTable, verified
from retailstream.reports import Counts, StageReport, outcome

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

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
            paths = fetched(table, manifest, [name for name, digest in digests.items() if digest], run)
            given = contract, paths, database.encode
            loads.append(TableLoad(contract, digests, partial(engine.rows, *given), partial(engine.dump, *given)))
    status = outcome(dry_run=run.dry_run, changed=any(load.digests for load in loads))
    if loads and not run.dry_run:
        database.load(loads)
    inputs = tuple(digest for load in loads for digest in load.digests.values() if digest)
    return StageReport(STAGE, status, counts, outputs=(database.url,), inputs=inputs)


def fetched(table: PublishedTable, manifest: Manifest, names: Collection[str], run: Run) -> list[Path]:
    """Return local files of clean partitions; DamagedError where one is damaged, and the table is then made anew."""
    try:
        return verified(table.lake, manifest, names)
    except DamagedError as error:
        if not run.dry_run:
            with suppress(RetailStreamError):  # whoever may only read the bucket, such as a Lambda function
                table.doubt()
        raise DamagedError(
            f"clean {error.message}",
            key=error.key,
            hint="retailstream glue-merge makes the table anew, retailstream run all that hangs on it",
            remade_by="glue-merge",
        ) from error


def _changed(manifest: Manifest, loaded: dict[str, str]) -> dict[str, str | None]:
    """Return the partitions to be written, by their new digest; None for one that is clean no longer."""
    gone: dict[str, str | None] = dict.fromkeys(name for name in loaded if name not in manifest.partitions)
    return gone | {
        name: partition.sha256
        for name, partition in manifest.partitions.items()
        if loaded.get(name) != partition.sha256
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
