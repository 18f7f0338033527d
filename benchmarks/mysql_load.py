"""`load-rds` beside bare LOAD DATA LOCAL of ready-made text into the same keyed table, on a MariaDB server of its own.

    python -m benchmarks.mysql_load [--source FOLDER] [--rounds 5]

Both are whole processes that take turns, and each finds an empty table; the best round counts. Ours also reads Parquet,
makes the text, and proves count and sums of what arrived. A third line is ours where the server forbids files.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from functools import partial
from pathlib import Path

import duckdb

from benchmarks import cases
from benchmarks.cases import REAL
from benchmarks.measuring import Process, measure, ours, peer
from retailstream.adapters.database.mysql_tables import definition
from retailstream.adapters.state.mysql import open_mysql_state
from retailstream.contracts import SALES
from tests.services.mariadb import PASSWORD, PROGRAMS, USER, MariaDb
from tests.services.servers import free_port, program

LIMIT = 1.5
PEER_PASSWORD = "peers-password"
VARIABLE = "RETAILSTREAM__DATABASE__URL"


def main() -> None:
    """Measure, and print seconds and ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mysql_load", description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="a folder of store files; the real set, else a sample of its size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, help="a Python with dlt[sqlalchemy] and pandas: both are measured, once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-") as folder:
        work = Path(folder)
        source = options.source or (REAL if REAL.is_dir() else cases.sample(work / "sample"))
        server = MariaDb({name: program(name) for name in PROGRAMS}, work, free_port())
        server.install()
        server.start()
        try:
            server.sql(f"create user '{USER}'@'localhost' identified by '{PASSWORD}'")
            server.sql(f"grant all on *.* to '{USER}'@'localhost'")
            server.sql(f"create user 'peer'@'localhost' identified by '{PEER_PASSWORD}'")  # some know only ASCII
            server.sql("grant all on *.* to 'peer'@'localhost'")
            _compare(server, source.resolve(), options.rounds, options.peers)
        finally:
            server.stop()


def _compare(server: MariaDb, source: Path, rounds: int, python: Path | None) -> None:
    home = server.folder / "home"
    for stage in (("ingest", "--source", str(source)), ("glue-merge",)):
        cases.retailstream(*stage, "--home", str(home))
    text, rows = _text(home, server.folder / "sales.tsv")
    os.environ |= {"MYSQL_PWD": PEER_PASSWORD}
    words = ("127.0.0.1", str(server.port), "peer", "bare", str(text))
    load = ours("load-rds", "--home", str(home), prepare=partial(_anew, server, "ours", "true"))
    slow = ours("load-rds", "--home", str(home), prepare=partial(_anew, server, "ours", "false"))
    bare = peer("-m", "benchmarks.peers.bare_load_data", *words, prepare=partial(_bare_anew, server))
    processes: dict[str, Process] = {"bare LOAD DATA LOCAL": bare, "load-rds": load, "load-rds by INSERT": slow}
    costs = dict(zip(processes, measure(list(processes.values()), rounds), strict=True))
    if python:
        others = {
            name: Process((str(python), "-m", f"benchmarks.peers.{module}", *words), partial(_bare_anew, server))
            for name, module in (("pandas.to_sql", "to_sql"), ("dlt", "with_dlt"))
        }
        costs |= zip(others, measure(list(others.values()), 1), strict=True)
    for name, cost in costs.items():
        ratio = cost.seconds / costs["bare LOAD DATA LOCAL"].seconds
        print(f"{name:24} {rows:>9,} rows {cost.seconds:7.2f} s {cost.megabytes:5.0f} MB   ratio {ratio:5.2f}")
    ratio = costs["load-rds"].seconds / costs["bare LOAD DATA LOCAL"].seconds
    print(f"limit {LIMIT}: {'kept' if ratio <= LIMIT else 'exceeded'}")


def _anew(server: MariaDb, database: str, files: str) -> None:
    server.sql(f"drop database if exists {database}")
    server.sql(f"create database {database}")
    os.environ[VARIABLE] = server.url(database, local_infile=files)
    with open_mysql_state(os.environ[VARIABLE], create=True):
        pass  # whatever has merged before has made the memory


def _bare_anew(server: MariaDb) -> None:
    _anew(server, "bare", "true")
    server.sql(definition(SALES, "sales"), "bare")
    server.sql("alter table sales add key `date` (`date`)", "bare")


def _text(home: Path, path: Path) -> tuple[Path, int]:
    """Write the clean sales as LOAD DATA reads them by default, in the order of the key, and return path and rows."""
    rows = duckdb.execute(
        "copy (select store, dept, date, weekly_sales, cast(is_holiday as integer), customers"
        f" from read_parquet('{home}/lake/clean/sales/**/*.parquet', hive_partitioning = false)"
        f" order by store, dept, date) to '{path}' (delimiter '\t', header false, quote '', escape '', nullstr '\\N')"
    ).fetchone()
    return path, int(rows[0]) if rows else 0


if __name__ == "__main__":
    main()
