"""A warehouse that is a folder of Parquet tables, asked through DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from retailstream.contracts import CONTRACTS
from retailstream.publishing import PublishedTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract
    from retailstream.ports import Lake

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

    def table(self, contract: Contract) -> PublishedTable:
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
        columns = ", ".join(contract.names)
        if manifest.partitions:
            paths = ", ".join(_literal(path) for path in table.paths(manifest))
            query = f"select {columns} from read_parquet([{paths}], hive_partitioning = false)"
        else:
            nulls = ", ".join(f"cast(null as {column.sql_type}) as {column.name}" for column in contract.columns)
            query = f"select {nulls} where false"
        connection.execute(f"create view {contract.name} as {query}")
        return manifest


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
