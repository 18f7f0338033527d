"""Names, headers and fields of files may hold anything; what is printed of them acts on no terminal and on no log."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

import retailstream.cli.app
from tests.cli.test_output import on_a_terminal
from tests.environment import FEATURES, SALES, STORES, Environment, csv, new_environment
from tests.resume.drops import FIRST

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.\u2066\x7f"
"""A new title, a cleared screen, colour by a single byte, and two ways to turn the direction of writing."""

RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
STYLE = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[[0-9]*[AK]|\x1b\[2K|\r")
"""How rich colours, and how it draws progress."""

FILES = {
    f"sales/a{EVIL}.csv": csv(SALES, f"1,1,05/02/2010,{EVIL},FALSE", "1,2,05/02/2010,1.00,FALSE"),
    f"sales/b{EVIL}\nerror: all is lost.csv": csv(f"{SALES},{EVIL}", f"1,3,05/02/2010,x{EVIL},FALSE,1"),
    f"sales/c{EVIL}.csv": csv(f"Store,{EVIL}", "1,1"),
    f"sales/d{EVIL}.txt": "x",
    f"features/{EVIL}.csv": csv(FEATURES, f"1,05/02/2010,{EVIL}{',NA' * 9}"),
    f"stores/{EVIL}.csv": csv(STORES, f"1,{EVIL},1", "2,B,1"),
    f"{EVIL}/x.csv": "x\n",
    "sales/e.csv": csv(f"{SALES},{EVIL}", f"1,1,06/02/2010,{EVIL},FALSE,1", f"1,{EVIL},13/02/2010,1.00,FALSE,{EVIL}"),
    "sales/f.csv": csv(f"Store,{EVIL}", "1,1"),
    "features/e.csv": csv(FEATURES, f"1,{EVIL}{',NA' * 10}", f"1,07/02/2010,{EVIL}{',NA' * 9}"),
    "stores/e.csv": csv(STORES, f"7,{EVIL},1", "8,B,1"),
}

PRINTED = [("app.py", "f'retailstream {__version__}'"), ("failure.py", "error.format_message()")]
"""Our own version, and our own help."""

LISTINGS = [
    ("quarantine", "list"),
    ("quarantine", "list", "--all"),
    ("quarantine", "list", "--file", f"sales/{EVIL}"),
    ("runs",),
    ("runs", "show", f"r{EVIL}"),
    ("monitor",),
    ("doctor",),
    ("config", "show"),
    ("analyze", "monthly-sales"),
    ("analyze", "all", "--format", "json"),
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that hostile files were run into, in a folder that is named as they are."""
    env = new_environment(tmp_path_factory.mktemp("hostile") / f"in{EVIL}")
    env.write(FIRST)
    env.run("--max-rejects", "60%")
    env.write(FILES)
    outcome = env.command("run", "--source", str(env.source), "--run-id", f"r{EVIL}", "--max-rejects", "90%")
    assert outcome.exit_code == 3, outcome
    assert_harmless(outcome.stdout + outcome.stderr)
    assert r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.\u2066\x7f" in outcome.stderr
    return env


def assert_harmless(text: str) -> None:
    found = RAW.search(text)
    assert found is None, text[max(0, found.start() - 200) : found.end() + 50]


@pytest.mark.parametrize("words", LISTINGS, ids=lambda words: " ".join(words).replace(EVIL, "EVIL"))
@pytest.mark.parametrize("more", [(), ("--json", "--log-format", "json"), ("-v",)], ids=["text", "json", "verbose"])
def test_what_is_piped_has_no_raw_control_character(
    hostile: Environment, words: tuple[str, ...], more: tuple[str, ...]
) -> None:
    if "--format" in words and "--json" in more:
        words = words[:-2]
    outcome = hostile.command(*words, *more)
    assert outcome.stdout
    assert_harmless(outcome.stdout + outcome.stderr)


def test_every_entry_of_the_quarantine_is_shown_harmless(hostile: Environment) -> None:
    entries = hostile.quarantine()
    assert len(entries) > 5
    for entry in entries:
        outcome = hostile.command("quarantine", "show", str(entry["id"]))
        assert outcome.exit_code == 0
        assert_harmless(outcome.stdout + outcome.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("words", LISTINGS[:7], ids=lambda words: " ".join(words).replace(EVIL, "EVIL"))
def test_a_terminal_gets_no_control_character_but_our_own(hostile: Environment, words: tuple[str, ...]) -> None:
    assert_harmless(STYLE.sub("", on_a_terminal([*words, "--home", str(hostile.home)], COLUMNS="300")))


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--source", f"/nowhere/{EVIL}"),
        ("run", "--from", EVIL),
        (EVIL,),
        ("analyze", EVIL),
        ("run", f"--{EVIL}"),
        ("quarantine", "show", EVIL),
        ("run", "--config", EVIL),
        ("monitor", "--serve", EVIL),
        ("analyze", "monthly-sales", "--chart", EVIL),
    ],
    ids=lambda words: " ".join(words).replace(EVIL, "EVIL"),
)
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["text", "json"])
def test_an_error_repeats_words_of_the_command_line_harmless(
    env: Environment, words: tuple[str, ...], more: tuple[str, ...]
) -> None:
    outcome = env.command(*words, *more)
    assert outcome.exit_code == 2
    assert len(outcome.stderr.splitlines()) <= 2
    assert_harmless(outcome.stdout + outcome.stderr)


@pytest.mark.slow
def test_the_page_of_a_report_is_harmless(env: Environment, tmp_path: Path) -> None:
    env.write(FIRST)
    env.run("--max-rejects", "60%", "--run-id", f"late{EVIL}")
    assert env.command("analyze", "all", "--report", str(tmp_path / "report")).exit_code == 0
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert r"late\x1b]0;owned" in page
    assert_harmless(page.replace("\t", " "))


def test_whatever_is_composed_is_printed_by_those_that_make_it_harmless() -> None:
    """`print` itself is for constants; `say`, tables and JSON lines are for what holds names of others."""
    folder = Path(retailstream.cli.app.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                told = node.args[0] if node.args else ast.Constant("")
                harmless = {"printable", "json_line", "ddl"} & {
                    name.id for name in ast.walk(told) if isinstance(name, ast.Name)
                }
                known = (path.name, ast.unparse(told)) in PRINTED
                assert isinstance(told, ast.Constant) or harmless or known, f"{path.name}:{node.lineno}"


def test_labels_of_metrics_are_harmless(hostile: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAILSTREAM__ENVIRONMENT", f"shop{EVIL}\n")
    home = shutil.copytree(hostile.home, tmp_path / "home")
    env, file = Environment(hostile.source, home), tmp_path / "retailstream.prom"
    for _ in range(2):
        assert env.command("monitor", "--metrics-file", str(file)).exit_code == 0
    text = file.read_text(encoding="utf-8")
    assert_harmless(text)
    assert text.count("retailstream_healthy{") == 1
