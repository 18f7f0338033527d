"""Every command that README, tutorials and how-tos print: found in their pages, and tried as a reader would try them."""

from __future__ import annotations

import re
import subprocess
import textwrap
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tests.docs.steps import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FENCE: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FILE: Final = re.compile(r"# ([\w.-]+\.toml)\n")
"""The first line of a block that is a file: its name."""

PAGES: Final = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        ROOT / "README.md",
        ROOT / "docs/README.md",
        *(ROOT / "docs/how-to").glob("*.md"),
        *(ROOT / "docs/tutorial").glob("*.md"),
    )
)


@dataclass(frozen=True)
class Command:
    """What a reader types: a command after a `$`, the text of a block without one, Python, or a query to SQLite."""

    page: str
    kind: str
    text: str

    @property
    def script(self) -> str:
        """The same for a shell."""
        program = {"python": "python -", "sql": "sqlite3 -readonly .retailstream/retail.db"}.get(self.kind)
        return f"{program} <<'END'\n{self.text}END\n" if program else self.text


@dataclass(frozen=True)
class Scenario:
    """How the commands of a page are tried.

    `before` has what must be there before a command, by the start of its text, and under "" before all of them; `swaps`
    are names of the page that are others on this machine. `needs` are programs without which it cannot be tried.
    """

    before: Mapping[str, str] = field(default_factory=dict)
    swaps: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


def commands_of(page: str) -> list[Command]:
    """Return the commands of a page in their order; ways that a block gives one `# or` the other are several."""
    return list(_commands(page))


def _commands(page: str) -> Iterator[Command]:
    for _indent, kind, text in FENCE.findall((ROOT / page).read_text(encoding="utf-8")):
        block = textwrap.dedent(text)
        if kind == "console":
            for step in re.split(r"^[$#] ", block, flags=re.MULTILINE)[1:]:
                yield Command(page, kind, _typed(step))
        elif kind == "sh":
            for way in re.split(r"^# or.*\n", block, flags=re.MULTILINE):
                yield Command(page, kind, re.sub(r"^#.*\n", "", way, flags=re.MULTILINE))
        elif kind in {"python", "sql"}:
            yield Command(page, kind, block)


def _typed(step: str) -> str:
    """Return what is typed of a step: its first line, and those that it goes on in."""
    lines = step.splitlines()
    end = next(number for number, line in enumerate(lines) if not line.endswith("\\"))
    return "\n".join(lines[: end + 1]) + "\n"


def files_of(page: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each block of a page that is a file."""
    for _indent, _kind, text in FENCE.findall((ROOT / page).read_text(encoding="utf-8")):
        if found := FILE.match(text):
            yield found[1], text


def try_page(
    scenario: Scenario, commands: Sequence[Command], folder: Path, environment: Mapping[str, str], *prefix: str
) -> int:
    """Run commands of a page in a folder, and return how many ran; each must end well.

    What is typed into Python is typed after all that was before. `prefix` are the words before each shell.
    """
    page, typed = commands[0].page, ""

    def run(script: str) -> None:
        words = [*prefix, "bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(
            words,
            cwd=folder,
            env={**environment, "PAGE": str(ROOT / page)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{page}: {script}\n{done.stdout[-4000:]}"

    def swapped(text: str) -> str:
        for name, ours in scenario.swaps.items():
            text = text.replace(name, ours)
        return text

    for name, text in files_of(page):
        (folder / name).write_text(swapped(text), encoding="utf-8")
    if "" in scenario.before:
        run(scenario.before[""])
    ran, waiting = 0, {start: script for start, script in scenario.before.items() if start}
    for command in commands:
        for start in [start for start in waiting if command.text.startswith(start)]:
            run(waiting.pop(start))
        if command.kind == "python":
            typed += command.text
            run(swapped(replace(command, text=typed).script))
        else:
            run(swapped(command.script))
        ran += 1
    assert not waiting, f"{page} has no such command any more: {list(waiting)}"
    return ran
