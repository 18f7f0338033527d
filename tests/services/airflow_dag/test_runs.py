"""Runs of the pipeline that go well, by a real Airflow: what their tasks leave behind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from retailstream.stages import ORDER
from tests.processes import wait_until
from tests.services.airflow_dag.conftest import REAL
from tests.services.airflow_dag.homes import cli, ends, rows, write
from tests.services.airflow_dag.server import PIPELINE, Airflow, Run
from tests.services.airflow_dag.test_dag import ANSWERS

NOT_STAGES = {*ANSWERS, "monitor", "runs.show"}


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
    assert ends(folder / "home", first) == sorted((stage, 1, "ok", 0) for stage in ORDER)


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

    def begun_by(run: dict[str, Any]) -> list[tuple[str, str]]:
        found = airflow.api("GET", f"/dags/{dag}/dagRuns/{run['dag_run_id']}/upstreamAssetEvents")["asset_events"]
        return [(event["source_task_id"], event["source_run_id"]) for event in found]

    def states() -> list[str]:
        return [run["state"] for run in airflow.runs(dag) if ("glue-merge", first.id) in begun_by(run)]

    wait_until(lambda: states() == ["success"], states, every=1)


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
    assert ends(folder / "home", run) == sorted((stage, 1, "noop", 0) for stage in ORDER)
    assert rows(folder / "home") == before
    assert airflow.alerts.tasks(run.id) == []


def test_a_given_week_can_be_made_up_for(airflow: Airflow, scheduled: Run, folder: Path) -> None:
    """A backfill of the last week of October 2012 takes the drop of that Friday, and no other."""
    assert scheduled
    for week in ("2012-10-19", "2012-10-26"):
        write(folder / "drops" / week, [f"1,1,{week},24924.50,FALSE"], name=week)
    body = {
        "dag_id": PIPELINE,
        "from_date": "2012-10-26T00:00:00Z",
        "to_date": "2012-10-27T00:00:00Z",
        "max_active_runs": 1,
        "dag_run_conf": {"home": str(folder / "backfill"), "source": str(folder / "drops" / "{week}")},
    }
    airflow.api("POST", "/backfills", body)
    wait_until(lambda: [run for run in airflow.runs() if run["run_type"] == "backfill"], airflow.runs)
    [found] = [run for run in airflow.runs() if run["run_type"] == "backfill"]
    run = Run(airflow, found["dag_run_id"])
    assert run.ended() == "success"
    assert found["logical_date"].startswith("2012-10-26T22:00:00")
    assert [row[2] for row in rows(folder / "backfill") if len(row) > 3] == ["2012-10-26"]
