"""From settings to adapters: the one place that knows which URL is answered by what."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retailstream.errors import UsageError
from retailstream.homes import refuse_half_restored
from retailstream.landings import LandingLog, Scope
from retailstream.masking import masked
from retailstream.memory import open_memory
from retailstream.places import check_folders, check_places
from retailstream.quarantine import Quarantine
from retailstream.read_limits import ReadLimits
from retailstream.runs import WEEKDAYS, Books, Limit, Rules
from retailstream.settings import Loaded
from retailstream.sizes import parse_size
from retailstream.targets import check_file
from retailstream.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from retailstream.adapters.engine.duckdb import DuckDb, DuckDbEngine
    from retailstream.adapters.warehouse.folder import FolderWarehouse
    from retailstream.adapters.warehouse.hive_address import Address
    from retailstream.ledger import Ledger
    from retailstream.memory import Memory
    from retailstream.ports import Database, Lake, Merger, MetricsTarget, Results
    from retailstream.settings import Loaded, Settings


_PORT: Final = re.compile(r"(?<=://)[^/@:]*:\d+(?=/)")

_LAKES: Final = "use file://FOLDER, s3://BUCKET or hdfs://HOST:PORT/FOLDER"


@dataclass(frozen=True)
class Environment:
    """One environment, opened: its home, its settings and its memory."""

    home: Path
    loaded: Loaded
    memory: Memory
    telemetry: Telemetry
    duckdb: DuckDb | None = None
    """What the engines of several stages share; without it, each has its own."""

    @property
    def settings(self) -> Settings:
        """The settings of the environment."""
        return self.loaded.settings

    @property
    def ledger(self) -> Ledger:
        """The history of runs."""
        return self.memory.ledger

    @property
    def quarantine(self) -> Quarantine:
        """What was rejected."""
        return Quarantine(self.memory.state)

    def books(self, scope: Scope) -> Books:
        """Return what is remembered of a scope."""
        return Books(LandingLog(self.memory.state, scope), self.quarantine)

    def raw_lake(self, scope: Scope) -> Lake:
        """Return the store that a scope's files land in."""
        is_features = scope is Scope.FEATURES
        return open_lake(self.settings, self.settings.features.url if is_features else self.settings.lake.raw)

    def clean_lake(self) -> Lake:
        """Return the store of clean sales and stores."""
        return open_lake(self.settings, self.settings.lake.clean)

    def work(self, scope: str) -> Path:
        """Return the folder of a scope's temporary files; whoever holds its lock may empty it."""
        return self.home / "work" / scope

    @property
    def limit(self) -> Limit:
        """How much may be rejected."""
        return Limit.parse(self.settings.quality.max_rejects)

    def rules(self, today: date) -> Rules:
        """Return what new files are judged by."""
        quality = self.settings.quality
        return Rules(
            in_part=Limit.parse(quality.max_rejects_in_part) if quality.max_rejects_in_part else None,
            week_end=WEEKDAYS.index(quality.week_end) + 1,
            gap_days=quality.max_date_gap_days or None,
            sharing_key=Limit.parse(quality.max_superseded_in_file),
            latest=today + timedelta(days=quality.max_future_days),
            limits=self.read_limits,
            follow_links=self.settings.source.follow_links,
        )

    @property
    def read_limits(self) -> ReadLimits:
        """How much one file may ask of this machine."""
        limits = self.settings.limits
        return ReadLimits(
            limits.expansion,
            parse_size(limits.expanded_size),
            parse_size(limits.record_size),
            parse_size(limits.kept_text),
            parse_size(limits.kept_text_of_run),
            limits.kept_records,
            limits.kept_records_of_run,
        )


@contextmanager
def open_environment(home: Path, loaded: Loaded, *, create: bool, half_restored: bool = False) -> Iterator[Environment]:
    """Open an environment; a memory that is not there yet is made, or else is empty for the moment.

    One whose restore was stopped half way is refused, but for the next restore; UsageError where two of its places
    are one, or one is a file.
    """
    check_places(loaded.settings)
    check_folders(home, loaded.settings)
    if not half_restored:
        refuse_half_restored(home)
    with open_memory(home, loaded.settings.database.url, create=create) as memory:
        yield Environment(home, loaded, memory, open_telemetry(loaded.settings))


@contextmanager
def sharing_duckdb(env: Environment) -> Iterator[Environment]:
    """Have stages share one database of the engine; whoever does must hold the locks of all of them."""
    from retailstream.adapters.engine.duckdb import shared_duckdb  # noqa: PLC0415 -- what an engine needs

    with shared_duckdb(env.home / "work" / "run", memory=env.settings.engine.memory) as database:
        yield replace(env, duckdb=database)


