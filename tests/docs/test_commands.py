"""Every command that the documentation prints is tried by a test, or is known not to be, with the reason."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.commands import PAGES, commands_of, try_page
from tests.docs.scenarios import ELSEWHERE, EMBEDDED, STACK, UNTRIED, tried
from tests.docs.steps import ROOT, with_commands
from tests.services.servers import program

if TYPE_CHECKING:
    from pathlib import Path


def test_every_command_is_tried_or_listed_with_a_reason() -> None:
    assert len([command for page in PAGES for command in commands_of(page)]) > 100
    nowhere = [command for page in PAGES for command in tried(page) if page not in {*EMBEDDED, *STACK}]
    assert nowhere == []
    assert all(reason for reasons in UNTRIED.values() for reason in reasons.values())


def test_no_list_names_what_is_not_there() -> None:
    there = {page: commands_of(page) for page in PAGES}
    assert set(EMBEDDED) & set(STACK) == set()
    assert [page for page in (*EMBEDDED, *STACK, *UNTRIED) if page not in there] == []
    stale = [
        (page, start)
        for page, starts in UNTRIED.items()
        for start in starts
        if not any(command.text.startswith(start) for command in there[page])
    ]
    assert stale == []
    kinds = {(page, command.kind) for page, commands in there.items() for command in commands}
    assert set(ELSEWHERE) <= kinds
    assert [test for test in ELSEWHERE.values() if not (ROOT / test).is_file()] == []


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a drop, and the environment that it was run into."""
    folder = tmp_path_factory.mktemp("base") / "mine"
    folder.mkdir()
    variables = with_commands(folder.parent / "bin")
    for words in ("sample drop --stores 10 --depts 20 --weeks 60", "run --source drop"):
        subprocess.run(["retailstream", *words.split()], cwd=folder, env=variables, check=True, capture_output=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", EMBEDDED)
def test_the_commands_of_a_page_work(base: Path, tmp_path: Path, page: str) -> None:
    for name in EMBEDDED[page].needs:
        program(name)
    folder = tmp_path / "mine"
    shutil.copytree(base, folder)
    variables = with_commands(tmp_path / "bin") | {"BASE": str(base), "ROOT": str(ROOT)}
    assert try_page(EMBEDDED[page], tried(page), folder, variables) > 0
