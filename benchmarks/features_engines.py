"""`features` into Hive by both engines, at once and 50 times the rows, each as a whole process with its peak memory.

    python -m benchmarks.features_engines [--times 1 50] [--rounds 2]

Needs the servers of `make services`, pyspark and Java. Files are put into HDFS, cleaned, and published in an empty
database. The memory is that of all processes of a command together, without the servers.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import cases
from benchmarks.analyze_engines import use_hive
from benchmarks.measuring import NEVER, Cost, measure_group
from tests.services.hadoop import Hadoop


def main() -> None:
    """Measure, and print seconds, memory and ratios."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.features_engines", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--times", type=int, nargs="*", default=[1, 50], help="how many times the rows")
    parser.add_argument("--rounds", type=int, default=2, help="the best of so many counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-") as folder, ExitStack() as stack:
        work = Path(folder)
        hadoop = Hadoop(work / "hadoop")
        stack.callback(hadoop.down)
        hadoop.up("hiveserver2")
        for times in options.times:
            source = cases.multiplied(work / str(times), times, "features")
            costs = {}
            for engine in ("duckdb", "spark"):
                costs[engine] = _best(hadoop, source, engine, f"{engine}_{times}", options.rounds)
                cost = costs[engine]
                print(f"{times:3} times {engine:7} {cost.seconds:7.1f} s {cost.megabytes:6.0f} MB", flush=True)
            print(f"{times:3} times spark / duckdb: {costs['spark'].seconds / costs['duckdb'].seconds:.1f}", flush=True)


def _best(hadoop: Hadoop, source: Path, engine: str, name: str, rounds: int) -> Cost:
    best = NEVER
    for number in range(rounds):
        use_hive(hadoop, f"{name}_{number}")
        with tempfile.TemporaryDirectory() as home:
            cost, _ = measure_group("features", "--source", str(source), "--engine", engine, "--home", home)
        best = best.with_round(cost)
    return best


if __name__ == "__main__":
    main()
