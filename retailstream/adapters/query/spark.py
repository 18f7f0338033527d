"""Queries answered by Spark, from the Parquet files of the tables, which the warehouse names: no catalog of Spark's."""

from __future__ import annotations

import re
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

from retailstream.adapters.engine.spark_session import open_session
from retailstream.adapters.query.copied import LocalCopy
from retailstream.adapters.query.dialects import translated
from retailstream.adapters.query.shapes import found_like
from retailstream.ports import no_progress
from retailstream.publishing import check_published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    from pyspark.sql import DataFrame, SparkSession

    from retailstream.adapters.engine.spark_session import SparkOptions
    from retailstream.contracts import Contract
    from retailstream.ports import Progress
    from retailstream.querying import Found, Version

T = TypeVar("T")

LOOK: Final = 0.1
"""Seconds between two looks at a query at work."""

_CONF: Final = {"spark.sql.ansi.enabled": "true", "spark.sql.session.timeZone": "UTC"}
"""A sum that overflows is an error, and no other number."""


@dataclass(frozen=True)
class SparkTables:
    """How Spark is opened: its session's options and its work folder."""

    work: Path
    options: SparkOptions
    progress: Progress = no_progress

    @contextmanager
    def __call__(self, versions: Sequence[Version]) -> Iterator[SparkQueries]:
        """Open Spark with a view of each table."""
        with open_session(self.work, self.options) as lazy:
            # Views of our own, and of nobody else who works in a session that was there already.
            session = lazy.get().newSession()
            for name, value in _CONF.items():
                session.conf.set(name, value)
            for version in versions:
                self._table(session, version).createOrReplaceTempView(version.table.contract.name)
            with closing(SparkQueries(session, self.progress)) as queries:
                yield queries

    def _table(self, session: SparkSession, version: Version) -> DataFrame:
        contract, files = version.table.contract, version.manifest.partitions
        check_published(version.table, version.manifest)
        if not files:
            # Not from a list of Python, for which Spark would start processes.
            nulls = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in _columns(contract))
            return session.sql(f"select {nulls} where false")
        # Month folders add no column, and a name with wildcards is no pattern.
        schema = ", ".join(f"{name} {type_}" for name, type_ in _columns(contract))
        reader = session.read.schema(schema).option("recursiveFileLookup", "true")
        return reader.parquet(*(re.sub(r"([*?\[\]{}\\])", r"\\\1", path) for path in self._paths(version)))

    def _paths(self, version: Version) -> list[str]:
        """Return where Spark finds the files: beside it, or where its executors do, too."""
        url = version.table.lake.url
        if self.options.master.startswith("local") and not url.startswith("hdfs://"):
            # A bare path is one of HDFS where Hadoop's own settings say so.
            return [f"file://{path.absolute()}" for path in version.table.paths(version.manifest)]
        root = re.sub(r"^s3://", "s3a://", url).rstrip("/")
        return [f"{root}/{partition.file}" for _name, partition in sorted(version.manifest.partitions.items())]


class SparkQueries:
    """Queries to one session; one that is interrupted is cancelled."""

    sees_changes = False

    def __init__(self, session: SparkSession, progress: Progress) -> None:
        self._session = session
        self._progress = progress
        self._local = LocalCopy(self._copy)

    def answer(self, name: str, query: str, values: Mapping[str, object]) -> Found:
        """Return the answer to a query."""
        text = translated(query, "spark")
        rows = self._watched(name, lambda: self._session.sql(text, args=dict(values)).collect())
        return found_like(query, values, rows)

    def local(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of DuckDB with copies of the tables, by key, made when they are first asked for."""
        return self._local.connection()

    def close(self) -> None:
        """Let the copies go."""
        self._local.close()

    def _copy(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        rows = self._session.table(contract.name).orderBy(*contract.key)
        connection.register("rows", self._watched(f"reading {contract.name}", rows.toArrow))
        connection.execute(f"create table {contract.name} as from rows")
        connection.unregister("rows")

    def _watched(self, what: str, work: Callable[[], T]) -> T:
        """Return what a thread of its own gets from Spark; this one stays free to show progress and to interrupt."""
        context, group = self._session.sparkContext, f"retailstream-{uuid4().hex}"

        def worked() -> T:
            context.setJobGroup(group, what, interruptOnCancel=True)
            return work()

        future: Future[T] = Future()
        Thread(target=_fulfil, args=(future, worked), daemon=True).start()
        try:
            while not wait([future], timeout=LOOK).done:
                self._progress(what, *_tasks(context, group))
        except BaseException:
            with suppress(Exception):
                context.cancelJobGroup(group)
            raise
        return future.result()


def _fulfil(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 -- whoever waits gets it
        future.set_exception(error)


def _tasks(context: Any, group: str) -> tuple[int, int]:  # noqa: ANN401 -- pyspark's types are its own
    """Return how many tasks of a group's jobs are done, and of how many that are known so far."""
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
    stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
    known = [stage for stage in stages if stage]
    return sum(stage.numCompletedTasks for stage in known), sum(stage.numTasks for stage in known)


def _columns(contract: Contract) -> list[tuple[str, str]]:
    """Return the columns of a contract, quoted, and their types as Spark has them."""
    types = {"varchar": "string"}
    return [(f"`{column.name}`", types.get(column.sql_type, column.sql_type)) for column in contract.columns]
