"""The commands with `--engine spark`: the same environment as with DuckDB, and nothing left of Spark."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from retailstream.adapters.engine.spark import open_spark
from retailstream.adapters.lake.folder import FolderLake
from retailstream.contracts import SALES as SALES_TABLE
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.ports import LakeFile, LandedFile
from retailstream.records import survey
from retailstream.settings import Settings
from retailstream.wiring import open_lake
from tests.environment import SALES, STORES, Environment, any_number_sharing_keys, csv, gzipped, new_environment
from tests.services.servers import require
from tests.services.stages.served import Served
from tests.stages.months import history

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.ports import Lake
    from tests.environment import Summary
    from tests.services.mariadb import MariaDb
    from tests.services.s3_server import S3Server

ROOT = Path(__file__).parents[2]
COUNTS = ("rows_in", "rows_out", "rows_quarantined", "rows_duplicate", "rows_superseded", "rows_replaced")

WEEKS: tuple[dict[str, str | bytes], ...] = (
    {
        **history(),
        "sales/dirty.csv": csv(SALES, "1,9,2010-02-05,x,FALSE", '1,8,2010-02-05,"1,5",0', "1,8,2010-02-05,1,0"),
    },
    {
        "sales/again.csv.gz": gzipped(
            csv(SALES, "1,1,2010-02-05,1.25,FALSE", "1,2,2010-02-05,7,0", "1,2,2010-02-05,8,0")
        ),
        "stores/more.csv": csv(STORES, "2,C,202307", "3,A,1", "3,A"),
    },
    {"sales/last.csv": csv(f"{SALES},Customers", "1,2,2010-02-05,9,0,5", "7,1,2011-02-05,1,1,", "7,1,2011-13-05,1,1,")},
)
"""What a source gains from week to week: new rows, doubles, corrections of what was clean, and rejects."""


@pytest.fixture(scope="module", autouse=True)
def _spark(s3_server: S3Server) -> Iterator[None]:
    """Have Java see what boto3 has to find: its tasks have the variables that it was started with."""
    require(find_spec("pyspark"), "pyspark is missing: pip install 'retailstream[spark]'")
    require(shutil.which("java"), "java is missing: install Java 17")
    with pytest.MonkeyPatch.context() as patched, any_number_sharing_keys():
        for name, value in s3_server.environment.items():
            patched.setenv(name, value)
        yield


def told(summary: Summary) -> dict[str, Any]:
    return {name: {count: figures[count] for count in COUNTS} for name, figures in summary["datasets"].items()}


def test_engines_may_change_from_week_to_week(tmp_path: Path) -> None:
    changing, plain = (new_environment(tmp_path / name) for name in ("changing", "plain"))
    for week, engine in zip(WEEKS, ("spark", "duckdb", "spark"), strict=True):
        for env, name in ((changing, engine), (plain, "duckdb")):
            env.write(week)
            summary = env.run("--engine", name, "--max-rejects", "100%")
            assert summary["status"] == "ok"
            if env is changing:
                counts = told(summary)
        assert counts == told(summary)
        for dataset in ("sales", "stores", "features"):
            assert changing.clean(dataset) == plain.clean(dataset)
        assert [entry | {"run_id": ""} for entry in changing.quarantine()] == [
            entry | {"run_id": ""} for entry in plain.quarantine()
        ]
    assert [name for name in changing.failing() if name.startswith("reconcile")] == []

    before = changing.times()
    assert changing.run("--engine", "spark", "--max-rejects", "100%")["status"] == "noop"
    assert changing.times() == before


def test_a_process_says_nothing_of_spark_and_leaves_nothing_of_it(env: Environment, tmp_path: Path) -> None:
    env.write(WEEKS[0])
    here = tmp_path / "here"
    here.mkdir()
    words = ("run", "--engine", "spark", "--source", str(env.source), "--max-rejects", "100%", "-q", "--json")
    done = process(env, *words, cwd=here)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "ok"
    assert all(line.endswith("have a date that is no Friday; they are kept") for line in done.stderr.splitlines())
    assert list(here.iterdir()) == []
    assert [path for path in (env.home / "work").rglob("*") if path.is_file()] == []


def test_without_java_the_error_says_what_is_needed(env: Environment, tmp_path: Path) -> None:
    env.write(WEEKS[0])
    words = ("run", "--engine", "spark", "--source", str(env.source))
    done = process(env, *words, cwd=tmp_path, JAVA_HOME="/nowhere")
    assert done.returncode == 2
    assert "error: Spark does not start: " in done.stderr
    assert done.stderr.endswith("hint: Spark needs Java 17 or 21; set JAVA_HOME\n")


def process(env: Environment, *words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    code = "from retailstream.cli.app import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words, "--home", str(env.home)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_above_the_limit_of_rejects_nothing_is_published(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, "1,1,2010-02-05,x,0", "1,2,2010-02-05,1,0")})
    env.stage("ingest", "--source", str(env.source))
    summary = env.stage("glue-merge", "--engine", "spark", code=3)
    assert summary["rows_quarantined"] == 1
    assert env.clean("sales") == []
    assert [entry["value"] for entry in env.quarantine()] == ["x"]


def test_a_month_has_the_same_bytes_whatever_is_merged_with_it(env: Environment) -> None:
    visits = f"{SALES},Customers"
    env.write({"sales/1.csv": csv(visits, "1,1,2010-02-05,1,0,7", "1,2,2010-02-05,2,0,8")})
    for week in ("", csv(visits, "1,1,2010-03-05,2,0,")):
        env.write({"sales/2.csv": week} if week else {})
        env.stage("ingest", "--source", str(env.source))
        env.stage("glue-merge", "--engine", "spark")
    before = env.files("lake/clean")
    shutil.rmtree(env.home / "lake" / "clean")
    env.stage("glue-merge", "--engine", "spark")
    assert env.files("lake/clean") == before


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "folder":
        return FolderLake(tmp_path / "lake")
    settings = Settings.model_validate({"lake": {"copies": str(tmp_path / "copies")}})
    return open_lake(settings, f"s3://{request.getfixturevalue('bucket')}/raw")


def landed(lake: Lake, folder: Path, *contents: str) -> list[LandedFile]:
    """Put files into a lake, and return them with copies of their own in a folder."""
    files = []
    for number, content in enumerate(contents, start=1):
        path = folder / f"{number}.csv"
        path.write_text(content)
        lake.put(path.name, path)
        files.append(LandedFile(number, 1, path.name, LakeFile(lake, path.name, path), survey(path, SALES_TABLE)))
    return files


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tasks of Spark work as on another machine, where the copies that were surveyed are not."""

    from retailstream.adapters.engine import spark_reading  # noqa: PLC0415 -- not every machine has what it needs

    def groups(files: Sequence[LandedFile], tasks: int) -> list[bytes]:
        found = split(files, tasks)
        for file in files:
            file.path.unlink()
        return found

    split = spark_reading.groups
    monkeypatch.setattr(spark_reading, "groups", groups)


