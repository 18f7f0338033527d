"""`sqoop` by each engine beside bare Apache Sqoop, out of MariaDB into exact tables of Hive, in one run.

    python -m benchmarks.sqoop_engines [--source FOLDER] [--rounds 3] [--times 1 50]

Needs the servers and jars of `make services`, the extras `hive`, `hdfs` and `spark`, and Java. Bare Sqoop makes the
same two tables, sales by month, and proves nothing; ours proves both. Each process finds an empty warehouse, they take
turns, and the best round counts. The memory is that of the largest process of a command, without the servers.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import cases
from benchmarks.cases import REAL, Result
from benchmarks.measuring import Process, measure, ours, peer
from tests.services.hadoop import Hadoop
from tests.services.mariadb import PROGRAMS, MariaDb
from tests.services.servers import free_port, program

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "bench", "bench-password"
LIMIT = 0.2
"""Ours is at least five times as fast as bare Sqoop."""


@dataclass
class Servers:
    """The database, the cluster, and how often everything was begun anew."""

    mariadb: MariaDb
    hadoop: Hadoop
    work: Path
    begun: int = 0

    @property
    def hive(self) -> str:
        """The host and port of HiveServer2."""
        return ":".join(map(str, self.hadoop.hiveserver2))

    def set_up(self, source: Path) -> None:
        """Have the clean tables in the relational database, and say in the environment where everything is."""
        self.mariadb.sql(f"create user '{USER}'@'localhost' identified by '{PASSWORD}'")
        self.mariadb.sql(f"grant all on *.* to '{USER}'@'localhost'")
        self.mariadb.sql("create database retail")
        (self.work / "password").write_text(PASSWORD)
        address = f"mysql+pymysql://{USER}:{PASSWORD}@127.0.0.1:{self.mariadb.port}/retail"
        os.environ |= {
            "RETAILSTREAM__DATABASE__URL": address,
            "RETAILSTREAM__HIVE__METASTORE": self.hadoop.metastore,
            "RETAILSTREAM__SQOOP__STAGING": f"{self.hadoop.hdfs}/staging",
            "HADOOP_CONF_DIR": str(self.hadoop.conf),
            "SQOOP_HOME": self.hadoop.variables["SQOOP_HOME"],
        }
        home = str(self.work / "home")
        for words in (("ingest", "--source", str(source)), ("glue-merge",), ("load-rds",)):
            cases.retailstream(*words, "--home", home)

    def anew(self) -> None:
        """Have an empty warehouse, and no table of bare Sqoop's."""
        self.begun += 1
        os.environ["RETAILSTREAM__WAREHOUSE__URL"] = f"hive://{self.hive}/ours_{self.begun}"
        os.environ["RETAILSTREAM__HIVE__LOCATION"] = f"{self.hadoop.hdfs}/ours/{self.begun}"
        self.hadoop.query("drop database if exists retail cascade")
        self.hadoop.dfs("-rm", "-r", "-f", "-skipTrash", "/bare")

    def ours(self, engine: str) -> Process:
        """Return our command with an engine."""
        return ours("sqoop", "--engine", engine, "--home", str(self.work / "home"), prepare=self.anew)

    def bare(self, mappers: int) -> Process:
        """Return bare Sqoop with so many mappers."""
        server, password = f"127.0.0.1:{self.mariadb.port}", str(self.work / "password")
        words = (str(mappers), server, "retail", USER, password, self.hive, self.hadoop.hdfs)
        return peer("-m", "benchmarks.peers.bare_sqoop", *words, prepare=self.anew)

    def multiply(self, times: int) -> int:
        """Have so many times the sales, those of further stores, and return how many there are."""
        copy = (
            "insert into sales select store + 1000 * {0}, dept, date, weekly_sales, is_holiday, customers"
            " from sales where store < 1000"
        )
        for number in range(1, times):
            self.mariadb.sql(copy.format(number), "retail")
        return int(self.mariadb.sql("select count(*) from sales", "retail")[0][0])


def main() -> None:
    """Measure, and print seconds, memory and ratios."""
    told = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sqoop_engines", description=told)
    parser.add_argument("--source", type=Path, help="a folder of store files; the real set, else a sample of its size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, nargs="*", default=[1], help="how many times the rows; 50 takes minutes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-") as folder:
        work = Path(folder)
        source = options.source or (REAL if REAL.is_dir() else cases.sample(work / "sample"))
        for result in measure_all(source.resolve(), work, options.rounds, tuple(options.times)):
            print(cases.line(result), flush=True)


def measure_all(source: Path, work: Path, rounds: int, sizes: tuple[int, ...] = (1,)) -> Iterator[Result]:
    """Yield `native` beside bare Sqoop with one mapper and with four, and beside our other engines."""
    with ExitStack() as stack:
        (work / "database").mkdir()
        mariadb = MariaDb({name: program(name) for name in PROGRAMS}, work / "database", free_port())
        mariadb.install()
        mariadb.start()
        stack.callback(mariadb.stop)
        hadoop = Hadoop(work / "hadoop")
        stack.callback(hadoop.down)
        hadoop.up("hiveserver2")
        servers = Servers(mariadb, hadoop, work)
        servers.set_up(source)
        for times in sizes:
            yield from _compare(servers, servers.multiply(times), rounds if times == 1 else 1, times)


def _compare(servers: Servers, rows: int, rounds: int, times: int) -> Iterator[Result]:
    processes = {
        "native": servers.ours("native"),
        "bare Sqoop -m 1": servers.bare(1),
        "bare Sqoop -m 4": servers.bare(4),
        "--engine sqoop": servers.ours("sqoop"),
        "--engine spark": servers.ours("spark"),
    }
    warm_up = partial(measure, [processes["bare Sqoop -m 1"]], 1)
    warm_up()  # the first statement of a HiveServer2 takes seconds
    costs = dict(zip(processes, measure(list(processes.values()), rounds), strict=True))
    for name, cost in costs.items():
        if name != "native":
            limit = LIMIT if name.startswith("bare") else 1.0
            yield Result(f"sqoop, {times} x", rows, costs["native"], name, cost, limit)


if __name__ == "__main__":
    main()
