"""Rows out of the database by Apache Sqoop, turned by HiveServer2 into a Parquet table of exact types.

Sqoop leaves lines of text in a staging folder of HDFS, a Hive table of text stands over it, and a Parquet table beside
it is filled from that one. Both tables and the folder have the same names in every run of an environment, so a run also
takes away what one that was killed has left.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.adapters.transfer.typing_lines import value_of
from retailstream.adapters.warehouse.hive_names import refuse_lost_names
from retailstream.adapters.warehouse.hive_tables import hive_type
from retailstream.errors import RetailStreamError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retailstream.adapters.transfer.apache_sqoop import ApacheSqoop
    from retailstream.adapters.warehouse.hive_server import HiveServer
    from retailstream.extracts import Extract, Split
    from retailstream.ports import Lake
    from retailstream.relations import Relation

log = logging.getLogger(__name__)

SETTINGS: Final = (
    "hive.parquet.date.proleptic.gregorian=true",
    "hive.parquet.write.int64.timestamp=true",
    "hive.parquet.timestamp.time.unit=micros",
)
"""Days before 1582 as everybody else counts them, and times as numbers that everybody else reads."""


@dataclass(frozen=True)
class SqoopThroughHive:
    """Apache Sqoop, a HiveServer2, and the lake and name of the staging folder."""

    sqoop: ApacheSqoop
    server: HiveServer
    lake: Lake
    name: str

    def extract(self, extract: Extract, split: Split | None, work: Path) -> list[Path]:
        """Return Parquet files with the rows, in exact types and any order."""
        self._clear()
        with self._cleared():
            self.sqoop.run(extract, split, f"{self._folder}/text", work)
            for statement in self._statements(extract.relation):
                self.server.do(statement, what="sqoop")
            self._check_names(extract.relation)
            self.server.do(self._filling(extract.relation), what="sqoop")
            rows = f"{self.name}/rows/"
            keys = [
                key for key, size in self.lake.sizes(rows).items() if size and key.removeprefix(rows)[0] not in "._"
            ]
            return self.lake.fetch_all(keys) if keys else []

    def check(self) -> str:
        """Have Sqoop say its version, ask the server, and list the staging folder."""
        version = self.sqoop.version()
        self.server.ask("select 1", what="sqoop")
        self.lake.sizes(f"{self.name}/")
        return f"{version}; {self.server.address}; {self.lake.url}"

    @property
    def _folder(self) -> str:
        return f"{self.lake.url}/{self.name}"

    def _table(self, kind: str) -> str:
        return f"`{self.server.address.database}`.`{self.name}_{kind}`"

    def _statements(self, relation: Relation) -> Iterator[str]:
        """Yield what makes a table of lines of text, and an empty one of exact types."""
        fields = [f"c{place}" for place in range(len(relation.columns))]
        yield f"create database if not exists `{self.server.address.database}`"
        yield (
            f"create external table {self._table('text')} ({', '.join(f'`{field}` string' for field in fields)})"
            f" row format delimited fields terminated by ',' stored as textfile location '{self._folder}/text'"
        )
        columns = ", ".join(f"`{column.name}` {hive_type(column.sql_type)}" for column in relation.columns)
        yield (
            f"create external table {self._table('rows')} ({columns}) stored as parquet location '{self._folder}/rows'"
        )
        for setting in SETTINGS:
            yield f"set {setting}"

    def _check_names(self, relation: Relation) -> None:
        """Raise UsageError where Hive keeps a column under another name than it was told."""
        if all(name.isascii() for name in relation.names):
            return
        described = self.server.ask(f"describe {self._table('rows')}", what="sqoop")
        kept = [str(row[0]) for row in described.rows]
        refuse_lost_names(str(self.server.address), relation.names, kept)

    def _filling(self, relation: Relation) -> str:
        """Return what makes typed rows of the lines."""
        values = ", ".join(
            value_of(column, f"`c{place}`", type_=hive_type(column.sql_type))
            for place, column in enumerate(relation.columns)
        )
        return f"insert overwrite table {self._table('rows')} select {values} from {self._table('text')}"

    def _clear(self) -> None:
        for kind in ("text", "rows"):
            self.server.do(f"drop table if exists {self._table(kind)}", what="sqoop")
        self.lake.delete(list(self.lake.sizes(f"{self.name}/")))

    @contextmanager
    def _cleared(self) -> Iterator[None]:
        """Clear the staging after the block; where it fails there may be nobody to ask, and the next run does it."""
        try:
            yield
        except BaseException:
            try:
                self._clear()
            except RetailStreamError as error:
                log.info("the staging folder %s stays until the next run: %s", self._folder, error.message)
            raise
        self._clear()
