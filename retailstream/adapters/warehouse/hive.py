"""A warehouse in Hive: external tables whose files lie in a lake, and whose places the Metastore knows."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from retailstream.adapters.warehouse.folder import FolderWarehouse
from retailstream.adapters.warehouse.hive_table import HiveTable
from retailstream.adapters.warehouse.metastore import Metastore
from retailstream.adapters.warehouse.metastore_client import MetastoreClient
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retailstream.adapters.warehouse.hive_address import Address
    from retailstream.contracts import Contract
    from retailstream.ports import Lake


@contextmanager
def open_hive(
    address: Address, metastore: str, lake: Callable[[str], Lake], *, location: str = ""
) -> Iterator[HiveWarehouse]:
    """Open the database of an address, with the addresses of its Metastore; nothing is connected before it is needed.

    `lake` opens the folder where the tables' files lie, by its URL: the `location`, or else the database's own folder.
    """
    if not metastore:
        raise UsageError("hive.metastore is not set", hint="set it to the Metastore's address, thrift://HOST:PORT")
    kerberos = address.kerberos_service if address.auth == "KERBEROS" else None
    client = MetastoreClient(metastore, retry_seconds=address.options.retry_seconds, kerberos_service=kerberos)
    try:
        yield HiveWarehouse(str(address), Metastore(client, address.database), location=location, lake=lake)
    finally:
        client.close()


class HiveWarehouse(FolderWarehouse):
    """The tables of one database."""

    def __init__(self, url: str, metastore: Metastore, *, location: str, lake: Callable[[str], Lake]) -> None:
        self._url = url
        self.metastore = metastore
        self._location = location
        self._open = lake

    @property
    def url(self) -> str:
        """The address of its HiveServer2, without a password."""
        return self._url

    def table(self, contract: Contract) -> HiveTable:
        """Return the published table of that contract."""
        return HiveTable(self, contract)

    @property
    def folder(self) -> str | None:
        """The folder of all tables, or None where the database that would say it is not there yet."""
        found = self._location or self.metastore.location()
        return found.rstrip("/") if found else None

    @cached_property
    def root(self) -> str:
        """The folder of all tables; the database is made where it is not there."""
        if self.metastore.location() is None:
            self.metastore.create_database(self._location)
        return self.folder or ""

    @cached_property
    def lake(self) -> Lake:
        """The lake of that folder."""
        return self.lake_of(self.root)

    def lake_of(self, folder: str) -> Lake:
        """Return the lake of a folder as Hadoop names it."""
        return self._open(lake_url(folder))


def lake_url(location: str) -> str:
    """`s3a://bucket/x` → `s3://bucket/x`, `file:/x` → `file:///x`: Hadoop's name of a folder as a lake's URL."""
    scheme, _, rest = location.partition(":")
    return f"{'s3' if scheme in {'s3a', 's3n'} else scheme}://{rest.removeprefix('//')}"
