"""What retailstream costs beside the plainest code for the same job, measured in one go.

    python -m benchmarks [--source FOLDER] [--rounds 5] [--large] [--hadoop]

Processes are measured whole, start-up included, and in turn; the best round counts, as noise only ever adds.
`--large` also runs a synthetic set of 100 times the rows, which takes ten minutes and 10 GB of disk.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import cases, large
from benchmarks.cases import REAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.cases import Result


def main() -> None:
    """Measure everything, and print a line for each comparison."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="a folder of store files; the real set, else a sample of its size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="a sample of 100 times the rows, too")
    parser.add_argument("--hadoop", action="store_true", help="sqoop beside Apache Sqoop, too; starts MariaDB and Hive")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-") as folder:
        work = Path(folder)
        source = options.source or (REAL if REAL.is_dir() else cases.sample(work / "sample"))
        print(f"source: {source.name}, {options.rounds} rounds\n")
        _print(cases.measure_all(source.resolve(), work, options.rounds))
        if options.hadoop:
            from benchmarks import sqoop_engines  # noqa: PLC0415 -- not everybody has what it needs

            (work / "sqoop").mkdir()
            _print(sqoop_engines.measure_all(source.resolve(), work / "sqoop", options.rounds))
        if options.large:
            _print(large.measure_all(work))


def _print(results: Iterable[Result]) -> None:
    print(f"{'what':34} {'rows':>11} {'seconds':>8} {'MB':>6}   {'beside':34} {'seconds':>8} {'MB':>6}   ratio  limit")
    for result in results:
        print(cases.line(result), flush=True)


if __name__ == "__main__":
    main()
