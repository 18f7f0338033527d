"""Runs of the pipeline by a real Airflow: what its tasks leave behind, and what becomes of each kind of failure."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from retailstream.landings import Scope
from retailstream.locks import Holder, hold
from retailstream.stages import ORDER
from tests.services.airflow_dag.conftest import CLI, REAL
from tests.services.airflow_dag.server import PIPELINE, Airflow, Run, wait_until
from tests.services.airflow_dag.test_dag import ANSWERS

SALES, STORES = "Store,Dept,Date,Weekly_Sales,IsHoliday", "Store,Type,Size"
NOT_STAGES = {*ANSWERS, "monitor", "runs.show"}


def cli(*words: str | Path, code: int = 0) -> Any:
    """Run a command outside of Airflow, and return its JSON."""
    done = subprocess.run([CLI, *words, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def entries(home: Path, run: Run) -> list[tuple[str, int, str, int | None]]:
    """Return what the ledger has of a run: stage, attempt, status and exit code, in order."""
    found = cli("runs", "show", run.id, "--home", home)["items"]
    return [(item["stage"], item["attempt"], item["status"], item["exit_code"]) for item in found]


def rows(home: Path) -> list[tuple[Any, ...]]:
    """Return all rows of the relational database."""
    queries = ("select * from sales order by store, dept, date", "select * from stores order by store")
    with closing(sqlite3.connect(f"file:{home / 'retail.db'}?mode=ro", uri=True)) as connection:
        return [row for query in queries for row in connection.execute(query)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def plain(folder: Path, drop: Path) -> Path:
    """The home that `retailstream run` makes of the same files."""
    cli("run", "--source", drop, "--home", folder / "plain")
    return folder / "plain"


@pytest.fixture(scope="module")
def scheduled(airflow: Airflow) -> Run:
    """The run that begins by itself once the DAG is no longer paused: that of the latest Friday."""
    airflow.api("PATCH", f"/dags/{PIPELINE}", {"is_paused": False})
    wait_until(airflow.runs, 60, airflow.runs)
    [found] = airflow.runs()
    run = Run(airflow, found["dag_run_id"])
    run.ended()
    return run


@pytest.fixture(scope="module")
def first(airflow: Airflow, scheduled: Run, folder: Path, drop: Path) -> Run:
    """A run over the whole set that was triggered and has ended."""
    assert scheduled
    run = airflow.trigger(home=folder / "home", source=drop)
    run.ended()
    return run


def test_a_run_that_was_not_asked_for_is_that_of_the_latest_friday_and_a_missing_drop_is_not_tried_again(
    airflow: Airflow, scheduled: Run
) -> None:
    """Exit code 2 for both tasks that read the drop."""
    assert scheduled.id.startswith("scheduled__")
    assert datetime.fromisoformat(scheduled.id.removeprefix("scheduled__")).isoweekday() == 5
    tasks = scheduled.tasks()
    ends = {name: tasks[name]["state"] for name in tasks}
    assert (ends.pop("ingest"), ends.pop("features")) == ("failed", "failed")
    assert tasks["ingest"]["try_number"] == tasks["features"]["try_number"] == 1
    assert "exit code 2" in scheduled.log("ingest")
    assert ends.pop("monitor") == "failed"  # the last run of ingest did not end well
    assert set(ends.values()) == {"upstream_failed"}
    assert scheduled.state == "failed"
    assert airflow.alerts.tasks(scheduled.id) == ["features", "ingest", "monitor"]


def test_a_week_goes_through_every_task(first: Run) -> None:
    assert set(first.states()) == {*ORDER, *NOT_STAGES}
    assert set(first.states().values()) == {"success"}
    assert first.state == "success"


def test_every_task_leaves_its_summary_with_the_run_id_of_airflow(first: Run) -> None:
    summaries = {name: first.summary(name) for name in first.states()}
    assert {summary["run_id"] for summary in summaries.values()} == {first.id}
    for name, summary in summaries.items():
        assert summary["stage"] in {name, name.split(".")[0], name.replace(".", " ")}
    assert {summaries[name]["status"] for name in ORDER} == {"ok"}
    assert summaries["monitor"]["healthy"] is True
    assert summaries["glue-merge"]["rows_out"] > 100_000
    assert [item["stage"] for item in summaries["runs.show"]["items"]].count("ingest") == 1


def test_the_ledger_has_the_run_id_of_airflow(first: Run, folder: Path) -> None:
    assert sorted(entries(folder / "home", first)) == sorted((stage, 1, "ok", 0) for stage in ORDER)


def test_the_data_and_the_answers_are_those_of_one_plain_run(first: Run, folder: Path, plain: Path, drop: Path) -> None:
    assert first.state == "success"
    loaded = rows(folder / "home")
    assert loaded == rows(plain)
    assert drop != REAL or len(loaded) == 421_570 + 45

    cli("analyze", "all", "--output", folder / "answers", "--home", plain)
    cli("forecast", "--output", folder / "answers" / "forecast.csv", "--home", plain)
    expected = {path.name: path.read_bytes() for path in (folder / "answers").iterdir()}
    assert len(expected) == 11
    assert {path.name: path.read_bytes() for path in (folder / "home" / "answers").iterdir()} == expected
    assert (folder / "home" / "report" / "index.html").is_file()


def test_another_dag_begins_when_there_are_clean_sales(airflow: Airflow, first: Run) -> None:
    assert first.state == "success"
    dag = "waits_for_clean_data"
    wait_until(lambda: [run["state"] for run in airflow.runs(dag)] == ["success"], 60, lambda: airflow.runs(dag))
    [run] = airflow.runs(dag)
    found = airflow.api("GET", f"/dags/{dag}/dagRuns/{run['dag_run_id']}/upstreamAssetEvents")["asset_events"]
    assert [(event["source_task_id"], event["source_run_id"]) for event in found] == [("glue-merge", first.id)]


def test_every_listener_is_on_loopback(airflow: Airflow, first: Run) -> None:
    """Airflow's log servers would listen to everyone; logs are read from the disk instead."""
    assert "exec" in first.log("monitor")
    mark = f"RETAILSTREAM_STACK_PROCESS={airflow.folder}".encode()
    listening: dict[str, str] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listening[fields[9]] = fields[1]
    found = set()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            links = environ.parent.glob("fd/*") if mark in environ.read_bytes().split(b"\0") else ()
            inodes = [re.fullmatch(r"socket:\[([0-9]+)\]", str(link.readlink())) for link in links]
        except OSError:
            continue
        found |= {listening[inode[1]] for inode in inodes if inode and inode[1] in listening}
    assert found == {f"0100007F:{int(airflow.url.rpartition(':')[2]):04X}"}


