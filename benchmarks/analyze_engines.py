"""`analyze all` by every engine, over a folder and over tables in Hive, as whole processes with their peak memory.

    python -m benchmarks.analyze_engines [--times 1 50] [--rounds 3] [--without-hive]

Needs pyspark and Java, and the servers of `make services` unless Hive is left out. All engines must print the same
bytes. The memory is that of all processes of a command together; HiveServer2, which computes elsewhere, is not in it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import cases
from benchmarks.measuring import NEVER, measure_group
from tests.services.hadoop import Hadoop

if TYPE_CHECKING:
    from collections.abc import Sequence

DATASETS = ("sales", "features", "stores")


def main() -> None:
    """Measure, and print seconds and memory."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.analyze_engines", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--times", type=int, nargs="*", default=[1], help="how many times the rows")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--without-hive", action="store_true", help="the folder alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-") as folder, ExitStack() as stack:
        work = Path(folder)
        print(f"{'tables in':10} {'engine':7} {'rows':>11} {'seconds':>8} {'MB':>6}")
        for times in options.times:
            source = cases.multiplied(work / str(times), times, *DATASETS)
            _compare(work / str(times) / "folder", source, "folder", ("duckdb", "spark"), options.rounds)
        if options.without_hive:
            return
        hadoop = Hadoop(work / "hadoop")
        stack.callback(hadoop.down)
        hadoop.up("hiveserver2")
        for times in options.times:
            use_hive(hadoop, f"times_{times}")
            source = cases.multiplied(work / str(times), times, *DATASETS)
            _compare(work / str(times) / "hive", source, "hive", ("duckdb", "spark", "hive"), options.rounds)


def use_hive(hadoop: Hadoop, database: str) -> None:
    """Have a database of Hive for a warehouse."""
    host, port = hadoop.hiveserver2
    os.environ |= {
        "RETAILSTREAM__WAREHOUSE__URL": f"hive://bench@{host}:{port}/{database}",
        "RETAILSTREAM__HIVE__METASTORE": hadoop.metastore,
        "RETAILSTREAM__HIVE__LOCATION": f"{hadoop.hdfs}/{database}",
        "HADOOP_CONF_DIR": str(hadoop.conf),
    }


def _compare(home: Path, source: Path, where: str, engines: Sequence[str], rounds: int) -> None:
    rows = cases.retailstream("run", "--source", str(source), "--home", str(home))["rows_out"]
    answers = set()
    for engine in engines:
        best = NEVER
        for _ in range(rounds):
            cost, printed = measure_group("analyze", "all", "--format", "json", "--engine", engine, "--home", str(home))
            best = best.with_round(cost)
            answers.add(printed)
        print(f"{where:10} {engine:7} {rows:>11,} {best.seconds:>8.1f} {best.megabytes:>6.0f}", flush=True)
    if len(answers) != 1:
        raise SystemExit("the engines do not agree")


if __name__ == "__main__":
    main()
