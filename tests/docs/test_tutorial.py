from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.steps import FENCE, ROOT, try_console, try_word_by_word, with_commands

if TYPE_CHECKING:
    from pathlib import Path


README = ROOT / "README.md"


@pytest.mark.slow
@pytest.mark.parametrize("named", [False, True], ids=["in the folder", "in RETAILSTREAM_HOME"])
def test_readme_word_by_word(tmp_path: Path, named: bool) -> None:
    """Every command of README works in the order it is printed, and so does its Python."""
    folder, variables = tmp_path / "mine", with_commands(tmp_path / "bin")
    folder.mkdir()
    if named:
        variables["RETAILSTREAM_HOME"] = str(tmp_path / "home")
    assert try_console(README, folder, variables) > 7
    assert (folder / ".retailstream").exists() is not named
    [code] = [text for kind, text in FENCE.findall(README.read_text(encoding="utf-8")) if kind == "python"]
    done = subprocess.run(["python", "-c", f"{code}assert len(frame)"], cwd=folder, env=variables, check=False)
    assert done.returncode == 0


def test_readme_installs_without_naming_a_registry() -> None:
    blocks = [text for kind, text in FENCE.findall(README.read_text(encoding="utf-8")) if kind == "sh"]
    assert any("pip install " in text and "uv tool install " in text for text in blocks)
    assert not any("http" in text or "index" in text for text in blocks)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {target for text in blocks for target in re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)} <= targets


@pytest.mark.slow
def test_make_demo_ends_with_an_answer_in_words_and_the_path_of_a_report(tmp_path: Path) -> None:
    variables = with_commands(tmp_path / "bin") | {"HOME": str(tmp_path)}
    (tmp_path / "bin" / "activate").touch()
    demo = tmp_path / "demo"
    call = ["make", "-o", "compiled", "demo", f"BIN={tmp_path / 'bin'}", "DEMO=demo"]
    done = subprocess.run(
        [*call, "-f", str(ROOT / "Makefile")], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    *_, headline, _blank, more, report = done.stdout.splitlines()
    assert headline.startswith("Over all holidays store ")
    assert report == f"The report: {demo}/report/index.html"
    assert "customer-visits" in (demo / "report" / "index.html").read_text(encoding="utf-8")
    command = more.removeprefix("Ask more:  ")
    asked = subprocess.run(["bash", "-euc", command], cwd=tmp_path, env=variables, capture_output=True, check=False)
    assert asked.returncode == 0, asked.stderr
    assert (demo / "home" / "warehouse").is_dir()


@pytest.mark.slow
def test_a_backup_and_its_restore_word_by_word(tmp_path: Path) -> None:
    page = ROOT / "docs/how-to/back-up-and-restore.md"
    assert try_word_by_word(page, tmp_path / "mine", with_commands(tmp_path / "bin")) == 5


@pytest.mark.slow
def test_first_week_word_by_word(tmp_path: Path) -> None:
    page = ROOT / "docs/tutorial/first-week.md"
    assert try_word_by_word(page, tmp_path / "mine", with_commands(tmp_path / "bin")) > 8
