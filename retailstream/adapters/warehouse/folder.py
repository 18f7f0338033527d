"""A warehouse that is a folder of Parquet tables, asked through DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from retailstream.adapters.query.duckdb import duckdb_views
from retailstream.foreign import foreign_files
from retailstream.publishing import PublishedTable
from retailstream.querying import put

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from retailstream.contracts import Contract
    from retailstream.ports import Foreign, Lake, Table

Answer = TypeVar("Answer")


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

    def foreign(self, contract: Contract) -> list[Foreign]:
        """Return what others put where readers of that table look; nothing of it is read."""
        table = self.table(contract)
        return foreign_files(table, table.manifest())

    def ask(self, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """Return the answer to a question put to DuckDB, with the views `sales`, `features` and `stores`."""
        return put(self, duckdb_views, lambda engine: question(engine.local())).found
