"""The Hive Metastore: where the files of each table and partition lie, read and changed over Thrift.

Its interface is a part of Hive's own, in `hive_metastore.thrift` beside this file; see docs/adr/0023-hive-tables.md.
"""

from __future__ import annotations

import getpass
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from retailstream.adapters.warehouse import metastore_structs as structs
from retailstream.adapters.warehouse.metastore_client import MetastoreClient, interface
from retailstream.errors import RetailStreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retailstream.adapters.warehouse.hive_statistics import ColumnStatistics

EXTERNAL: Final = "EXTERNAL_TABLE"

_EXACT: Final = {"DO_NOT_UPDATE_STATS": "true"}
"""The figures of tables and partitions are ours, and exact: the Metastore shall not put its own in their place."""


@dataclass(frozen=True)
class Placed:
    """Where the files of a partition, or of a table without partitions, lie, and what is noted of them."""

    location: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredTable:
    """A table as the Metastore has it: columns and partition keys with their types in Hive's words, format of files."""

    name: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]
    placed: Placed
    format: str = "parquet"
    external: bool = True
    """Whether its files stay where the table is dropped; neither those of views do, nor those that Hive manages."""


class Metastore:
    """One database of a Metastore; every method may be called again after it failed, and then ends the same."""

    def __init__(self, client: MetastoreClient, database: str) -> None:
        self._client = client
        self._database = database

    @property
    def url(self) -> str:
        """Where it is, fit to be printed."""
        return self._client.url

    def location(self) -> str | None:
        """Return the folder of the database, or None where it is not there."""
        idl = interface()

        def work(client: Any) -> str | None:  # noqa: ANN401 -- thriftpy2 makes its classes at run time
            try:
                return str(client.get_database(self._database).locationUri)
            except idl.NoSuchObjectException:
                return None

        return self._client.ask(work)

    def create_database(self, location: str) -> None:
        """Make the database, unless it is there; an empty location is for the Metastore to choose."""
        idl = interface()
        made = idl.Database(name=self._database, description="retailstream", parameters={})
        if location:
            made.locationUri = location
        self._client.ask(lambda client: client.create_database(made), settled=idl.AlreadyExistsException)

    def table(self, name: str) -> StoredTable | None:
        """Return a table, or None where it is not there."""
        found = self._table(name)
        if found is None:
            return None
        columns, keys = ([(c.name, c.type) for c in some or ()] for some in (found.sd.cols, found.partitionKeys))
        placed = Placed(found.sd.location or "", dict(found.parameters or {}))
        return StoredTable(
            name, tuple(columns), tuple(keys), placed, structs.format_of(found.sd), found.tableType == EXTERNAL
        )

    def create_table(self, table: StoredTable) -> None:
        """Make an external table, unless it is there."""
        idl = interface()
        made = idl.Table(
            tableName=table.name,
            dbName=self._database,
            owner=getpass.getuser(),
            createTime=int(time.time()),
            sd=structs.storage(table.columns, table.placed.location, table.format),
            partitionKeys=structs.fields(table.keys),
            parameters={"EXTERNAL": "TRUE", "external.table.purge": "FALSE", **table.placed.parameters},
            tableType=EXTERNAL,
        )
        self._client.ask(lambda client: client.create_table(made), settled=idl.AlreadyExistsException)

    def alter_table(self, table: StoredTable) -> None:
        """Give a table these columns, this location, format and parameters, in one step; others of its own stay."""
        idl = interface()
        found = self._table(table.name)
        if found is None:
            raise RetailStreamError(f"table '{table.name}' has gone from {self.url}", hint="run the same command again")
        found.sd.cols = structs.fields(table.columns)
        found.sd.location = table.placed.location
        structs.set_format(found.sd, table.format)
        found.parameters = {**(found.parameters or {}), **table.placed.parameters}
        context = idl.EnvironmentContext(properties=dict(_EXACT))
        name = table.name
        self._client.ask(
            lambda client: client.alter_table_with_environment_context(self._database, name, found, context)
        )

    def put_table(self, table: StoredTable) -> None:
        """Have a table be like this: in one step where the Metastore lets it become so, or else made anew.

        It knows changes that no table may see, such as that of a column to a narrower type.
        """
        found = self.table(table.name)
        if found and found.external and found.keys == table.keys:
            try:
                self.alter_table(table)
            except RetailStreamError as error:
                if not isinstance(error.__cause__, interface().InvalidOperationException):
                    raise
            else:
                return
        self.drop_table(table.name)
        self.create_table(table)

    def drop_table(self, name: str) -> None:
        """Take a table away, unless it is gone; its files stay."""
        ours = self._database, name, False
        self._client.ask(lambda client: client.drop_table(*ours), settled=interface().NoSuchObjectException)

    def partitions(self, table: str) -> dict[str, Placed]:
        """Return the partitions of a table by the value of their only key; none where the table is not there."""
        idl = interface()

        def work(client: Any) -> list[Any]:  # noqa: ANN401 -- same
            try:
                return list(client.get_partitions(self._database, table, -1))
            except idl.NoSuchObjectException:
                return []

        found = self._client.ask(work)
        return {str(each.values[0]): Placed(str(each.sd.location), dict(each.parameters or {})) for each in found}

    def add_partitions(self, table: StoredTable, partitions: Mapping[str, Placed]) -> None:
        """Add partitions in one step."""
        if partitions:
            made = self._made(table, partitions)
            self._client.ask(lambda client: client.add_partitions(made), settled=interface().AlreadyExistsException)

    def alter_partitions(self, table: StoredTable, partitions: Mapping[str, Placed]) -> None:
        """Give partitions that are there new locations and parameters, all of them in one step."""
        if partitions:
            made, context = self._made(table, partitions), interface().EnvironmentContext(properties=dict(_EXACT))
            name = table.name
            self._client.ask(
                lambda client: client.alter_partitions_with_environment_context(self._database, name, made, context)
            )

    def drop_partition(self, table: str, value: str) -> None:
        """Take a partition away, unless it is gone; its files stay."""
        ours = self._database, table, [value], False
        self._client.ask(lambda client: client.drop_partition(*ours), settled=interface().NoSuchObjectException)

    def set_statistics(self, table: str, found: Iterable[tuple[str, list[ColumnStatistics]]]) -> None:
        """Note the statistics of the columns of partitions, by names like `month=2012-10`, or of a table, by `""`."""
        noted = [structs.statistics(self._database, table, name, columns) for name, columns in found]
        request = interface().SetPartitionsStatsRequest(colStats=noted, needMerge=False, engine="hive")
        if noted:
            self._client.ask(lambda client: client.set_aggr_stats_for(request))

    def _table(self, name: str) -> Any:  # noqa: ANN401 -- same
        idl = interface()

        def work(client: Any) -> Any:  # noqa: ANN401 -- same
            try:
                return client.get_table_req(idl.GetTableRequest(dbName=self._database, tblName=name)).table
            except idl.NoSuchObjectException:
                return None

        return self._client.ask(work)

    def _made(self, table: StoredTable, partitions: Mapping[str, Placed]) -> list[Any]:
        idl, now = interface(), int(time.time())
        return [
            idl.Partition(
                values=[value],
                dbName=self._database,
                tableName=table.name,
                createTime=now,
                sd=structs.storage(table.columns, placed.location, table.format),
                parameters=dict(placed.parameters),
            )
            for value, placed in partitions.items()
        ]
