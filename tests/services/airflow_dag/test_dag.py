"""The DAG as Airflow reads it, with warnings as errors."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from retailstream.analytics.catalog import use_cases
from retailstream.cli.app import app
from retailstream.stages import ORDER

ROOT = Path(__file__).parents[3]
ANSWERS = {*(f"analyze.{name}" for name in use_cases()), "analyze.all", "forecast"}


@pytest.fixture(scope="module")
def facts(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("home")
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = subprocess.run(
        [python, "-W", "error", Path(__file__).with_name("facts.py"), ROOT / "airflow" / "dags"],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def tasks(facts: Any) -> Any:
    return facts["tasks"]


def test_every_task_is_a_command_and_every_stage_and_analysis_is_a_task(tasks: Any) -> None:
    assert set(tasks) == {*ORDER, *ANSWERS, "monitor", "runs.show"}
    for name, task in tasks.items():
        words = name.split(".")
        group = get_command(app)
        for word in words:
            group = group.get_command(group.make_context("it", [], resilient_parsing=True), word)  # type: ignore[attr-defined]
            assert group is not None, name
        assert f'}}" {" ".join(words)} --json --run-id' in task["command"]
        assert task["is_bash"]


def test_it_imports_nothing_of_ours(facts: Any) -> None:
    assert facts["imports"] == []


def test_tasks_follow_the_data(tasks: Any) -> None:
    after = {name: set(task["after"]) for name, task in tasks.items()}
    assert (after["ingest"], after["features"]) == (set(), set())
    assert (after["glue-merge"], after["load-rds"], after["sqoop"]) == ({"ingest"}, {"glue-merge"}, {"load-rds"})
    assert all(after[name] == {"sqoop", "features"} for name in ANSWERS)
    assert after["monitor"] == ANSWERS
    assert after["runs.show"] == ANSWERS | {"monitor"}


def test_joins_go_on_after_skipped_tasks_and_monitor_always_runs(tasks: Any) -> None:
    rules = {name: task["trigger_rule"] for name, task in tasks.items()}
    assert rules.pop("monitor") == "all_done"
    assert set(rules.values()) == {"none_failed"}


def test_only_transient_ends_are_tried_again(tasks: Any) -> None:
    for task in tasks.values():
        decisions = {int(code): action for code, action in task["decisions"].items()}
        assert decisions.pop(4) == decisions.pop(5) == "retry"
        assert set(decisions.values()) == {"fail"}
        assert task["retries"] >= 3
        assert (task["backoff"], task["retry_seconds"]) == (2.0, 60)


def test_every_task_has_a_limit_of_time_tells_of_its_failure_and_leaves_its_summary(facts: Any, tasks: Any) -> None:
    assert all(0 < task["timeout"] < facts["timeout"] for task in tasks.values())
    assert all(task["calls_back"] == 1 and task["pushes"] and task["appends"] for task in tasks.values())


def test_it_runs_once_a_week_one_run_at_a_time_and_makes_up_for_nothing(facts: Any) -> None:
    assert (facts["schedule"], facts["catchup"], facts["max_active_runs"]) == ("0 22 * * 5", False, 1)


def test_others_can_wait_for_each_store(tasks: Any) -> None:
    assert {name: task["outlets"] for name, task in tasks.items() if task["outlets"]} == {
        "glue-merge": ["retailstream_clean_sales", "retailstream_clean_stores"],
        "load-rds": ["retailstream_database"],
        "features": ["retailstream_features"],
        "sqoop": ["retailstream_warehouse"],
    }


def test_no_parameter_stands_in_a_command(facts: Any, tasks: Any) -> None:
    assert set(facts["params"]) == {"home", "source", "config", "engine"}
    assert not [task["command"] for task in tasks.values() if "{{" in task["command"] or "{%" in task["command"]]
