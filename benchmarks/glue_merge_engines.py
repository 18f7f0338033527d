"""`glue-merge` from S3 on both engines, at once and 50 times the rows, each as a whole process with its peak memory.

Needs versitygw (`make services`), pyspark and Java. The memory is that of all processes of a command together.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from benchmarks import cases
from benchmarks.measuring import measure_group
from tests.services.s3_server import S3Server
from tests.services.servers import free_port, program


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
    source = cases.multiplied(work, times, "sales", "stores")
    os.environ["RETAILSTREAM__LAKE__RAW"] = f"s3://{server.new_bucket()}"
    cases.retailstream("ingest", "--source", str(source), "--home", str(work / "landed"))
    costs = {}
    for engine in ("duckdb", "spark"):
        home = shutil.copytree(work / "landed", work / engine)
        os.environ["RETAILSTREAM__LAKE__CLEAN"] = f"s3://{server.new_bucket()}"
        costs[engine], _ = measure_group("glue-merge", "--engine", engine, "--home", str(home))
        cost = costs[engine]
        print(f"{times:3} times {engine:7} {cost.seconds:7.1f} s {cost.megabytes:6.0f} MB", flush=True)
    print(f"{times:3} times spark / duckdb: {costs['spark'].seconds / costs['duckdb'].seconds:.1f}", flush=True)


if __name__ == "__main__":
    main()
