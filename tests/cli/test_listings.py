"""What `runs`, `config`, `quarantine`, `doctor` and `sample` say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from retailstream.cli.app import app
from retailstream.stages import ORDER
from tests.environment import copied

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Environment


def test_runs_lists_the_newest_first_and_keeps_to_its_filters(small: Environment) -> None:
    entries = small.command("runs", "--format", "json").document
    assert [entry["stage"] for entry in entries][-6:] == [*reversed(ORDER), "run"]
    ingests = small.command("runs", "--stage", "ingest", "--format", "json").document
    assert {entry["stage"] for entry in ingests} == {"ingest"}
    assert len(small.command("runs", "--limit", "2", "--format", "json").document) == 2
    table = small.command("runs", "--limit", "1").stdout.splitlines()
    assert table[0].split()[:4] == ["started", "run", "stage", "attempt"]
    assert len(table) == 2


def test_runs_of_an_empty_home_are_none_and_leave_it_empty(env: Environment) -> None:
    assert env.command("runs").stdout == "no run is in the ledger yet\n"
    assert env.command("runs", "--format", "json").document == []
    assert not env.home.exists()


def test_runs_show_tells_all_of_one_run(small: Environment) -> None:
    text = small.command("runs", "show", "monday").stdout
    for stage in ORDER:
        assert f"{stage}: ok in " in text
    assert text.count("  attempt 1, ") == len(ORDER) + 1
    (ingest,) = [
        e for e in small.command("runs", "show", "monday", "--format", "json").document if e["stage"] == "ingest"
    ]
    assert len(ingest["inputs"]) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in ingest["inputs"])


def test_a_failed_run_shows_its_error(env: Environment) -> None:
    env.command("sqoop", "--run-id", "bad")
    text = env.command("runs", "show", "bad").stdout
    assert "sqoop: failed" in text
    assert "  table 'sales' is missing in sqlite:///" in text
    assert "exit code 1" in text


def test_config_show_names_the_layer_of_each_value_and_masks_secrets(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "my.toml"
    config.write_text("[database]\nurl = 'mysql://ann:s3cr:et@host/db'\n[engine]\nmemory = '1GB'\n[lake]\nraw = 'a'\n")
    monkeypatch.setenv("RETAILSTREAM__ENGINE__MEMORY", "2GB")

    outcome = env.command("config", "show", "--config", str(config), "--format", "json")

    values = {value["key"]: (value["value"], value["origin"]) for value in outcome.document}
    assert values["database.url"] == ("mysql://ann:***@host/db", f"file {config}")
    assert values["engine.memory"] == ("2GB", "environment")
    assert values["engine.name"] == ("duckdb", "default")
    assert values["lake.clean"] == (f"file://{env.home}/lake/clean", "default")
    assert "s3cr" not in env.command("config", "show", "--config", str(config)).stdout
    assert not env.home.exists()


def test_the_default_home_is_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = json.loads(CliRunner().invoke(app, ["config", "show", "--format", "json"]).stdout)
    assert f"file://{tmp_path}/.retailstream/warehouse" in [value["value"] for value in values]


def test_quarantine_list_and_show_tell_what_was_rejected(small: Environment) -> None:
    items = small.quarantine()
    (form,) = [item for item in items if item["rule"] == "form"]
    wanted = ("run_id", "dataset", "file", "record", "column", "value", "raw")
    assert [form[key] for key in wanted] == [
        "monday", "sales", "sales/2010-02.csv", 5, "weekly_sales", "oops", "1,2,12/02/2010,oops,TRUE",
    ]  # fmt: skip
    assert small.command("quarantine", "show", form["id"], "--format", "json").document == [form]
    shown = small.command("quarantine", "show", form["id"]).stdout
    assert "oops" in shown
    assert form["id"] in shown
    assert {item["rule"] for item in items} == {"form", "superseded", "calendar", "not_null"}


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--dataset", "sales"), 2),
        (("--rule", "form"), 1),
        (("--file", "features/2010-03.csv"), 1),
        (("--of-run", "monday"), 4),
        (("--of-run", "tuesday"), 0),
        (("--limit", "3"), 3),
        (("--dataset", "sales", "--rule", "calendar"), 0),
    ],
)
def test_quarantine_list_keeps_to_its_filters(small: Environment, words: tuple[str, ...], count: int) -> None:
    assert len(small.quarantine(*words)) == count
    last = small.command("quarantine", "list", *words).stdout.splitlines()[-1]
    assert last == {0: "no entry fits", 1: "1 entry"}.get(count, f"{count} entries")


def test_quarantine_list_tells_the_state_of_settled_entries(small: Environment, tmp_path: Path) -> None:
    env = copied(small, tmp_path)
    (form,) = env.quarantine("--rule", "form")
    env.stage("quarantine", "discard", form["id"], "--reason", "a test")
    header, *lines = env.command("quarantine", "list", "--all", "--dataset", "sales").stdout.splitlines()
    assert header.split()[:4] == ["id", "state", "file", "record"]
    assert {line.split()[0]: line.split()[1] for line in lines[:-1]}[form["id"]] == "discarded"
    assert "state" not in env.command("quarantine", "list").stdout.splitlines()[0].split()


def test_the_quarantine_of_a_home_without_one_is_empty(env: Environment) -> None:
    assert env.command("quarantine", "list").stdout == "the quarantine is empty\n"


def test_doctor_tries_every_part(small: Environment) -> None:
    found = {item["name"]: item["state"] for item in small.command("doctor", "--format", "json").document}
    assert {name for name, state in found.items() if state == "SKIPPED"} == {"source", "pushgateway", "metrics_file"}
    assert set(found.values()) == {"OK", "SKIPPED"}


def test_doctor_fails_where_a_part_does(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    env.home.mkdir()
    (env.home / "retail.db").write_bytes(b"none at all" * 100)
    monkeypatch.setenv("RETAILSTREAM__LAKE__CLEAN", "s4://bucket")
    monkeypatch.setenv("RETAILSTREAM__ENGINE__NAME", "glue")

    outcome = env.command("doctor", "--format", "json")

    assert outcome.exit_code == 1
    failed = {item["name"]: item["detail"] for item in outcome.document if item["state"] == "FAILED"}
    assert failed == {
        "lake.clean": "'s4://bucket' has no known scheme",
        "database": f"database {env.home / 'retail.db'} failed: file is not a database",
        "engine": "engine.glue_job is not set",
    }


@pytest.mark.parametrize("engine", ["sqoop", "spark"])
def test_doctor_tries_the_engines_of_questions_and_of_transfers(
    small: Environment, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("RETAILSTREAM__ANALYZE__ENGINE", "hive")
    monkeypatch.setenv("RETAILSTREAM__SQOOP__ENGINE", engine)

    outcome = small.command("doctor", "--format", "json")

    assert outcome.exit_code == 1
    assert {item["name"]: item["detail"] for item in outcome.document if item["state"] == "FAILED"} == {
        "analyze": f"engine 'hive' asks a hive:// warehouse, and warehouse.url is file://{small.home}/warehouse",
        "sqoop": f"engine '{engine}' reads MySQL and MariaDB, and database.url is sqlite:///{small.home}/retail.db",
    }


def test_doctor_names_a_home_that_cannot_be_made(env: Environment) -> None:
    env.home.write_text("a file where the folder should be")
    outcome = env.command("doctor", "--format", "json")
    assert {item["name"]: item["state"] for item in outcome.document}["home"] == "FAILED"


def test_a_sample_goes_through_the_whole_pipeline(env: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "chain"
    words = ("sample", str(folder), "--stores", "2", "--depts", "3", "--weeks", "6", "--seed", "5")
    outcome = env.command(*words, "--json")

    assert outcome.exit_code == 0
    document = outcome.document
    assert (document["stage"], document["status"], document["outputs"]) == ("sample", "ok", [str(folder)])
    summary = env.stage("run", "--source", str(folder))
    assert {name: counts["rows_out"] for name, counts in summary["datasets"].items()} == {
        name: counts["rows_out"] for name, counts in document["datasets"].items()
    }
    assert env.command(*words).exit_code == 2


def test_a_spoilt_sample_says_so(env: Environment, tmp_path: Path) -> None:
    words = ("--stores", "2", "--depts", "3", "--weeks", "20", "--dirty", "0.1")
    outcome = env.command("sample", str(tmp_path / "chain"), *words)
    assert re.search(r"\n[0-9,]+ records are spoilt; .*manifest\.json says which and how\n", outcome.stdout)
