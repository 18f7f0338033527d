"""Sales into an exact Parquet table of Hive by Apache Sqoop and HiveServer2 alone, as one does who knows both well.

    SQOOP_HOME=… python -m benchmarks.peers.bare_sqoop MAPPERS HOST:PORT DATABASE USER PASSWORD_FILE HIVE_HOST:PORT HDFS

The table of the relational database and the database of Hive have the same name. Nothing is proved of what arrived.
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

COLUMNS = "store int, dept int, `date` date, weekly_sales decimal(12,2), is_holiday boolean, customers int"
TEXT = "store int, dept int, `date` date, weekly_sales decimal(12,2), is_holiday int, customers int"


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

    @property
    def staging(self) -> str:
        """The folder that Sqoop writes to."""
        return f"{self.hdfs}/bare/{self.database}/text"

    def words(self, folder: str) -> list[str]:
        """Return the lines of the options file."""
        properties = ("mapreduce.framework.name=local", "mapreduce.jobtracker.address=local")
        lines = ["import", *(f"-D{line}" for line in properties), "-Dmapreduce.local.map.tasks.maximum=2"]
        lines += ["--connect", f"jdbc:mariadb://{self.server}/{self.database}?tinyInt1isBit=false"]
        lines += ["--driver", "org.mariadb.jdbc.Driver", "--username", self.user]
        lines += ["--password-file", f"file://{self.password}", "--table", "sales", "--split-by", "store"]
        lines += ["-m", self.mappers, "--target-dir", self.staging, "--delete-target-dir"]
        lines += ["--null-string", r"\\N", "--null-non-string", r"\\N", "--outdir", folder, "--bindir", folder]
        return lines

    def statements(self) -> Iterator[str]:
        """Yield what stands a table over the text, and fills the exact one from it."""
        yield f"create database if not exists {self.database}"
        yield (
            f"create external table {self.database}.sales_text ({TEXT}) row format delimited fields terminated by ','"
            f" stored as textfile location '{self.staging}'"
        )
        yield (
            f"create external table {self.database}.sales ({COLUMNS}) stored as parquet"
            f" location '{self.hdfs}/bare/{self.database}/sales'"
        )
        yield (
            f"insert overwrite table {self.database}.sales select store, dept, `date`, weekly_sales, is_holiday = 1,"
            f" customers from {self.database}.sales_text"
        )


def main() -> None:
    """Import, and have Hive make the exact table."""
    job = Job(*sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        options = Path(folder, "options")
        options.write_text("\n".join(job.words(folder)) + "\n")
        subprocess.run([f"{os.environ['SQOOP_HOME']}/bin/sqoop", "--options-file", str(options)], check=True)
    host, port = job.hive.split(":")
    with closing(hive.connect(host, int(port), username="bare", auth="NONE")) as connection:
        cursor = connection.cursor()
        for statement in job.statements():
            cursor.execute(statement)


if __name__ == "__main__":
    main()
