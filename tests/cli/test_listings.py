"""What `runs`, `config`, `quarantine`, `doctor` and `sample` say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from retailstream.cli.app import app
from retailstream.stages import ORDER
from tests.environment import SALES, copied, csv

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
    (known,) = small.command("quarantine", "show", form["id"], "--format", "json").document
    assert known == form | {"header": "Store,Dept,Date,Weekly_Sales,IsHoliday"}
    shown = small.command("quarantine", "show", form["id"]).stdout
    assert "oops" in shown
    assert form["id"] in shown
    assert "header   Store,Dept,Date,Weekly_Sales,IsHoliday\n" in shown
    assert {item["rule"] for item in items} == {"form", "superseded", "calendar", "not_null"}


def test_quarantine_list_and_show_escape_what_changes_a_terminal(env: Environment) -> None:
    odd = "\x1b[31mred\x07\u202e"
    env.write({"sales/a.csv": csv(f"{SALES},{odd}", f"1,1,05/02/2010,{odd},0,1"), "stores/a.csv": b"\xff\x1b,\n"})
    env.run("--max-rejects", "100%", code=3)
    (record, whole) = env.quarantine()
    shown = [env.command("quarantine", "show", entry["id"]).stdout for entry in (record, whole)]
    printed = [env.command("quarantine", "list").stdout, *shown]
    assert not {"\x1b", "\x07", "\u202e"} & set("".join(printed))
    assert all(r"\x1b[31mred\x07\u202e" in text for text in printed[:2])
    assert f"{SALES},\\x1b[31mred" in printed[1]
    assert r"header" in printed[2]
    assert record["value"] == odd


def test_withdraw_and_restore_say_what_they_did_and_what_comes_next(small: Environment, tmp_path: Path) -> None:
    env = copied(small, tmp_path)
    words = ("quarantine", "withdraw", "sales/2010-03.csv:1", "sales/2010-03.csv:2", "--reason", "no")

    plan = env.command(*words, "--dry-run").stdout.splitlines()
    assert plan == [
        "sales/2010-03.csv@1:1: 1 clean row of 2010-03",
        "sales/2010-03.csv@1:2: no clean row: later records of the same key took its place",
        "2 entries would be withdrawn",
    ]
    done = env.command(*words).stdout.splitlines()
    assert done[2:] == [
        "2 entries withdrawn",
        "hint: retailstream run makes every store without them; quarantine restore undoes it",
    ]
    assert "withdrawn" in env.command("quarantine", "list", "--all", "--rule", "withdrawn").stdout
    id_ = env.quarantine("--all", "--rule", "withdrawn")[0]["id"]
    assert env.command("quarantine", "restore", id_).stdout.splitlines() == [
        "1 entry restored",
        "hint: retailstream run takes them in again",
    ]
    assert env.command("quarantine", "restore", id_).stdout == "restored already\n"
    assert [entry["stage"] for entry in env.command("runs", "--format", "json").document][:3] == [
        "restore",
        "restore",
        "withdraw",
    ]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("withdraw", "sales/a.csv", "--reason", " "), "--reason is empty"),
        (("withdraw", "--reason", "no"), "nothing is named"),
        (("withdraw", "--reason", "no", "--key", "store=1"), "--dataset and --key go together"),
        (("withdraw", "--reason", "no", "--dataset", "sales"), "--dataset and --key go together"),
        (("withdraw", "--reason", "no", "--dataset", "tills", "--key", "store=1"), "'tills' is no dataset"),
        (
            ("withdraw", "--reason", "no", "--dataset", "sales", "--key", "store=1"),
            "'store=1' is no key of sales",
        ),
        (("withdraw", "sales/no.csv", "--reason", "no"), "no landed file is called 'sales/no.csv'"),
        (("restore", "sales/2010-03.csv"), "nothing withdrawn is called 'sales/2010-03.csv'"),
    ],
)
def test_withdraw_and_restore_name_what_is_wrong(small: Environment, words: tuple[str, ...], error: str) -> None:
    outcome = small.command("quarantine", *words)
    assert (outcome.exit_code, outcome.error) == (2, f"error: {error}")
    assert "hint: " in outcome.stderr


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
