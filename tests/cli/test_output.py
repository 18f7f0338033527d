"""What goes to stdout, what to stderr, and how it looks on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from retailstream import stage_wiring
from retailstream.cli.app import app
from retailstream.errors import TransientError
from tests.cli.test_usage import KEYS
from tests.environment import SALES, csv
from tests.resume.drops import FIRST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Environment

COUNTS = KEYS[5:15]
ESCAPE = "\x1b["
MAIN = "from retailstream.cli.app import main; main()"


def on_a_terminal(words: list[str], **variables: str) -> str:
    """Return what a command shows on a terminal, stderr too."""
    primary, secondary = pty.openpty()
    environment = {
        name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "CI", "GITHUB_ACTIONS"}
    }
    environment |= {"TERM": "xterm-256color", "COLUMNS": "120", **variables}
    command = [sys.executable, "-c", MAIN, *words]
    process = subprocess.Popen(command, stdin=secondary, stdout=secondary, stderr=secondary, env=environment)
    os.close(secondary)
    shown = b""
    try:
        while data := os.read(primary, 65536):
            shown += data
    except OSError:  # Linux says so that the other side has closed
        pass
    os.close(primary)
    assert process.wait() == 0, shown
    return shown.decode()


@pytest.mark.slow
def test_a_terminal_gets_tables_and_progress_in_colour(small: Environment, tmp_path: Path) -> None:
    shown = on_a_terminal(
        ["run", "--source", str(small.source), "--max-rejects", "60%", "--home", str(tmp_path / "home")]
    )
    assert ESCAPE in shown
    assert "─────" in shown
    assert re.search(r"(reading|writing|landing)", shown)
    assert "glue-merge" in shown


def test_a_terminal_without_colour_gets_none(small: Environment) -> None:
    shown = on_a_terminal(["monitor", "--home", str(small.home)], NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9]", shown)
    assert "reconcile_sales_database" in shown


@pytest.mark.slow
def test_json_on_a_terminal_has_no_escapes_and_no_progress_in_its_line(small: Environment) -> None:
    shown = on_a_terminal(["monitor", "--json", "--home", str(small.home)])
    assert json.loads(shown.splitlines()[-1])["stage"] == "monitor"


@pytest.mark.parametrize(
    "words",
    [
        ("runs",),
        ("runs", "show", "monday"),
        ("monitor",),
        ("doctor",),
        ("config", "show"),
        ("quarantine", "list"),
        ("quarantine", "list", "--all"),
        ("analyze", "list"),
        ("analyze", "monthly-sales"),
        ("run", "--dry-run", "--source", "SOURCE"),
    ],
    ids=" ".join,
)
def test_what_is_piped_is_plain(small: Environment, words: tuple[str, ...]) -> None:
    outcome = small.command(*(str(small.source) if word == "SOURCE" else word for word in words))
    assert outcome.exit_code == 0
    assert "\x1b" not in outcome.stdout + outcome.stderr
    assert not set("┃│━─╭") & set(outcome.stdout)
    assert outcome.stdout.strip()
    assert outcome.stderr == ""


@pytest.mark.slow
def test_every_stage_prints_one_json_object_with_all_keys(env: Environment) -> None:
    env.write(FIRST)
    for stage in stage_wiring.STAGES:
        source = ["--source", str(env.source)] if stage in {"ingest", "features"} else []
        words = [*source, *(["--max-rejects", "60%"] if stage in {"glue-merge", "features"} else [])]
        outcome = env.command(stage, *words, "--json", "--run-id", "r1")
        assert outcome.exit_code == 0, outcome.stderr
        assert len(outcome.stdout.splitlines()) == 1
        document = outcome.document
        assert list(document) == KEYS
        assert (document["stage"], document["run_id"], document["status"]) == (stage, "r1", "ok")
        for count in COUNTS:
            assert document[count] == sum(counts[count] for counts in document["datasets"].values())
        assert list(next(iter(document["datasets"].values()))) == COUNTS


def test_run_prints_one_object_that_holds_those_of_its_stages(small: Environment) -> None:
    outcome = small.command("run", "--source", str(small.source), "--json")
    assert len(outcome.stdout.splitlines()) == 1
    document = outcome.document
    assert list(document) == [*KEYS, "stages", "health"]
    assert [stage["stage"] for stage in document["stages"]] == list(stage_wiring.STAGES)
    assert all(list(stage) == KEYS for stage in document["stages"])


@pytest.mark.parametrize(
    "words",
    [
        ("monitor",),
        ("doctor",),
        ("config", "show"),
        ("runs",),
        ("runs", "show", "monday"),
        ("quarantine", "list"),
        ("analyze", "list"),
    ],
    ids=" ".join,
)
def test_listings_print_their_json_object_too(small: Environment, words: tuple[str, ...]) -> None:
    outcome = small.command(*words, "--json")
    assert outcome.exit_code == 0
    assert len(outcome.stdout.splitlines()) == 1
    assert list(outcome.document)[: len(KEYS)] == KEYS
    assert outcome.document["stage"] == " ".join(words[:2] if words[-1] in {"show", "list", "monday"} else words)
    assert outcome.document.get("items", outcome.document.get("checks"))


@pytest.mark.parametrize(
    "words", [("doctor",), ("config", "show"), ("runs",), ("quarantine", "list"), ("analyze", "list")]
)
def test_listings_print_an_array_with_format_json(small: Environment, words: tuple[str, ...]) -> None:
    items = small.command(*words, "--format", "json").document
    assert isinstance(items, list)
    assert {type(item) for item in items} == {dict}


def test_warnings_go_to_stderr_and_quiet_keeps_them_back(env: Environment) -> None:
    env.write({**FIRST, "elsewhere/x.csv": "x\n"})
    words = ("ingest", "--source", str(env.source), "--dry-run")
    loud, quiet = env.command(*words), env.command(*words, "-q")
    assert loud.stderr.startswith("WARNING: ingest: 'elsewhere/x.csv' is ignored")
    assert quiet.stderr == ""
    assert loud.stdout.split(" in ")[0] == quiet.stdout.split(" in ")[0] == "ingest: dry-run"


def test_quiet_still_tells_errors(env: Environment) -> None:
    outcome = env.command("ingest", "-q", "--source", "/nowhere/at/all")
    assert outcome.stderr.startswith("error: the source folder /nowhere/at/all does not exist\nhint: ")


def test_a_log_for_machines_has_one_object_a_line(env: Environment) -> None:
    env.write({**FIRST, "elsewhere/x.csv": "x\n"})
    outcome = env.command("ingest", "--source", str(env.source), "--log-format", "json")
    lines = [json.loads(line) for line in outcome.stderr.splitlines()]
    assert [(line["level"], set(line)) for line in lines] == [("warning", {"time", "level", "message", "process"})]


def fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setitem(stage_wiring.STAGES, "sqoop", broken)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (TransientError("db is away", hint="again"), 4, "error: db is away\nhint: again\n"),
        (PermissionError(13, "Permission denied", "/secret"), 1, "error: /secret: Permission denied\n"),
        (
            OSError(28, "No space left on device"),
            1,
            "error: No space left on device\nhint: make some space, then run the same command again\n",
        ),
        (KeyboardInterrupt(), 130, "error: interrupted; the same command takes up where this one stopped\n"),
    ],
    ids=["transient", "permission", "disk", "interrupt"],
)
def test_every_failure_is_a_sentence_an_exit_code_and_a_summary(
    env: Environment, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, text: str
) -> None:
    fail(monkeypatch, error)
    outcome = env.command("sqoop", "--json", "-v")
    assert (outcome.exit_code, outcome.stderr) == (code, text)
    assert (outcome.document["stage"], outcome.document["status"]) == ("sqoop", "failed")
    (entry,) = env.command("runs", "--format", "json").document
    assert (entry["status"], entry["exit_code"], entry["error"]) == ("failed", code, outcome.document["error"])


def test_a_question_that_is_interrupted_in_the_middle_of_its_query_is_no_bug(
    small: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr("retailstream.cli.asking.ask", interrupted)
    outcome = small.command("analyze", "monthly-sales", "--json")
    assert outcome.exit_code == 130
    assert outcome.error == "error: interrupted; the same command takes up where this one stopped"
    assert outcome.document["status"] == "failed"


def test_a_bug_keeps_its_traceback_for_who_asks(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, ZeroDivisionError("a bug"))
    words = ["sqoop", "--home", str(env.home), "--json"]
    plain, verbose = CliRunner().invoke(app, words), CliRunner().invoke(app, [*words, "-v"])

    assert (plain.exit_code, verbose.exit_code) == (1, 1)
    assert (
        plain.stderr == "error: ZeroDivisionError: a bug\nhint: this is a bug of retailstream; -v shows its traceback\n"
    )
    assert "raise error\nZeroDivisionError: a bug\n" in verbose.stderr
    assert "Traceback" not in plain.stdout + verbose.stdout
    assert json.loads(plain.stdout)["error"] == "ZeroDivisionError: a bug"


def test_a_reader_that_leaves_early_is_no_error(small: Environment) -> None:
    command = [sys.executable, "-c", MAIN, "quarantine", "list", "--all", "--format", "json", "--home", str(small.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_run_ids_are_new_and_begin_with_the_time(env: Environment) -> None:
    first, second = (env.stage("runs")["run_id"] for _ in range(2))
    assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}", first)
    assert first != second


def test_the_plan_of_a_replay_is_one_json_object_too(small: Environment, tmp_path: Path) -> None:
    [entry, *_] = [entry for entry in small.quarantine("--dataset", "sales") if entry["record"]]
    fixed = tmp_path / "fixed.csv"
    fixed.write_text(csv(SALES, "1,1,05/02/2010,1.00,False"))
    outcome = small.command("quarantine", "replay", "--file", str(fixed), str(entry["id"]), "--dry-run", "--json")
    assert list(outcome.document) == KEYS
    assert (outcome.document["stage"], outcome.document["status"]) == ("replay", "dry-run")