def open_lake(settings: Settings, url: str) -> Lake:
    """Return the lake of a `file://`, `s3://` or `hdfs://` URL."""
    scheme, _, place = url.partition("://")
    without_port = _PORT.sub("", url)  # `hdfs://host:8020/a@b` has neither user nor password
    if masked(without_port) != without_port:
        raise UsageError(f"'{masked(url)}' holds a password, which is of no use there", hint=_LAKES)
    if scheme == "s3" and place:
        from retailstream.adapters.lake.s3 import Storage, open_s3  # noqa: PLC0415 -- what a scheme needs, and no more

        lake = settings.lake
        return open_s3(place, Path(lake.copies), Storage(lake.encryption, lake.kms_key, lake.storage_class))
    if scheme == "hdfs" and place:
        from retailstream.adapters.lake.hdfs import open_hdfs  # noqa: PLC0415 -- same
        from retailstream.adapters.lake.hdfs_files import Cluster  # noqa: PLC0415 -- same

        hdfs = settings.hdfs
        cluster = Cluster(hdfs.conf, hdfs.principal, hdfs.keytab, hdfs.replication)
        return open_hdfs(place, Path(settings.lake.copies), cluster)
    from retailstream.adapters.lake.folder import FolderLake  # noqa: PLC0415 -- same

    return FolderLake(_folder(url))


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[FolderWarehouse]:
    """Open the warehouse that the settings name: a lake of tables, or a database of Hive."""
    if settings.warehouse.url.startswith("hive://"):
        from retailstream.adapters.warehouse.hive import open_hive  # noqa: PLC0415 -- what a scheme needs, and no more

        hive, address = settings.hive, hive_address(settings)
        with open_hive(address, hive.metastore, partial(open_lake, settings), location=hive.location) as warehouse:
            yield warehouse
        return
    from retailstream.adapters.warehouse.folder import FolderWarehouse  # noqa: PLC0415 -- same

    yield FolderWarehouse(open_lake(settings, settings.warehouse.url))


def hive_address(settings: Settings) -> Address:
    """Return where the HiveServer2 of a `hive://` warehouse is."""
    from retailstream.adapters.warehouse.hive_address import address_of  # noqa: PLC0415 -- what a scheme needs

    hive = settings.hive
    return address_of(settings.warehouse.url, auth=hive.auth, kerberos_service=hive.kerberos_service)


@contextmanager
def open_database(url: str, *, create: bool) -> Iterator[Database]:
    """Open the database of a URL.

    An `sqlite:///` file that is not there yet is made, or else is empty for the moment; a `mysql+pymysql://` database
    must be there.
    """
    if url.startswith("mysql"):
        from retailstream.adapters.database.mysql import open_mysql  # noqa: PLC0415 -- what a scheme needs, and no more

        with open_mysql(url) as database:
            yield database
        return
    from retailstream.adapters.database.sqlite import open_sqlite  # noqa: PLC0415 -- same

    with open_sqlite(database_file(url), create=create) as file:
        yield file


def open_telemetry(settings: Settings) -> Telemetry:
    """Return whom the settings name to be told the figures of runs."""
    targets: list[MetricsTarget] = []
    if settings.monitoring.pushgateway:
        from retailstream.adapters.metrics.pushgateway import Pushgateway  # noqa: PLC0415 -- what is named, and no more

        targets.append(Pushgateway(settings.monitoring.pushgateway))
    if settings.monitoring.metrics_file:
        from retailstream.adapters.metrics.textfile import TextFile  # noqa: PLC0415 -- same

        check_file(Path(settings.monitoring.metrics_file), "monitoring.metrics_file", makes_folder=True)
        targets.append(TextFile(settings.monitoring.metrics_file))
    return Telemetry(settings.environment, targets)


@contextmanager
def open_results(url: str) -> Iterator[Results]:
    """Open the database of a URL for answers to be kept in."""
    if url.startswith("mysql"):
        from retailstream.adapters.database.mysql_results import open_mysql_results  # noqa: PLC0415 -- same

        with open_mysql_results(url) as results:
            yield results
        return
    from retailstream.adapters.database.sqlite_results import open_sqlite_results  # noqa: PLC0415 -- same

    with open_sqlite_results(database_file(url)) as file:
        yield file


def database_file(url: str) -> Path:
    """Return the file of an `sqlite:///` URL."""
    path = url.removeprefix("sqlite:///")
    if path in {url, ""}:
        known = "use sqlite:///FILE or mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE"
        raise UsageError(f"database.url '{masked(url)}' has no known scheme", hint=known)
    check_file(Path(path), "database.url", makes_folder=True)
    return Path(path)


@contextmanager
def open_engine(settings: Settings, work: Path, shared: DuckDb | None = None) -> Iterator[DuckDbEngine]:
    """Open the engine for clean files of this machine, with an empty work folder."""
    from retailstream.adapters.engine.duckdb import open_duckdb  # noqa: PLC0415 -- what an engine needs

    with open_duckdb(work, memory=settings.engine.memory, shared=shared) as engine:
        yield engine


@contextmanager
def open_merger(settings: Settings, work: Path, shared: DuckDb | None = None) -> Iterator[Merger]:
    """Open the engine that the settings name for cleaning and merging, with an empty work folder."""
    if settings.engine.name == "glue":
        raise UsageError("only glue-merge supports --engine glue", hint="retailstream glue-merge --engine glue")
    if settings.engine.name == "spark":
        from retailstream.adapters.engine.spark import open_spark  # noqa: PLC0415 -- what an engine needs

        spark = settings.spark
        with open_spark(work, memory=settings.engine.memory, master=spark.master, conf=spark.conf) as merger:
            yield merger
        return
    with open_engine(settings, work, shared) as engine:
        yield engine


def _folder(url: str) -> Path:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return Path(url)
    if scheme != "file" or not rest:
        raise UsageError(f"'{url}' has no known scheme", hint=_LAKES)
    return Path(rest)
