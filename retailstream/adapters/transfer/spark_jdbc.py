"""Rows out of the database by Spark: each task reads a part over a connection of its own, and writes Parquet."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from retailstream.adapters.engine.spark_session import SparkOptions, open_session
from retailstream.adapters.transfer.jdbc import DRIVER, FETCHED, jdbc_url
from retailstream.adapters.transfer.typing_lines import value_of
from retailstream.adapters.warehouse.hive_tables import hive_type
from retailstream.errors import UsageError
from retailstream.relations import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retailstream.adapters.database.mysql_address import Address
    from retailstream.adapters.engine.spark_session import LazySession
    from retailstream.extracts import Extract, Split
    from retailstream.relations import Field

JARS: Final = "spark.jars"


@contextmanager
def open_spark_jdbc(address: Address, work: Path, options: SparkOptions, jar: Path | None) -> Iterator[SparkJdbc]:
    """Open a session for the block, in an empty work folder, with the jar of the database's driver.

    Raises UsageError where Spark or Java is missing, RetailStreamError where Spark fails.
    """
    jars = ",".join(filter(None, (options.conf.get(JARS), str(jar) if jar else "")))
    conf = {**options.conf, **({JARS: jars} if jars else {})}
    with open_session(work, SparkOptions(options.memory, options.master, conf)) as session:
        yield SparkJdbc(session, address, on_cluster=not options.master.startswith("local"))


class SparkJdbc:
    """One database, read by the tasks of a session that is made when it is first needed."""

    def __init__(self, session: LazySession, address: Address, *, on_cluster: bool) -> None:
        self._session = session
        self._address = address
        self._on_cluster = on_cluster

    def extract(self, extract: Extract, split: Split | None, work: Path) -> list[Path]:
        """Return Parquet files with the rows, in exact types and any order."""
        if self._on_cluster:
            raise UsageError(
                "the tasks of a cluster do not share this machine's disk", hint="set spark.master to local[*]"
            )
        shutil.rmtree(work, ignore_errors=True)
        with self._told():
            self._write(extract, split, work)
        return sorted(work.glob("*.parquet"))

    def check(self) -> str:
        """Ask the database through Spark."""
        with self._told():
            spark = self._session.get()
            url = jdbc_url(self._address, scheme="mysql")
            spark.read.jdbc(url, "(select 1 as one) as extract", properties=self._properties()).collect()
        return f"Spark {spark.version}; {self._address}"

    def _write(self, extract: Extract, split: Split | None, work: Path) -> None:
        shared = f", {split.expression} as share" if split else ""
        spark = self._session.get()
        rows = spark.read.jdbc(
            jdbc_url(self._address, scheme="mysql"),
            f"(select {extract.line} as line{shared} from {extract.source}) as extract",
            predicates=shares(split),
            properties=self._properties(),
        )
        columns = extract.relation.columns
        fields = rows.selectExpr("split(line, ',', -1) as field")
        typed = (
            f"{value_of(column, f'field[{place}]', type_=_type(column))} as `{column.name}`"
            for place, column in enumerate(columns)
        )
        fields.selectExpr(*typed).write.parquet(f"file://{work.absolute()}")  # a bare path may be one of HDFS

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what the user can put right of what Spark says of the database; the rest is told by its session."""
        try:
            yield
        except Exception as error:
            if f"ClassNotFoundException: {DRIVER}" in str(error):
                hint = "set sqoop.driver to the jar of mariadb-java-client"
                raise UsageError("Spark has no driver for the database", hint=hint) from error
            if found := re.search(r"Access denied[^\n]*|Unknown database[^\n]*", str(error)):
                raise UsageError(
                    f"database {self._address} refuses us: {found[0]}",
                    hint="check user, password and database of database.url",
                ) from error
            raise

    def _properties(self) -> dict[str, str]:
        return {
            "driver": DRIVER,
            "user": self._address.user,
            "password": self._address.secret(),
            "fetchsize": str(FETCHED),
        }


def shares(split: Split | None) -> list[str]:
    """Return a condition for each part, of which every row meets exactly one.

    `Split("id", 1, 10, 2)` → `["share < 6", "share >= 6"]`
    """
    if split is None:
        return ["1 = 1"]
    width = split.most - split.least + 1
    starts = sorted({split.least + width * part // split.parts for part in range(1, split.parts)} - {split.least})
    bounds = [None, *starts, None]
    conditions = []
    for low, high in pairwise(bounds):
        words = [f"share >= {low}"] if low is not None else []
        words += [f"share < {high}"] if high is not None else []
        conditions.append(" and ".join(words) or "1 = 1")
    return conditions


def _type(column: Field) -> str:
    """Return Spark's type of a column: a time of day and date without a zone has one of its own."""
    return "timestamp_ntz" if column.kind is Kind.TIMESTAMP else hive_type(column.sql_type)
