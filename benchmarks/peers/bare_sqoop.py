"""Sales and stores into exact Parquet tables of Hive by Apache Sqoop and HiveServer2 alone, as one does who knows both.

    SQOOP_HOME=… python -m benchmarks.peers.bare_sqoop MAPPERS HOST:PORT DATABASE USER PASSWORD_FILE HIVE_HOST:PORT HDFS

What comes of it is what ours makes: the same two tables, sales by month. The database of Hive has the name of the
relational one. Nothing is proved of what arrived.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyhive import hive

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Table:
    """A table: its columns as Hive has them, as text that is read, and as they are selected from that."""

    name: str
    columns: str
    text: str
    selected: str
    partition: str = ""


SALES = Table(
    "sales",
    "store int, dept int, `date` date, weekly_sales decimal(12,2), is_holiday boolean, customers int",
    "store int, dept int, `date` date, weekly_sales decimal(12,2), is_holiday int, customers int",
    "store, dept, `date`, weekly_sales, is_holiday = 1, customers, substr(cast(`date` as string), 1, 7)",
    "month",
)
STORES = Table("stores", "store int, type string, size int", "store int, type string, size int", "store, type, size")


@dataclass(frozen=True)
class Job:
    """What is imported, from where, and to where."""

    mappers: str
    server: str
    database: str
    user: str
    password: str
    hive: str
    hdfs: str

    def words(self, table: Table, folder: str) -> list[str]:
        """Return the lines of the options file."""
        properties = ("mapreduce.framework.name=local", "mapreduce.jobtracker.address=local")
        lines = ["import", *(f"-D{line}" for line in properties), "-Dmapreduce.local.map.tasks.maximum=2"]
        lines += ["--connect", f"jdbc:mariadb://{self.server}/{self.database}?tinyInt1isBit=false"]
        lines += ["--driver", "org.mariadb.jdbc.Driver", "--username", self.user]
        lines += ["--password-file", f"file://{self.password}", "--table", table.name, "--split-by", "store"]
        lines += ["-m", self.mappers, "--target-dir", self._folder(table, "text"), "--delete-target-dir"]
        lines += ["--null-string", r"\\N", "--null-non-string", r"\\N", "--outdir", folder, "--bindir", folder]
        return lines

    def statements(self, table: Table) -> Iterator[str]:
        """Yield what stands a table over the text, and fills the exact one from it."""
        name = f"{self.database}.{table.name}"
        yield (
            f"create external table {name}_text ({table.text}) row format delimited fields terminated by ','"
            f" stored as textfile location '{self._folder(table, 'text')}'"
        )
        partitioned = f"partitioned by ({table.partition} string)" if table.partition else ""
        yield (
            f"create external table {name} ({table.columns}) {partitioned} stored as parquet"
            f" location '{self._folder(table, 'exact')}'"
        )
        into = f"partition ({table.partition})" if table.partition else ""
        yield f"insert overwrite table {name} {into} select {table.selected} from {name}_text"

    def _folder(self, table: Table, what: str) -> str:
        return f"{self.hdfs}/bare/{self.database}/{table.name}_{what}"


def main() -> None:
    """Import, and have Hive make the exact tables."""
    job = Job(*sys.argv[1:])
    host, port = job.hive.split(":")
    with closing(hive.connect(host, int(port), username="bare", auth="NONE")) as connection:
        cursor = connection.cursor()
        cursor.execute(f"create database if not exists {job.database}")
        cursor.execute("set hive.exec.dynamic.partition.mode=nonstrict")
        for table in (SALES, STORES):
            with tempfile.TemporaryDirectory() as folder:
                options = Path(folder, "options")
                options.write_text("\n".join(job.words(table, folder)) + "\n")
                subprocess.run([f"{os.environ['SQOOP_HOME']}/bin/sqoop", "--options-file", str(options)], check=True)
            for statement in job.statements(table):
                cursor.execute(statement)


if __name__ == "__main__":
    main()
