"""Each stage with the adapters it works with, and the locks it takes."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from retailstream.contracts import CONTRACTS
from retailstream.landings import Scope, scope_of
from retailstream.locks import table_lock
from retailstream.publishing import PublishedTable
from retailstream.stages import TABLE
from retailstream.wiring import open_database, open_engine, open_lake, open_merger, open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retailstream.adapters.engine.duckdb import DuckDbEngine
    from retailstream.ports import Database, Table, Warehouse
    from retailstream.reports import StageReport
    from retailstream.runs import Run, TableRequest
    from retailstream.transfers import Outfit
    from retailstream.wiring import Environment
    from retailstream.withdrawing import Holdings

SCOPES = {
    "ingest": (Scope.SALES_AND_STORES,),
    "glue-merge": (Scope.SALES_AND_STORES,),
    "load-rds": (Scope.SALES_AND_STORES,),
    "features": (Scope.FEATURES,),
    "sqoop": (Scope.SALES_AND_STORES,),
    "run": (Scope.SALES_AND_STORES, Scope.FEATURES),
    "repair": (Scope.SALES_AND_STORES, Scope.FEATURES),
}
"""Which locks each command takes; a copy of one table takes one of its own."""


def locks_of(stage: str, table: TableRequest | None) -> tuple[str, ...]:
    """Return the locks of a stage, the first of which names the folder that it works in."""
    return (table_lock(table.target),) if table else SCOPES[stage]


@contextmanager
def open_merged(env: Environment, scope: Scope) -> Iterator[list[Table]]:
    """Open the tables that a scope's landed files are merged into."""
    contracts = [CONTRACTS[dataset] for dataset in scope.datasets]
    if scope is Scope.FEATURES:
        with open_warehouse(env.settings) as warehouse:
            yield [warehouse.table(contract) for contract in contracts]
        return
    clean = env.clean_lake()
    yield [PublishedTable(clean, contract) for contract in contracts]


def _database(env: Environment, run: Run) -> AbstractContextManager[Database]:
    return open_database(env.settings.database.url, create=not run.dry_run)


def _ingest(env: Environment, run: Run) -> StageReport:
    from retailstream.stages import ingest  # noqa: PLC0415 -- each command imports its own stage

    scope = Scope.SALES_AND_STORES
    source = Path(env.settings.source.path)
    with open_merged(env, scope) as tables:
        return ingest.run(source=source, lake=env.raw_lake(scope), tables=tables, books=env.books(scope), run=run)


def _glue_merge(env: Environment, run: Run) -> StageReport:
    from retailstream.stages import glue_merge  # noqa: PLC0415 -- same

    scope = Scope.SALES_AND_STORES
    with open_merger(env.settings, run.work, env.duckdb) as engine:
        clean = env.clean_lake()
        return glue_merge.run(raw=env.raw_lake(scope), clean=clean, engine=engine, books=env.books(scope), run=run)


def _load_rds(env: Environment, run: Run) -> StageReport:
    from retailstream.stages import load_rds  # noqa: PLC0415 -- same

    with open_engine(env.settings, run.work, env.duckdb) as engine, _database(env, run) as database:
        return load_rds.run(clean=env.clean_lake(), database=database, engine=engine, run=run)


def _features(env: Environment, run: Run, *, landing: bool = True) -> StageReport:
    from retailstream.stages import features  # noqa: PLC0415 -- same

    with open_merger(env.settings, run.work, env.duckdb) as engine, open_warehouse(env.settings) as warehouse:
        return features.run(
            source=Path(env.settings.source.path) if landing else None,
            files=env.raw_lake(Scope.FEATURES),
            warehouse=warehouse,
            engine=engine,
            books=env.books(Scope.FEATURES),
            run=run,
        )


@dataclass(frozen=True)
class _Transfer:
    """What a transfer needs, opened."""

    database: Database
    warehouse: Warehouse
    engine: DuckDbEngine
    outfit: Outfit


@contextmanager
def _transfer(env: Environment, run: Run) -> Iterator[_Transfer]:
    from retailstream.transfers import Place, open_outfit  # noqa: PLC0415 -- what `sqoop` alone needs

    with ExitStack() as stack:
        database = stack.enter_context(_database(env, run))
        warehouse = stack.enter_context(open_warehouse(env.settings))
        engine = stack.enter_context(open_engine(env.settings, run.work, env.duckdb))
        place = Place(run.work, partial(open_lake, env.settings), run.progress, run.table.target if run.table else "")
        outfit = stack.enter_context(open_outfit(env.settings, database, engine, place))
        yield _Transfer(database, warehouse, engine, outfit)


def _sqoop(env: Environment, run: Run) -> StageReport:
    from retailstream.stages import sqoop  # noqa: PLC0415 -- same

    with _transfer(env, run) as opened:
        return sqoop.run(
            clean=env.clean_lake(),
            database=opened.database,
            warehouse=opened.warehouse,
            engine=opened.engine,
            transfer=opened.outfit.transfer,
            run=run,
        )


def _sqoop_table(env: Environment, run: Run) -> StageReport:
    from retailstream.stages import sqoop_table  # noqa: PLC0415 -- what `sqoop --table` alone needs

    with _transfer(env, run) as opened:
        outfit = opened.outfit
        return sqoop_table.run(
            tables=outfit.tables, warehouse=opened.warehouse, files=outfit.files, transfer=outfit.transfer, run=run
        )


@contextmanager
def open_holdings(env: Environment) -> Iterator[Callable[[str], Holdings]]:
    """Open what an environment has of a dataset, for each that is asked for."""
    from retailstream.adapters.engine.duckdb_origins import open_origins  # noqa: PLC0415 -- what one command needs
    from retailstream.withdrawing import Holdings  # noqa: PLC0415 -- same

    with ExitStack() as stack:

        @cache
        def holdings(dataset: str) -> Holdings:
            scope, contract = scope_of(dataset), CONTRACTS[dataset]
            tables = stack.enter_context(open_merged(env, scope))
            table = tables[scope.datasets.index(dataset)]
            origins = stack.enter_context(open_origins())
            return Holdings(contract, env.books(scope), env.raw_lake(scope), table, origins, env.read_limits)

        yield holdings


STAGES: dict[str, Callable[[Environment, Run], StageReport]] = {
    "ingest": _ingest,
    "glue-merge": _glue_merge,
    "load-rds": _load_rds,
    "features": _features,
    "sqoop": _sqoop,
}
"""Each stage with its adapters, by the name of its command."""

REMAKING: dict[str, Callable[[Environment, Run], StageReport]] = {
    "glue-merge": _glue_merge,
    "load-rds": _load_rds,
    "features": partial(_features, landing=False),
    "sqoop": _sqoop,
}
"""The stages without what lands new files: each makes anew what is damaged of its own from what is before it."""

BESIDE: dict[str, Callable[[Environment, Run], StageReport]] = {TABLE: _sqoop_table}
"""What runs like a stage, but is no part of the pipeline: whether that is well does not hang on it."""
