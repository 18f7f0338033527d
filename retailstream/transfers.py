"""From the settings of `sqoop` to what moves rows out of the database: this process, Apache Sqoop or Spark."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retailstream.errors import UsageError
from retailstream.masking import masked
from retailstream.transferring import NativeTransfer, Sharing, StagedTransfer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from retailstream.adapters.database.mysql_address import Address
    from retailstream.adapters.engine.duckdb import DuckDbEngine
    from retailstream.extracts import Extractor, TableEngine, Tables
    from retailstream.ports import Database, Lake, Progress
    from retailstream.settings import Settings
    from retailstream.transferring import Transfer


@dataclass(frozen=True)
class Outfit:
    """What a transfer works with: a way out of the database, its tables, and an engine for their files."""

    transfer: Transfer
    tables: Tables
    files: TableEngine


@dataclass(frozen=True)
class Place:
    """Where a transfer works: a folder for its files, what opens lakes by URL, and who is told of progress.

    `target` is the one table that it is about, if it is: several such transfers may be at work at once.
    """

    work: Path
    open_lake: Callable[[str], Lake]
    progress: Progress
    target: str = ""


@contextmanager
def open_outfit(settings: Settings, database: Database, engine: DuckDbEngine, place: Place) -> Iterator[Outfit]:
    """Open what the settings name for transfers out of a database.

    Raises UsageError where `sqoop` or `spark` is asked for without what it needs, a database on a server above all.
    """
    from retailstream.adapters.engine.duckdb_tables import DuckDbTables  # noqa: PLC0415 -- what an engine needs

    files = DuckDbTables(engine)
    if settings.sqoop.engine == "native":
        with _open_tables(settings.database.url) as tables:
            yield Outfit(NativeTransfer(database, engine, tables, files), tables, files)
        return
    from retailstream.adapters.database.mysql_extracts import open_mysql_tables  # noqa: PLC0415 -- same

    with open_extractor(settings, place) as extractor, open_mysql_tables(settings.database.url) as loaded:
        sharing = Sharing(settings.sqoop.mappers, settings.sqoop.split_by or None)
        yield Outfit(StagedTransfer(database, engine, loaded, files, extractor, sharing), loaded, files)


def _open_tables(url: str) -> AbstractContextManager[Tables]:
    if url.startswith("mysql"):
        from retailstream.adapters.database.mysql_extracts import open_mysql_tables  # noqa: PLC0415 -- same

        return open_mysql_tables(url)
    from retailstream.adapters.database.sqlite_extracts import open_sqlite_tables  # noqa: PLC0415 -- same

    return open_sqlite_tables(Path(url.removeprefix("sqlite:///")))


@contextmanager
def open_extractor(settings: Settings, place: Place) -> Iterator[Extractor]:
    """Open what the settings name beside this process, Apache Sqoop or Spark; UsageError as `open_outfit` raises it."""
    url, name = settings.database.url, settings.sqoop.engine
    if not url.startswith("mysql"):
        raise UsageError(
            f"engine '{name}' reads MySQL and MariaDB, and database.url is {masked(url)}",
            hint="use --engine native, or set database.url to mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE",
        )
    from retailstream.adapters.database.mysql_address import address_of  # noqa: PLC0415 -- what a scheme needs

    address = address_of(url)
    opened = _open_sqoop if name == "sqoop" else _open_spark
    with opened(settings, address, place) as extractor:
        yield extractor


@contextmanager
def _open_spark(settings: Settings, address: Address, place: Place) -> Iterator[Extractor]:
    from retailstream.adapters.engine.spark_session import SparkOptions  # noqa: PLC0415 -- what an engine needs
    from retailstream.adapters.transfer.apache_sqoop import driver_of  # noqa: PLC0415 -- same
    from retailstream.adapters.transfer.spark_jdbc import open_spark_jdbc  # noqa: PLC0415 -- same

    jar = Path(settings.sqoop.driver) if settings.sqoop.driver else driver_of(settings.sqoop.home)
    options = SparkOptions(settings.engine.memory, settings.spark.master, settings.spark.conf)
    with open_spark_jdbc(address, place.work / "spark", options, jar) as extractor:
        yield extractor


@contextmanager
def _open_sqoop(settings: Settings, address: Address, place: Place) -> Iterator[Extractor]:
    sqoop, hive = settings.sqoop, settings.hive
    server_url = sqoop.hive or settings.warehouse.url
    if not server_url.startswith("hive://"):
        raise UsageError(
            "engine 'sqoop' needs a HiveServer2, and none is named",
            hint="set sqoop.hive to hive://USER:PASSWORD@HOST:PORT/DATABASE, or use --engine native",
        )
    if not sqoop.staging.startswith("hdfs://"):
        raise UsageError(
            "engine 'sqoop' needs a folder of HDFS to write to, and none is named",
            hint="set sqoop.staging to hdfs://HOST:PORT/FOLDER, or use --engine native",
        )
    from retailstream.adapters.transfer.apache_sqoop import ApacheSqoop, find_program  # noqa: PLC0415 -- same
    from retailstream.adapters.transfer.hive_staging import SqoopThroughHive  # noqa: PLC0415 -- same
    from retailstream.adapters.warehouse.hive_address import address_of as hive_address  # noqa: PLC0415 -- same
    from retailstream.adapters.warehouse.hive_server import open_hive_server  # noqa: PLC0415 -- same

    program = ApacheSqoop(find_program(sqoop.home), address, on_cluster=sqoop.on_cluster)
    server = hive_address(server_url, auth=hive.auth, kerberos_service=hive.kerberos_service)
    # One environment has one database and one warehouse: its runs find what an earlier one has left.
    told = f"{settings.environment} {address} {settings.warehouse.url} {place.target}".rstrip()
    owner = hashlib.sha256(told.encode()).hexdigest()[:12]
    with open_hive_server(server, place.progress) as opened:
        lake = place.open_lake(sqoop.staging)
        yield SqoopThroughHive(program, opened, lake, f"retailstream_staging_{owner}")
