"""Queries answered by DuckDB, from the Parquet files of the tables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from retailstream.adapters.engine.duckdb_errors import mapped
from retailstream.adapters.engine.duckdb_files import no_rows, only, parquet, quoted
from retailstream.publishing import check_published
from retailstream.querying import found_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from retailstream.querying import Found, Version


@contextmanager
def duckdb_views(versions: Sequence[Version]) -> Iterator[DuckDbQueries]:
    """Open DuckDB with a view of each table's files."""
    import duckdb  # noqa: PLC0415 -- a sixth of a second that `--help` does not need

    with mapped(), duckdb.connect(":memory:") as connection:
        for version in versions:
            connection.execute(f"create view {version.table.contract.name} as {_query(version)}")
        yield DuckDbQueries(connection)


class DuckDbQueries:
    """Queries to one connection."""

    sees_changes = False

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def answer(self, name: str, query: str, values: Mapping[str, object]) -> Found:  # noqa: ARG002 -- it is soon done
        """Return the answer to a query."""
        return found_in(self._connection, query, values)

    def local(self) -> duckdb.DuckDBPyConnection:
        """Return the connection itself."""
        return self._connection


def _query(version: Version) -> str:
    contract = version.table.contract
    check_published(version.table, version.manifest)
    if not version.manifest.partitions:
        return no_rows(contract)
    paths = ", ".join(quoted(only(path)) for path in version.table.paths(version.manifest))
    return f"select {', '.join(contract.names)} from {parquet(f'[{paths}]')}"
