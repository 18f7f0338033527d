"""Help, options and what is wrong with a command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import retailstream
from retailstream.cli.app import app
from retailstream.version import __version__

if TYPE_CHECKING:
    from tests.environment import Environment

KEYS = [
    "stage",
    "run_id",
    "status",
    "started_at",
    "seconds",
    "files_in",
    "files_new",
    "files_quarantined",
    "rows_in",
    "rows_out",
    "rows_quarantined",
    "rows_duplicate",
    "rows_superseded",
    "rows_replaced",
    "bytes",
    "outputs",
    "datasets",
    "error",
    "warnings",
]


def commands() -> list[tuple[str, ...]]:
    """Return every command and group, each as its words."""
    root = get_command(app)
    found: list[tuple[str, ...]] = [()]
    for name, command in getattr(root, "commands", {}).items():
        found.append((name,))
        if hasattr(command, "list_commands"):
            context = command.make_context(name, ["list"])
            found += [(name, inner) for inner in command.list_commands(context)]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_says_what_it_does_and_takes_the_global_options(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"])

    assert result.exit_code == 0
    usage, summary = result.stdout.split("\n\n")[:2]
    assert usage.startswith("Usage: ")
    assert re.match(r"  [A-Z0-9].*[^ ]", summary)
    for option in ("--config", "--home", "--run-id", "--json", "--log-format", "--verbose", "--quiet"):
        assert option in result.stdout
    assert "TODO" not in result.stdout


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_short_option_of_help_is_that_of_every_command(words: tuple[str, ...]) -> None:
    long, short = (CliRunner().invoke(app, [*words, option]) for option in ("--help", "-h"))
    assert (short.exit_code, short.stdout) == (0, long.stdout)
    assert re.search(r"^  -h, --help ", short.stdout, re.MULTILINE)


def test_the_home_is_that_of_the_flag_or_of_the_variable_or_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def home(*words: str) -> tuple[str, str]:
        shown = CliRunner().invoke(app, ["config", "show", "--format", "json", *words]).stdout
        values = {item["key"]: item for item in json.loads(shown)}
        assert values["lake.raw"]["value"] == f"file://{values['home']['value']}/lake/raw"
        return values["home"]["value"], values["home"]["origin"]

    monkeypatch.chdir(tmp_path)
    assert home() == (str(tmp_path / ".retailstream"), "default")
    monkeypatch.setenv("RETAILSTREAM_HOME", "")
    assert home() == (str(tmp_path / ".retailstream"), "default")
    monkeypatch.setenv("RETAILSTREAM_HOME", "/srv/retail")
    assert home() == ("/srv/retail", "environment")
    assert home("--home", "mine") == (str(tmp_path / "mine"), "flag")


def test_every_command_works_in_the_home_of_the_variable(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETAILSTREAM_HOME", str(env.home))
    assert CliRunner().invoke(app, ["sample", "drop", "--stores", "2", "--depts", "2", "--weeks", "4"]).exit_code == 0
    assert CliRunner().invoke(app, ["run", "--source", "drop"]).exit_code == 0
    assert [run["stage"] for run in env.command("runs", "--format", "json").document][-1] == "run"
    assert not (tmp_path / ".retailstream").exists()
    assert len(retailstream.analyze("yearly-stores")) == 2
    assert retailstream.chart("yearly-stores") is not None


def test_variables_of_other_programs_are_no_settings(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    texts = [path.read_text() for folder in ("airflow/dags", "stack") for path in (root / folder).rglob("*.py")]
    names = set(re.findall(r"\bRETAILSTREAM_[A-Z]+(?:_[A-Z]+)*\b", "".join(texts))) - {"RETAILSTREAM_HOME"}
    assert {"RETAILSTREAM_SOURCE", "RETAILSTREAM_RUN_ID", "RETAILSTREAM_CLI"} <= names
    for name in names:
        monkeypatch.setenv(name, "x")
    assert env.command("config", "show").exit_code == 0


def test_no_word_at_all_shows_the_help() -> None:
    result = CliRunner().invoke(app, [])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.strip() == CliRunner().invoke(app, ["--help"]).stdout.strip()
    assert '"status": "failed"' in CliRunner().invoke(app, ["--json"]).stdout
    assert CliRunner().invoke(app, ["quarantine"]).stderr.startswith("Usage: ")


def test_the_version_is_printed() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"retailstream {__version__}\n")


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("anlyze", "No such command 'anlyze'. Did you mean 'analyze'?", "retailstream --help"),
        ("glue_merge", "No such command 'glue_merge'. Did you mean 'glue-merge'?", "retailstream --help"),
        ("quarantine lst", "No such command 'lst'. Did you mean 'list'?", "retailstream quarantine --help"),
        ("run --sorce x", "No such option: --sorce (Possible options: --home, --json, --source)", "retailstream run --help"),
        ("ingest --max-rejects 1", "No such option: --max-rejects", "retailstream ingest --help"),
        ("run surplus", "Got unexpected extra argument(s) (surplus)", "retailstream run --help"),
        ("run --from nowhere", "'nowhere' is no stage", "--from takes one of ingest, glue-merge, load-rds, features, sqoop"),
        ("runs --format xml", "Invalid value for '--format': 'xml' is not one of 'table', 'json'.", "retailstream runs --help"),
        ("runs --limit many", "Invalid value for '--limit': Input should be a valid integer", "retailstream runs --help"),
        ("runs show nobody", "no run 'nobody' is in the ledger", "retailstream runs"),
        ("run --run-id ''", "--run-id is empty", "give a word, or leave the option out"),
        ("monitor --log-format xml", "'xml' is no log format", "use --log-format text or --log-format json"),
        ("glue-merge --engine spork", "setting 'engine.name' (flag): Input should be 'duckdb', 'spark' or 'glue'", ""),
        ("glue-merge --max-rejects most", "(flag): invalid limit of rejects 'most': give a count (12) or a percentage (5%)", ""),
        ("ingest --source /nowhere/at/all", "the source folder /nowhere/at/all does not exist", "name it with --source"),
        ("monitor --config /nowhere.toml", "the config file /nowhere.toml cannot be read", ""),
        ("quarantine show nothing", "", "retailstream quarantine list"),
        ("quarantine discard x", "Missing option '--reason'", "retailstream quarantine discard --help"),
        ("quarantine replay", "--file is missing", "retailstream quarantine replay --file FIXED.csv"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_wrong_command_line_ends_with_2_and_says_what_would_be_right(
    env: Environment, words: str, error: str, hint: str, as_json: bool
) -> None:
    split = [word.strip("'") for word in words.split(" ")]

    outcome = env.command(*split, *(["--json"] if as_json else []))

    assert outcome.exit_code == 2
    first, second = [*outcome.stderr.splitlines(), ""][:2]
    assert first.startswith("error: ")
    assert error in first
    assert second.removeprefix("hint: ").startswith(hint)
    if as_json:
        (line,) = outcome.stdout.splitlines()
        document = outcome.document
        assert list(document)[: len(KEYS)] == KEYS
        assert (document["stage"], document["status"]) == (split[0], "failed")
        assert error in document["error"]
        assert line.startswith("{")
    else:
        assert outcome.stdout == ""


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("RETAILSTREAM__DATABSE__URL", "x", "did you mean RETAILSTREAM__DATABASE__URL?"),
        ("RETAILSTREAM__LAKE__RAWW", "x", "did you mean RETAILSTREAM__LAKE__RAW?"),
        ("RETAILSTREAM_DATABASE_URL", "x", "did you mean RETAILSTREAM__DATABASE__URL?"),
        ("RETAILSTREAM_LAKE__RAW", "x", "did you mean RETAILSTREAM__LAKE__RAW?"),
        ("RETAILSTREAM__", "x", "retailstream config show lists every setting"),
        ("RETAILSTREAM_DATABSE_URL", "x", "did you mean RETAILSTREAM__DATABASE__URL?"),
        ("RETAILSTREAM_HOEM", "x", "did you mean RETAILSTREAM_HOME?"),
        ("RETAILSTREAM__HOME", "x", "did you mean RETAILSTREAM_HOME?"),
    ],
)
@pytest.mark.parametrize("words", [("run", "--json"), ("monitor", "--json"), ("analyze", "monthly-sales", "--json")])
def test_a_misspelt_variable_is_an_error_of_every_command(
    env: Environment, monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv(name, value)
    outcome = env.command(*words)
    assert outcome.exit_code == 2
    assert outcome.error == f"error: unknown setting '{name}'"
    assert outcome.document["error"] == f"unknown setting '{name}' (hint: {hint})"


@pytest.mark.parametrize(
    ("toml", "error"),
    [
        ("[databse]\nurl = 'x'", "error: unknown setting 'databse.url' in file "),
        ("[quality]\nmax_rejects = 'all'", "error: setting 'quality.max_rejects' (file "),
        ("[quality]\nmax_orphan_stores = 'x'", "error: setting 'quality.max_orphan_stores' (file "),
        (
            "[database]\nurl = 'postgres://ann:secret@host/db'",
            "error: database.url 'postgres://ann:***@host/db' has no",
        ),
        ("[lake]\nclean = 's4://bucket'", "error: 's4://bucket' has no known scheme"),
        ("lake = 3", "error: unknown setting 'lake' in file "),
        ("[lake", "error: the config file "),
        ("\x00", "error: the config file "),
    ],
)
def test_a_wrong_config_file_ends_with_2(env: Environment, tmp_path: Path, toml: str, error: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(toml)

    outcome = env.command("load-rds", "--config", str(config), "--json")

    assert outcome.exit_code == 2
    assert outcome.error.startswith(error)
    assert "secret" not in outcome.stdout + outcome.stderr
    assert outcome.document["stage"] == "load-rds"


def test_global_options_work_before_and_after_the_command(env: Environment) -> None:
    runner = CliRunner()
    outcomes = [
        runner.invoke(app, ["--home", str(env.home), "--json", "--run-id", "mine", "runs"]),
        runner.invoke(app, ["runs", "--run-id", "mine", "--json", "--home", str(env.home)]),
        runner.invoke(app, ["--json", "runs", "--home", str(env.home), "--run-id", "mine"]),
        runner.invoke(app, ["--home", "/elsewhere", "--run-id", "yours", "runs", "--json", "--run-id", "mine"]),
    ]
    for outcome in outcomes:
        assert outcome.exit_code == 0
        assert '"stage": "runs", "run_id": "mine", "status": "ok"' in outcome.stdout


def test_options_before_the_command_are_not_taken_for_it(env: Environment) -> None:
    result = CliRunner().invoke(app, ["--home", str(env.home), "--json", "ingest", "--source", "/nowhere/at/all"])
    assert '"stage": "ingest"' in result.stdout
    result = CliRunner().invoke(app, ["--home", "run", "--json", "ingest", "--sorce"])
    assert '"stage": "ingest"' in result.stdout


def test_an_empty_home_is_not_taken_for_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["run", "--source", ".", "--home", ""])
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, "error: --home is empty")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda *_: (shell, f"/bin/{shell}"))
    result = CliRunner().invoke(app, ["--show-completion"], prog_name="retailstream")
    assert result.exit_code == 0, result.stderr
    assert "_RETAILSTREAM_COMPLETE=complete_" + shell in result.stdout


def test_completion_offers_the_commands() -> None:
    variables = {"_RETAILSTREAM_COMPLETE": "complete_bash", "COMP_WORDS": "retailstream mon", "COMP_CWORD": "1"}
    result = CliRunner().invoke(app, [], prog_name="retailstream", env=variables)
    assert result.stdout.split() == ["monitor"]


def test_an_early_failure_keeps_the_run_id_that_was_given(env: Environment) -> None:
    outcome = env.command("run", "--run-id", "monday", "--max-rejects", "lots", "--json")
    assert outcome.exit_code == 2
    assert (outcome.document["stage"], outcome.document["run_id"]) == ("run", "monday")
