"""Tutorials tried word by word: their blocks of commands, and the output that they show for each."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STAGE_ROW = r"(?:ingest|glue-merge|load-rds|features|sqoop) (?:ok|noop) .*"
STAGE = re.compile(r"(ingest|glue-merge|load-rds|features|sqoop) .*\.\d\d")


def try_word_by_word(page: Path, folder: Path, environment: Mapping[str, str]) -> int:
    """Run the commands of a page, in order in an empty folder: they end well and print what it shows.

    Returns how many blocks there were; of an output that is shown with `…` only what comes before it counts.
    """
    folder.mkdir()
    blocks = list(_steps(page.read_text(encoding="utf-8")))
    for commands, shown in blocks:
        done = subprocess.run(
            ["bash", "-uc", commands],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        told = shown.index("…") if "…" in shown else None
        assert _timeless(done.stdout)[:told] == shown[:told], commands
    return len(blocks)


def try_console(page: Path, folder: Path, environment: Mapping[str, str]) -> int:
    """Run the commands of a page's `console` blocks, each on a terminal: they end well and show what stands below them.

    What shows counts: words, figures and their order, but neither blanks nor how long anything took. Returns how many
    commands there were.
    """
    steps = list(_console(page.read_text(encoding="utf-8")))
    for command, shown in steps:
        expected = _visible(shown)
        told = expected.index("…") if "…" in expected else None
        assert _visible(_on_a_terminal(command, folder, environment))[:told] == expected[:told], command
    return len(steps)


def _console(page: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command after a `$` with the lines below it."""
    for kind, text in FENCE.findall(page):
        if kind == "console":
            for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, *shown = step.splitlines()
                yield command, shown


def _on_a_terminal(command: str, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the lines that a command shows on a terminal of 80 columns without colours."""
    primary, secondary = pty.openpty()
    variables = {**environment, "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "80"}
    process = subprocess.Popen(
        ["bash", "-uc", command], cwd=folder, env=variables, stdin=secondary, stdout=secondary, stderr=secondary
    )
    os.close(secondary)
    shown = b""
    try:
        while data := os.read(primary, 65536):
            shown += data
    except OSError:  # Linux says so that the other side has closed
        pass
    os.close(primary)
    assert process.wait() == 0, (command, shown)
    return shown.decode().splitlines()


def _visible(lines: Iterable[str]) -> list[str]:
    """Return what a reader sees of lines, those of ruled lines and blanks left out."""
    timed = (
        re.sub(rf"({STAGE_ROW}) [\d.,]+$", r"\1 …", " ".join(line.split())) for line in _timeless("\n".join(lines))
    )
    return [line for line in timed if line.strip("─ ")]


def with_commands(folder: Path) -> dict[str, str]:
    """Return the process's variables with `retailstream` and `python` of this checkout on the path."""
    folder.mkdir()
    # With `-c` DuckDB would take the process for an interactive one, and draw its own progress on the terminal.
    for name, words in (("retailstream", "-m retailstream"), ("python", "")):
        command = folder / name
        command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" {words} "$@"\n')
        command.chmod(0o755)
    # A make started by `make test-slow` would print the folders that it enters and leaves.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RETAILSTREAM_", "MAKE"))}
    return {**kept, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def _steps(page: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each block of commands with the lines that the tutorial shows as its output."""
    fences = [(kind, text) for kind, text in FENCE.findall(page) if kind in {"sh", "text"}]
    for (kind, commands), (next_kind, shown) in zip(fences[::2], fences[1::2], strict=True):
        assert (kind, next_kind) == ("sh", "text")
        yield commands, _timeless(shown)


def _timeless(text: str) -> list[str]:
    """Return the lines of an output, without how long anything took."""
    lines = [re.sub(r"in [\d.,]+ s$", "in … s", line) for line in text.splitlines()]
    return [re.sub(r" +[\d.,]+$", " …", line) if STAGE.fullmatch(line) else line for line in lines]
