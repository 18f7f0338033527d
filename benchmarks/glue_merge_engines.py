"""`glue-merge` from S3 on both engines, at once and 50 times the rows, each as a whole process with its peak memory.

Needs versitygw (`make services`), pyspark and Java. The memory is that of all processes of a command together.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cases
from benchmarks.cases import REAL
from tests.services.s3_server import S3Server
from tests.services.servers import free_port, program


@dataclass(frozen=True)
class Cost:
    """Seconds, and the most memory that the processes of a command had together, in MB."""

    seconds: float
    megabytes: float


def main() -> None:
    """Measure, and print seconds, memory and ratios."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.glue_merge_engines", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--times", type=int, nargs="*", default=[1, 50], help="how many times the rows")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-") as folder:
        work = Path(folder)
        server = S3Server(program("versitygw"), work, free_port())
        server.start()
        os.environ |= server.environment
        try:
            for times in options.times:
                _compare(server, work / str(times), times)
        finally:
            server.stop()


def _compare(server: S3Server, work: Path, times: int) -> None:
    source = _source(work, times)
    os.environ["RETAILSTREAM__LAKE__RAW"] = f"s3://{server.new_bucket()}"
    cases.retailstream("ingest", "--source", str(source), "--home", str(work / "landed"))
    costs = {}
    for engine in ("duckdb", "spark"):
        home = shutil.copytree(work / "landed", work / engine)
        os.environ["RETAILSTREAM__LAKE__CLEAN"] = f"s3://{server.new_bucket()}"
        costs[engine] = _measured("glue-merge", "--engine", engine, "--home", str(home))
        cost = costs[engine]
        print(f"{times:3} times {engine:7} {cost.seconds:7.1f} s {cost.megabytes:6.0f} MB", flush=True)
    print(f"{times:3} times spark / duckdb: {costs['spark'].seconds / costs['duckdb'].seconds:.1f}", flush=True)


def _source(work: Path, times: int) -> Path:
    """Return the files of a chain with so many times the stores: each copy counts its own from another thousand."""
    source = REAL if REAL.is_dir() else cases.sample(work / "sample")
    if times == 1:
        return source
    target = work / "source"
    for folder in ("sales", "stores"):
        (target / folder).mkdir(parents=True)
    for path in sorted((source / "sales").rglob("*.csv")):
        header, *lines = path.read_text().splitlines()
        parts = [line.partition(",") for line in lines]
        copies = (f"{int(store) + 1_000 * copy},{rest}" for copy in range(times) for store, _, rest in parts)
        (target / "sales" / path.name).write_text("\n".join((header, *copies)))
    shutil.copytree(source / "stores", target / "stores", dirs_exist_ok=True)
    return target


def _measured(*words: str) -> Cost:
    clock, most = time.perf_counter(), 0.0
    command = [sys.executable, "-c", "from retailstream.cli.app import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:
        while process.poll() is None:
            most = max(most, _memory(process.pid))
            time.sleep(0.05)
        if process.returncode:
            raise SystemExit(process.stdout.read().decode() if process.stdout else "failed")
    return Cost(time.perf_counter() - clock, most)


def _memory(group: int) -> float:
    """Return what the processes of a group have now; pages that several share count once each."""
    total = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(path.name)) == group:
                total += int((path / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            continue
    return total / 1e6


if __name__ == "__main__":
    main()