@pytest.mark.usefixtures("elsewhere")
def test_processes_without_the_copies_of_the_driver_fetch_files_themselves(lake: Lake, tmp_path: Path) -> None:
    lines = [f"1,{dept},2010-02-05,1,0" for dept in range(1, 6)]
    files = landed(lake, tmp_path, csv(SALES, *lines), csv(SALES, *(f'"1"{line[1:]}' for line in lines)))
    with open_spark(tmp_path / "work", memory="1GB") as merger:  # its processes have the variables of now
        counts = merger.check(SALES_TABLE, files, settled=()).merge(current={}).counts
    assert (counts.rows_in, counts.rows_out, counts.rows_duplicate) == (10, 5, 5)


@pytest.mark.usefixtures("elsewhere")
def test_what_processes_meet_in_a_bucket_keeps_its_exit_code(s3: S3Server, tmp_path: Path) -> None:
    bucket = s3.new_bucket()
    settings = Settings.model_validate({"lake": {"copies": str(tmp_path / "copies")}})
    lake = open_lake(settings, f"s3://{bucket}/raw")
    files = landed(lake, tmp_path, csv(SALES, "1,1,2010-02-05,1,0"))
    s3.client().delete_object(Bucket=bucket, Key="raw/1.csv")
    s3.client().delete_bucket(Bucket=bucket)
    with pytest.raises(UsageError, match=bucket), open_spark(tmp_path / "work", memory="1GB") as merger:
        merger.check(SALES_TABLE, files, settled=()).merge(current={})


def test_an_error_of_spark_is_one_sentence(tmp_path: Path) -> None:
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- not every machine has it

    told = "Job aborted\n  File x\nretailstream.errors.TransientError: bucket 'b' does not answer\n\tat org.apache"
    with pytest.raises(TransientError, match=r"^bucket 'b' does not answer$"), open_spark(tmp_path, memory="1GB"):
        raise PySparkException(told)
    full = PySparkException("Job aborted\njava.io.IOException: No space left\n\tat org.apache.spark.x")
    with (
        pytest.raises(RetailStreamError, match=r"^Spark failed: java\.io\.IOException: No space left$"),
        open_spark(tmp_path, memory="1GB"),
    ):
        raise full


def test_buckets_and_tables_on_servers_are_the_same_by_either_engine(
    s3_server: S3Server, s3: S3Server, mariadb: MariaDb, tmp_path: Path
) -> None:
    Served.s3, Served.mariadb = s3_server, mariadb
    found = []
    for engine in ("spark", "duckdb"):
        (tmp_path / engine / "source").mkdir(parents=True)
        env = Served(tmp_path / engine / "source", tmp_path / engine / "home")
        for week in WEEKS:
            env.write(week)
            env.run("--engine", engine, "--max-rejects", "100%")
        found.append((env.clean("sales"), env.clean("stores"), env.database("select * from sales order by 1, 2, 3")))
    assert found[0] == found[1]
