"""Tutorials tried word by word: their blocks of commands, and the output that they show for each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


def with_commands(folder: Path) -> dict[str, str]:
    """Return the process's variables with `retailstream` and `python` of this checkout on the path."""
    folder.mkdir()
    call = "from retailstream.cli.app import main; main()"
    for name, words in (("retailstream", f'-c "{call}"'), ("python", "")):
        command = folder / name
        command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" {words} "$@"\n')
        command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RETAILSTREAM_")}
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
