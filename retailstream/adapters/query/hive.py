"""Queries answered by a HiveServer2, from the tables of a database of Hive."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.adapters.engine.duckdb_files import no_rows
from retailstream.adapters.query.copied import LocalCopy
from retailstream.adapters.query.dialects import with_values
from retailstream.adapters.query.shapes import found_like
from retailstream.adapters.warehouse.hive_server import open_hive_server
from retailstream.errors import DamagedError, RetailStreamError, TransientError
from retailstream.foreign import foreign_files
from retailstream.ports import no_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from retailstream.adapters.warehouse.hive_address import Address
    from retailstream.adapters.warehouse.hive_server import HiveServer
    from retailstream.contracts import Contract
    from retailstream.ports import Progress
    from retailstream.querying import Found, Version

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HiveTables:
    """How Hive is opened: where its server is, and which database the tables are in."""

    address: Address
    progress: Progress = no_progress

    @contextmanager
    def __call__(self, versions: Sequence[Version]) -> Iterator[HiveQueries]:
        """Open a session; a table without rows need not be there.

        Raises DamagedError where Hive would count rows that are in no version of a table.
        """
        for version in versions:
            _check_folders(version)
        with open_hive_server(self.address, self.progress) as server:
            sources = {version.table.contract.name: self._source(version) for version in versions}
            with closing(HiveQueries(server, sources)) as queries:
                yield queries

    def _source(self, version: Version) -> str:
        contract = version.table.contract
        return f"{self.address.database}.{contract.name}" if version.manifest.partitions else no_rows(contract)


def _check_folders(version: Version) -> None:
    """Refuse to ask about folders that hold more than the version; whether they do may not be for us to see."""
    try:
        found = foreign_files(version.table, version.manifest)
    except TransientError:
        raise
    except RetailStreamError as error:
        log.info("the folders of table '%s' cannot be listed: %s", version.table.contract.name, error.message)
        return
    if found:
        raise DamagedError(
            f"Hive would count rows that are in no version of table '{version.table.contract.name}': {found[0].thing}",
            key=found[0].thing,
            hint="retailstream repair moves them aside, or use --engine duckdb or spark",
        )


class HiveQueries:
    """Queries to one session; one that is interrupted is cancelled."""

    sees_changes = True

    def __init__(self, server: HiveServer, sources: Mapping[str, str]) -> None:
        self._server = server
        self._sources = sources
        self._local = LocalCopy(self._copy)

    def answer(self, name: str, query: str, values: Mapping[str, object]) -> Found:
        """Return the answer to a query."""
        rows = self._server.ask(with_values(query, values, self._sources), what=name).rows
        return found_like(query, values, rows)

    def local(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of DuckDB with copies of the tables, by key, made when they are first asked for."""
        return self._local.connection()

    def close(self) -> None:
        """Let the copies go."""
        self._local.close()

    def _copy(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        query = f"select {', '.join(contract.names)} from {contract.name} order by {', '.join(contract.key)}"
        found = self._server.ask(with_values(query, {}, self._sources), what=f"reading {contract.name}")
        connection.execute(f"create table {contract.name} as {no_rows(contract)}")
        columns = ", ".join(
            f"unnest(cast(${place} as {column.sql_type}[]))" for place, column in enumerate(contract.columns, start=1)
        )
        if found.rows:
            connection.execute(
                f"insert into {contract.name} select {columns}", list(map(list, zip(*found.rows, strict=True)))
            )
