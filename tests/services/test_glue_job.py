"""The job as Glue would run it: its Python, its Spark, its arguments, here on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.environment import SALES, STORES, csv
from tests.services.servers import INSTALLED, require

if TYPE_CHECKING:
    from tests.environment import Environment, Summary
    from tests.services.mariadb import MariaDb
    from tests.services.s3_server import S3Server

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = INSTALLED.parent / "spark35" / "bin" / "python"


def run_job(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    require(PYTHON.exists(), f"{PYTHON} is missing: make services")
    script = str(ROOT / "retailstream" / "aws" / "glue_job.py")
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": str(PYTHON)}
    command = [str(PYTHON), script, "--JOB_NAME", "merge", "--job-bookmark-option", "job-bookmark-disable", *words]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def words(
    env: Environment, mariadb: MariaDb, database_name: str, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The arguments of the job, for buckets and a database that the environment has, too."""
    raw, clean, url = s3.new_bucket(), s3.new_bucket(), mariadb.url(database_name)
    monkeypatch.setenv("RETAILSTREAM__LAKE__RAW", f"s3://{raw}")
    monkeypatch.setenv("RETAILSTREAM__LAKE__CLEAN", f"s3://{clean}")
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", url)
    env.write(
        {
            "sales/w.csv": csv(SALES, "1,1,05/02/2010,1.10,FALSE", "1,2,2010-03-05,x,TRUE"),
            "stores/s.csv": csv(STORES, "1,A,2"),
        }
    )
    env.stage("ingest", "--source", str(env.source))
    return [f"--raw=s3://{raw}", "--clean", f"s3://{clean}", "--database", url]


def test_the_job_merges_as_the_command_line_does_and_enters_itself(
    env: Environment, words: list[str], tmp_path: Path
) -> None:
    done = run_job(tmp_path, *words, "--run_id", "r1", "--max_rejects", "1")
    assert done.returncode == 0, done.stderr
    summary: Summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["status"], summary["rows_out"], summary["rows_quarantined"]) == ("ok", 2, 1)

    (entry,) = env.command("runs", "show", "r1", "--format", "json").document
    assert entry["summary"] | {"seconds": 0} == summary | {"seconds": 0}
    assert [item["rule"] for item in env.quarantine()] == ["form"]
    assert env.stage("glue-merge")["status"] == "noop"
    env.run("--from", "load-rds")
    assert [name for name in env.failing() if name.startswith("reconcile")] == []


def test_a_job_that_fails_ends_with_an_error_that_has_the_exit_code(words: list[str], tmp_path: Path) -> None:
    done = run_job(tmp_path, *words, "--run_id", "r1", "--max_rejects", "0")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["rows_quarantined"] == 1
    assert "JobFailedError: [exit 3] 1 of 2 sales records are rejected, the limit is 0" in done.stderr.splitlines()[-1]
