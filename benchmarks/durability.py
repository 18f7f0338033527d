"""What it costs that "ok" outlasts a power cut: `run` as it is beside `run` for which nothing is synced, in turn.

    python -m benchmarks.durability [--source FOLDER] [--rounds 7] [--at FOLDER]

The peer is the same code behind a library that makes fsync do nothing, so no setting of the product is involved. What
syncing costs depends on the disk: `--at` names a folder on the one to be measured. A sync also waits for what others
have written, so each start is given a disk that has nothing left to write.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import cases
from benchmarks.cases import REAL, Result, retailstream
from benchmarks.measuring import Process, measure, ours

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1.05


def main() -> None:
    """Measure a first run and a weekly one, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durability", description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="a folder of store files; the real set, else a sample of its size")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--at", type=Path, help="a folder on the disk to be measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-", dir=options.at) as folder:
        work = Path(folder)
        source = options.source or (REAL if REAL.is_dir() else cases.sample(work / "sample"))
        for result in measure_all(source.resolve(), work, options.rounds):
            print(cases.line(result), flush=True)


def measure_all(source: Path, work: Path, rounds: int) -> Iterator[Result]:
    """Yield both comparisons."""
    library = work / "nosync.so"
    code = Path(__file__).with_name("nosync.c")
    subprocess.run(["gcc", "-O2", "-fPIC", "-shared", "-o", library, code], check=True)
    home = work / "home"
    rows = int(str(retailstream("run", "--source", str(source), "--home", str(home))["rows_out"]))
    week, week_rows = cases.one_more_week(home, work)

    def anew() -> None:
        shutil.rmtree(work / "fresh", ignore_errors=True)
        os.sync()

    def a_week_ago() -> None:
        week.prepare()
        os.sync()

    first = ours("run", "--source", str(source), "--home", str(work / "fresh"), prepare=anew)
    weekly = Process(week.words, a_week_ago)
    for name, made, process in (("run", rows, first), ("run, one more weekly file", week_rows, weekly)):
        mine, without = measure([process, _without(process, library)], rounds)
        yield Result(name, made, mine, "the same, nothing synced", without, LIMIT)


def _without(process: Process, library: Path) -> Process:
    return Process(("env", f"LD_PRELOAD={library}", *process.words), process.prepare)


if __name__ == "__main__":
    main()
