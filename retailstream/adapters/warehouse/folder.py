"""A warehouse that is a folder of Parquet tables, asked through DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from retailstream.adapters.engine.duckdb_files import no_rows, only, parquet, quoted
from retailstream.contracts import CONTRACTS
from retailstream.publishing import PublishedTable

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from retailstream.contracts import Contract
    from retailstream.ports import Lake, Table

Answer = TypeVar("Answer")

_TRIES = 5


class FolderWarehouse:
    """Published tables in one lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    @property
    def url(self) -> str:
        """The folder as a URL."""
        return self._lake.url

    def table(self, contract: Contract) -> Table:
        """Return the published table of that contract."""
        return PublishedTable(self._lake, contract)

    def ask(self, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """Return the answer to a question put to the views `sales`, `features` and `stores`.

        A table that is published anew in the middle takes its old files away: the question is then put again, to the
        new version.
        """
        import duckdb  # noqa: PLC0415 -- a sixth of a second that `--help` does not need

        for last in (attempt == _TRIES for attempt in range(1, _TRIES + 1)):
            with duckdb.connect(":memory:") as connection:
                manifests = [self._view(connection, contract) for contract in CONTRACTS.values()]
                try:
                    return question(connection)
                except duckdb.IOException:
                    now = [self.table(contract).manifest() for contract in CONTRACTS.values()]
                    if last or now == manifests:
                        raise
        raise AssertionError  # the last try returns or raises

    def _view(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> object:
        table = self.table(contract)
        manifest = table.manifest()
        if manifest.partitions:
            paths = ", ".join(quoted(only(path)) for path in table.paths(manifest))
            query = f"select {', '.join(contract.names)} from {parquet(f'[{paths}]')}"
        else:
            query = no_rows(contract)
        connection.execute(f"create view {contract.name} as {query}")
        return manifest
