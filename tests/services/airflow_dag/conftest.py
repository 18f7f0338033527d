from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stack.progress import MissingError
from stack.servers.airflow import install
from tests.processes import wait_until
from tests.services.airflow_dag.homes import CLI, ROOT, cli
from tests.services.airflow_dag.server import PIPELINE, Airflow, Receiver, Run
from tests.services.servers import package, require

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = ROOT.parent / "shared" / "datasets" / "retail"


def stack(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line of a stack."""
    return subprocess.run(
        [sys.executable, "-m", "stack", *words],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of Airflow's own environment."""
    package("supervisor")
    try:
        return install() / "python"
    except MissingError as error:
        require(there=False, missing=f"Airflow cannot be installed: {error}")
        raise


@pytest.fixture(scope="session")
def airflow(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """An Airflow that is up, with the pipeline paused, and with a DAG that waits for it."""
    assert python.exists()
    folder = tmp_path_factory.mktemp("airflow")
    shutil.copytree(ROOT / "airflow" / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(Path(__file__).parent / "dags", folder / "dags", dirs_exist_ok=True)
    alerts = Receiver()
    variables = {
        "RETAILSTREAM_STACK": str(folder / "s"),
        "RETAILSTREAM_DAGS": str(folder / "dags"),
        "RETAILSTREAM_CLI": str(CLI),
        "RETAILSTREAM_HOME": str(folder / "home"),
        "RETAILSTREAM_SOURCE": str(folder / "nothing"),
        "RETAILSTREAM_RETRY_SECONDS": "2",
        "RETAILSTREAM_ALERT_URL": alerts.url,
    }
    done = stack("up", "airflow", **variables)
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        lines = (folder / "s" / "env").read_text().splitlines()
        given = dict(line.replace("'", "").split("=", 1) for line in lines)
        yield Airflow(folder / "s", given["AIRFLOW_URL"], given["AIRFLOW_PASSWORD"], alerts)
    finally:
        stack("down", **variables)
        alerts.close()


@pytest.fixture(scope="session")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real set; where that is not there, a synthetic chain of the same size."""
    if REAL.is_dir():
        return REAL
    folder = tmp_path_factory.mktemp("drop") / "source"
    subprocess.run([CLI, "sample", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def plain(folder: Path, drop: Path) -> Path:
    """The home that `retailstream run` makes of the same files."""
    cli("run", "--source", drop, "--home", folder / "plain")
    return folder / "plain"


@pytest.fixture(scope="session")
def scheduled(airflow: Airflow) -> Run:
    """The run that begins by itself once the DAG is no longer paused: that of the latest Friday."""
    airflow.api("PATCH", f"/dags/{PIPELINE}", {"is_paused": False})
    wait_until(airflow.runs, airflow.runs)
    [found] = airflow.runs()
    run = Run(airflow, found["dag_run_id"])
    run.ended()
    return run


@pytest.fixture(scope="session")
def first(airflow: Airflow, scheduled: Run, folder: Path, drop: Path) -> Run:
    """A run over the whole set that was triggered and has ended."""
    assert scheduled
    run = airflow.trigger(home=folder / "home", source=drop)
    run.ended()
    return run
