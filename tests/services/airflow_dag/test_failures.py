"""Runs of the pipeline that fail, by a real Airflow: what is tried again, what goes on, and what heals them."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from retailstream.landings import Scope
from retailstream.locks import Holder, hold
from tests.processes import wait_until
from tests.services.airflow_dag.homes import Entry, ends, entries, rows, write
from tests.services.airflow_dag.server import PIPELINE, Airflow, Run
from tests.services.airflow_dag.test_dag import ANSWERS

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_that_was_not_asked_for_is_that_of_the_latest_friday_and_a_missing_drop_is_not_tried_again(
    airflow: Airflow, scheduled: Run
) -> None:
    """Exit code 2 for both tasks that read the drop; a command line that is wrong is no run of the ledger."""
    assert scheduled.id.startswith("scheduled__")
    assert datetime.fromisoformat(scheduled.id.removeprefix("scheduled__")).isoweekday() == 5
    states, tasks = scheduled.states(), scheduled.tasks()
    assert (states.pop("ingest"), states.pop("features")) == ("failed", "failed")
    assert (tasks["ingest"]["try_number"], tasks["features"]["try_number"]) == (1, 1)
    assert ends(airflow.folder.with_name("home"), scheduled) == []
    assert states.pop("monitor") == "failed"  # there are no sales
    assert set(states.values()) == {"upstream_failed"}
    assert scheduled.state == "failed"
    assert airflow.alerts.tasks(scheduled.id) == ["features", "ingest", "monitor"]


HOSTILE = "a $(cd $AIRFLOW_HOME; touch one) '; cd $AIRFLOW_HOME; touch two; ' {{ 7*7 }} \n *"
"""A name of a folder that bash and Jinja would take for code, if they were given it as such."""


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_the_hostile_name_does_harm_where_it_is_taken_for_code(tmp_path: Path, quote: str) -> None:
    code = f"echo {quote}{HOSTILE}{quote}"
    subprocess.run(["bash", "-c", code], env={"AIRFLOW_HOME": str(tmp_path)}, check=False, stdout=subprocess.DEVNULL)
    assert {path.name for path in tmp_path.iterdir()} & {"one", "two"}


def test_too_many_rejects_stop_the_run_and_no_parameter_is_taken_for_code(
    airflow: Airflow, scheduled: Run, folder: Path
) -> None:
    assert scheduled
    place = folder / "-hostile" / HOSTILE
    home, source, config = place / "home", place / "source", place / "--help.toml"
    write(source, ["1,1,2012-10-26,24924.50,FALSE", "1,2,2012-10-26,much,FALSE"])
    config.write_text('[quality]\nmax_rejects = "7%"\n')

    run = airflow.trigger(home=home, source=source, config=config)

    assert run.ended() == "failed"
    states = run.states()
    assert (states["ingest"], states["features"]) == ("success", "skipped")
    assert (states["glue-merge"], states["monitor"]) == ("failed", "failed")
    assert {states[name] for name in (*ANSWERS, "runs.show", "load-rds", "sqoop")} == {"upstream_failed"}
    assert airflow.alerts.tasks(run.id) == ["glue-merge", "monitor"]
    assert ends(home, run) == [("features", 1, "noop", 0), ("glue-merge", 1, "failed", 3), ("ingest", 1, "ok", 0)]
    assert ["7%" in str(entry.error) for entry in entries(home, run) if entry.stage == "glue-merge"] == [True]
    assert [path.name for path in airflow.folder.rglob("*") if path.name in {"one", "two"}] == []
    assert {path.name for path in place.iterdir()} == {"home", "source", "--help.toml"}


@pytest.mark.parametrize(
    "conf", [{"home": "here"}, {"source": "drop"}, {"config": "--help"}, {"engine": "duckdb; touch x"}, {"home": ""}]
)
def test_parameters_of_a_wrong_form_begin_no_run(airflow: Airflow, scheduled: Run, conf: dict[str, str]) -> None:
    assert scheduled
    [name] = conf
    told = airflow.refuses("POST", f"/dags/{PIPELINE}/dagRuns", {"logical_date": None, "conf": conf})
    assert name in told


def gap(before: Entry, after: Entry) -> float:
    """Return the seconds between two attempts."""
    return (datetime.fromisoformat(after.started_at) - datetime.fromisoformat(str(before.ended_at))).total_seconds()


def killed_midway(home: Path, run: Run) -> None:
    """Kill the process of `glue-merge` as soon as the ledger says that it is at work."""

    def at_work() -> list[Entry]:
        return [entry for entry in entries(home, run) if (entry.stage, entry.status) == ("glue-merge", "running")]

    [entry] = wait_until(at_work, lambda: entries(home, run), seconds=180, every=0.01)
    os.kill(entry.process_id, signal.SIGKILL)


def test_a_held_lock_is_waited_for_and_a_killed_task_succeeds_once_it_is_cleared(
    airflow: Airflow, scheduled: Run, folder: Path, plain: Path, drop: Path
) -> None:
    assert scheduled
    home = folder / "disturbed"
    waited_for = [("ingest", 1, "failed", 5), ("ingest", 2, "failed", 5)]
    with hold(home / "locks", [Scope.SALES_AND_STORES], Holder("the-test", "test", "now")):
        run = airflow.trigger(home=home, source=drop)
        wait_until(
            lambda: [end for end in ends(home, run) if end[0] == "ingest"] == waited_for, run.states, seconds=180
        )
    killed_midway(home, run)

    assert run.ended() == "failed"
    assert run.states()["glue-merge"] == "failed"
    attempts = [entry for entry in entries(home, run) if entry.stage == "ingest"]
    waits = [gap(before, after) for before, after in pairwise(attempts)]
    assert len(waits) == 2
    assert waits[0] >= 2
    assert waits[1] >= 4

    run.clear("glue-merge")

    assert run.ended() == "success"
    assert set(run.states().values()) == {"success"}
    found = ends(home, run)
    assert [end for end in found if end[0] == "ingest"] == [*waited_for, ("ingest", 3, "ok", 0)]
    killed = ("glue-merge", 1, "killed", None)
    assert [end for end in found if end[0] == "glue-merge"] == [killed, ("glue-merge", 2, "ok", 0)]
    assert rows(home) == rows(plain)