def test_a_second_run_skips_the_stages_and_asks_again(airflow: Airflow, first: Run, folder: Path, drop: Path) -> None:
    assert first.state == "success"
    before = rows(folder / "home")
    run = airflow.trigger(home=folder / "home", source=drop)
    assert run.ended() == "success"
    states = run.states()
    assert {states[name] for name in ORDER} == {"skipped"}
    assert {states[name] for name in NOT_STAGES} == {"success"}
    assert sorted(entries(folder / "home", run)) == sorted((stage, 1, "noop", 0) for stage in ORDER)
    assert rows(folder / "home") == before
    assert airflow.alerts.tasks(run.id) == []


HOSTILE = "a b; touch $AIRFLOW_HOME/one $(touch $AIRFLOW_HOME/two) `touch $AIRFLOW_HOME/three` ' \" {{ 7*7 }} \n *"
"""A name of a folder that bash and Jinja would take for code, if they were given it as such."""


def test_too_many_rejects_stop_the_run_and_no_parameter_is_taken_for_code(airflow: Airflow, folder: Path) -> None:
    place = folder / "-hostile" / HOSTILE.replace("/", "\N{DIVISION SLASH}")
    home, source, config = place / "home", place / "source", place / "--help.toml"
    for name, lines in {
        "sales/week.csv": [SALES, "1,1,2012-10-26,24924.50,FALSE", "1,2,2012-10-26,much,FALSE"],
        "stores/stores.csv": [STORES, "1,A,151315"],
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("".join(f"{line}\n" for line in lines))
    (source / "features").mkdir()
    config.write_text('[quality]\nmax_rejects = "7%"\n')

    run = airflow.trigger(home=home, source=source, config=config)

    assert run.ended() == "failed"
    tasks = run.tasks()
    assert (tasks["ingest"]["state"], tasks["features"]["state"]) == ("success", "skipped")
    assert (tasks["glue-merge"]["state"], tasks["glue-merge"]["try_number"]) == ("failed", 1)
    log = run.log("glue-merge")
    assert "exit code 3" in log
    assert "7%" in log
    assert tasks["monitor"]["state"] == "failed"
    after = {*NOT_STAGES, "load-rds", "sqoop"} - {"monitor"}
    assert {tasks[name]["state"] for name in after} == {"upstream_failed"}
    assert airflow.alerts.tasks(run.id) == ["glue-merge", "monitor"]
    assert sorted(entries(home, run)) == [
        ("features", 1, "noop", 0),
        ("glue-merge", 1, "failed", 3),
        ("ingest", 1, "ok", 0),
    ]
    assert [path.name for path in airflow.folder.rglob("*") if path.name in {"one", "two", "three"}] == []
    assert {path.name for path in place.iterdir()} == {"home", "source", "--help.toml"}


@pytest.mark.parametrize(
    "conf", [{"home": "here"}, {"source": "drop"}, {"config": "--help"}, {"engine": "duckdb; touch x"}, {"home": ""}]
)
def test_parameters_of_a_wrong_form_begin_no_run(airflow: Airflow, scheduled: Run, conf: dict[str, str]) -> None:
    assert scheduled
    [name] = conf
    told = airflow.refuses("POST", f"/dags/{PIPELINE}/dagRuns", {"logical_date": None, "conf": conf})
    assert name in told


def gap(before: dict[str, Any], after: dict[str, Any]) -> float:
    """Return the seconds between two tries of a task."""
    return (datetime.fromisoformat(after["start_date"]) - datetime.fromisoformat(before["end_date"])).total_seconds()


def killed_midway(home: Path) -> None:
    """Kill the process of `glue-merge` as soon as the ledger says that it is at work."""
    found: list[tuple[int]] = []

    def at_work() -> bool:
        path = home / "state.db"
        if path.exists():
            with closing(sqlite3.connect(path, timeout=10)) as connection:
                query = "select process_id from runs where stage = 'glue-merge' and status = 'running'"
                found[:] = connection.execute(query).fetchall()
        return bool(found)

    wait_until(at_work, 60, lambda: "glue-merge was never seen at work", every=0.01)
    os.kill(found[0][0], signal.SIGKILL)


def test_a_held_lock_is_waited_for_and_a_killed_task_succeeds_once_it_is_cleared(
    airflow: Airflow, scheduled: Run, folder: Path, plain: Path, drop: Path
) -> None:
    assert scheduled
    home = folder / "disturbed"
    with hold(home / "locks", [Scope.SALES_AND_STORES], Holder("the-test", "test", "now")):
        run = airflow.trigger(home=home, source=drop)
        wait_until(lambda: len(run.tries("ingest")) == 3, 90, run.states)
    killed_midway(home)

    assert run.ended() == "failed"
    tries = run.tries("ingest")
    assert [tried["state"] for tried in tries] == ["failed", "failed", "success"]
    waits = [gap(before, after) for before, after in pairwise(tries)]
    assert waits[0] >= 2
    assert waits[1] >= 4
    assert run.states()["glue-merge"] == "failed"
    assert run.tasks()["glue-merge"]["try_number"] == 1

    run.clear("glue-merge")

    assert run.ended() == "success"
    assert set(run.states().values()) == {"success"}
    found = entries(home, run)
    assert [entry for entry in found if entry[0] == "ingest"] == [
        ("ingest", 1, "failed", 5),
        ("ingest", 2, "failed", 5),
        ("ingest", 3, "ok", 0),
    ]
    assert [entry for entry in found if entry[0] == "glue-merge"] == [
        ("glue-merge", 1, "killed", None),
        ("glue-merge", 2, "ok", 0),
    ]
    assert rows(home) == rows(plain)


def test_a_given_week_can_be_made_up_for(airflow: Airflow, scheduled: Run, folder: Path) -> None:
    """A backfill of the last week of October 2012 takes the drop of that Friday, and no other."""
    assert scheduled
    for week in ("2012-10-19", "2012-10-26"):
        for name, lines in {
            "sales": [SALES, f"1,1,{week},24924.50,FALSE"],
            "stores": [STORES, "1,A,151315"],
        }.items():
            path = folder / "drops" / week / name / f"{name}-{week}.csv"
            path.parent.mkdir(parents=True)
            path.write_text("".join(f"{line}\n" for line in lines))
        (folder / "drops" / week / "features").mkdir()
    body = {
        "dag_id": PIPELINE,
        "from_date": "2012-10-26T00:00:00Z",
        "to_date": "2012-10-27T00:00:00Z",
        "max_active_runs": 1,
        "dag_run_conf": {"home": str(folder / "backfill"), "source": str(folder / "drops" / "{week}")},
    }
    airflow.api("POST", "/backfills", body)
    wait_until(lambda: [run for run in airflow.runs() if run["run_type"] == "backfill"], 60, airflow.runs)
    [found] = [run for run in airflow.runs() if run["run_type"] == "backfill"]
    run = Run(airflow, found["dag_run_id"])
    assert run.ended() == "success"
    assert found["logical_date"].startswith("2012-10-26T22:00:00")
    assert [row[2] for row in rows(folder / "backfill") if len(row) > 3] == ["2012-10-26"]
