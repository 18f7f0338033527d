"""The packaged function in a process of its own: how long it takes to be there, to load all sales, and its memory.

Needs versitygw and MariaDB (`make services`). AWS counts what is imported before the first event as the cold start.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks import cases
from benchmarks.cases import REAL
from tests.services.mariadb import PASSWORD, PROGRAMS, USER, MariaDb
from tests.services.s3_server import S3Server
from tests.services.servers import free_port, program

FUNCTION = """
import resource, sys, time
clock = time.perf_counter()
from retailstream.aws.lambda_handler import handler
cold = time.perf_counter()
record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
bucket = {"bucket": {"name": "clean"}, "object": {"key": "sales/_manifest.json"}}
event, context = {"Records": [{**record, "s3": bucket}]}, type("Context", (), {"aws_request_id": "r"})()
handler(event, context)
first = time.perf_counter()
handler(event, context)
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(f"cold start {cold - clock:.2f} s, first event {first - cold:.2f} s, the same again"
      f" {time.perf_counter() - first:.2f} s, {megabytes:.0f} MB", file=sys.stderr)
"""


def main() -> None:
    """Measure, and print seconds and memory."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with tempfile.TemporaryDirectory(prefix="retailstream-benchmark-") as folder:
        work = Path(folder)
        package = work / "lambda.zip"
        subprocess.run(
            [sys.executable, "-m", "deploy.lambda_zip", "--python", version, "--out", str(package)], check=True
        )
        with zipfile.ZipFile(package) as packed:
            packed.extractall(work / "code")
        for name in ("s3", "db"):
            (work / name).mkdir()
        s3 = S3Server(program("versitygw"), work / "s3", free_port())
        mariadb = MariaDb({name: program(name) for name in PROGRAMS}, work / "db", free_port())
        mariadb.install()
        try:
            s3.start()
            mariadb.start()
            _measure(s3, mariadb, work)
        finally:
            mariadb.stop()
            s3.stop()


def _measure(s3: S3Server, mariadb: MariaDb, work: Path) -> None:
    mariadb.sql(f"create user '{USER}'@'localhost' identified by '{PASSWORD}'")
    mariadb.sql(f"grant all on *.* to '{USER}'@'localhost'")
    mariadb.sql("create database retail")
    for bucket in ("raw", "clean"):
        s3.client().create_bucket(Bucket=bucket)
    os.environ |= {
        **s3.environment,
        "RETAILSTREAM__LAKE__RAW": "s3://raw",
        "RETAILSTREAM__LAKE__CLEAN": "s3://clean",
        "RETAILSTREAM__DATABASE__URL": mariadb.url("retail"),
    }
    source = REAL if REAL.is_dir() else cases.sample(work / "sample")
    for words in (("ingest", "--source", str(source)), ("glue-merge",)):
        cases.retailstream(*words, "--home", str(work / "home"))
    alone = {**os.environ, "PYTHONPATH": str(work / "code")}
    # -S: no packages of this machine beside those of the package
    subprocess.run([sys.executable, "-S", "-c", FUNCTION], check=True, env=alone, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
