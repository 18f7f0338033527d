from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from retailstream.cleaning import YEARS
from retailstream.cli.app import app
from retailstream.cli.reference import __main__ as command
from retailstream.cli.reference import rendered, stale, write
from retailstream.cli.reference.commands import commands, exit_codes
from retailstream.contracts import CONTRACTS
from retailstream.dated_files import DATE_ORDER
from retailstream.errors import RetailStreamError
from retailstream.finer_files import SHARED_KEYS
from retailstream.read_limits import LIMIT_RULES
from retailstream.sample.spoiler import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")
ROOMS = ("", "retailstream", "retailstream/adapters", "retailstream/analytics", "retailstream/cli", "tests")
"""The folders that paths of ARCHITECTURE.md start from."""
PATH = re.compile(r"(?:[\w.-]+/)*(?:[\w-]+\.(?:py|sql|md|toml|txt)|[\w.-]+/)")
"""What looks like a path: names with slashes, at the end a folder or a file of ours."""


def test_generated_pages_are_what_the_code_says() -> None:
    assert [path.name for path in stale(REFERENCE)] == []


@pytest.mark.slow
def test_a_stale_page_is_named_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "docs" / "reference"
    folder.mkdir(parents=True)
    write(folder)
    monkeypatch.chdir(tmp_path)
    assert command.main(["--check"]) == 0
    with (folder / "cli.md").open("a") as stream:
        stream.write("one line too many\n")
    (folder / "settings.md").unlink()
    assert command.main(["--check"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.split(" is stale: ")[0] for line in told] == ["docs/reference/cli.md", "docs/reference/settings.md"]
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0


def test_pages_do_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = rendered()
    for name, value in {"COLUMNS": "40", "FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, value)
    assert rendered() == texts


def test_reference_is_a_command() -> None:
    call = [sys.executable, "-m", "retailstream.cli.reference", "--nonsense"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: python -m retailstream.cli.reference [--check]\n")


def test_every_command_and_option_has_help_and_stands_in_the_reference() -> None:
    page = rendered()["cli.md"]
    found = dict(commands(get_command(app), "retailstream"))
    assert len(found) > 20
    for words, known in found.items():
        assert known.help, words
        assert f"# {words.removeprefix('retailstream ')}\n" in page
        for param in known.params:
            assert param.help, (words, param.name)
            assert all(f"{name}" in page for name in param.opts if name.startswith("--"))


def test_global_options_are_documented_once() -> None:
    page = rendered()["cli.md"]
    for name in ("--config", "--home", "--run-id", "--json", "--log-format", "--verbose", "--quiet"):
        assert len(re.findall(rf"^\| `[^`]*{name}\b", page, re.MULTILINE)) == 1


def test_every_error_has_its_exit_code_in_the_reference() -> None:
    def below(error: type[RetailStreamError]) -> Iterator[type[RetailStreamError]]:
        yield error
        for kind in error.__subclasses__():
            yield from below(kind)

    codes = {str(error.exit_code) for error in below(RetailStreamError)} | {"0", "130", "143"}
    assert [code for code, _meaning in exit_codes()] == sorted(codes, key=int)


def test_every_column_and_rule_stands_in_the_reference() -> None:
    page = rendered()["contracts.md"]
    for contract in CONTRACTS.values():
        section = page.split(f"## {contract.name}\n")[1].split("\n## ")[0]
        assert all(f"| `{name}` |" in section for name in contract.names)
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "retailstream").rglob("*.py"))
    rules = {
        *KINDS,
        *re.findall(r'(?:File|Record)Defect\(\s*"(\w+)"', code),
        DATE_ORDER,
        SHARED_KEYS,
        YEARS,
        *LIMIT_RULES,
    } - {
        "harmless",
        "duplicate",
    }
    assert sorted(rules) == sorted(re.findall(r"^\| `(\w+)` \| (?:record|file) \|", page, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_resolve(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        assert not anchor, "headings change; link to pages"
        assert (page.parent / target).exists(), link


def test_every_picture_is_there_small_and_shown() -> None:
    shown = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in IMAGE.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
        if not link.startswith("https://")
    }
    there = set((ROOT / "docs" / "pictures").glob("*.png"))
    assert shown == there
    assert [path.name for path in there if path.stat().st_size > 300_000] == []


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text(encoding="utf-8"))}
    assert sorted((ROOT / "docs").rglob("*.md")) == sorted({path for path in linked if path.exists()} | {index})


def test_pages_that_the_code_names_exist() -> None:
    code = [path.read_text(encoding="utf-8") for path in (ROOT / "retailstream").rglob("*.py")]
    named = {page for text in code for page in re.findall(r"\bdocs/[\w/-]+\.md", text)}
    assert len(named) > 5
    assert [page for page in sorted(named) if not (ROOT / page).exists()] == []


def test_paths_of_the_architecture_exist() -> None:
    text = FENCED.sub("", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    paths = [path for path in QUOTED.findall(text) if PATH.fullmatch(path)]
    assert len(paths) > 20
    folders = [ROOT / folder for folder in ROOMS]
    assert [path for path in paths if not any((folder / path).exists() for folder in folders)] == []
