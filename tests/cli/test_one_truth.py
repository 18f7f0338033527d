"""Commands, stages, locks and documented names are the same everywhere."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

from typer.main import get_command

from retailstream import stage_wiring
from retailstream.analytics.catalog import use_cases
from retailstream.cli.app import app
from retailstream.runs import TableRequest
from retailstream.stages import ORDER, TABLE

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "cli.md"
DAG = ROOT / "airflow" / "dags" / "retailstream_pipeline.py"
PLACES = ["monitor", "doctor", "sample", "analyze", "quarantine", "runs", "config", "backup", "restore", "run"]


def commands() -> list[str]:
    return list(getattr(get_command(app), "commands", {}))


def test_every_stage_is_a_command_and_every_other_command_is_known() -> None:
    assert commands()[: len(ORDER)] == list(ORDER)
    assert set(PLACES) <= set(commands())


def test_every_stage_is_wired_in_its_order_and_has_a_lock() -> None:
    assert list(stage_wiring.STAGES) == list(ORDER)
    assert list(stage_wiring.SCOPES) == [*ORDER, "run", "repair"]
    copies = {stage_wiring.locks_of(TABLE, TableRequest("t", target)) for target in ("a", "b")}
    assert (list(stage_wiring.BESIDE), len(copies)) == ([TABLE], 2)
    assert set(stage_wiring.SCOPES["run"]) == {scope for stage in ORDER for scope in stage_wiring.SCOPES[stage]}


def test_every_stage_is_a_file_with_one_public_run_and_the_name_of_its_command() -> None:
    for stage in (*ORDER, "monitor"):
        module = import_module(f"retailstream.stages.{stage.replace('-', '_')}")
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        functions = [name for name in own if callable(getattr(module, name)) and name.islower() and name[0] != "_"]
        assert "run" in functions
        assert stage == "monitor" or functions == ["run"]
        assert getattr(module, "STAGE", stage) == stage


def test_every_command_is_in_the_reference_and_the_reference_names_no_other() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    headed = re.findall(r"^#+ `?(?:retailstream )?([a-z-]+)(?: [a-z-]+)?`?$", text, re.MULTILINE)
    assert set(headed) == set(commands())


def test_every_use_case_is_a_command_of_analyze() -> None:
    group = getattr(get_command(app), "commands", {})["analyze"]
    context = group.make_context("analyze", ["list"])
    assert group.list_commands(context) == ["list", "all", *use_cases()]


def test_the_tasks_of_the_dag_are_the_stages_the_analyses_and_commands() -> None:
    """Read as text: Airflow is not installed here, and reads it as a DAG in `make airflow-test`."""
    tree = ast.parse(DAG.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    made = [call.args[0] for call in calls if getattr(call.func, "id", "") in {"command", "question"}]
    words = [str(word.value) for word in made if isinstance(word, ast.Constant)]
    assert sorted(words) == sorted([*ORDER, "analyze all", "forecast", "monitor", "runs show"])
    assert {word.split()[0] for word in words} <= set(commands())
    [analyses] = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and node.value and getattr(node.target, "id", "") == "ANALYSES"
    ]
    assert sorted(analyses) == sorted(use_cases())


def test_the_guide_to_airflow_names_the_stages_in_their_places() -> None:
    text = (ROOT / "docs" / "how-to" / "run-with-airflow.md").read_text()
    assert "ingest → glue-merge → load-rds → sqoop" in text
    assert all(word in text for word in (*ORDER, "monitor --check", "runs show", "forecast"))
