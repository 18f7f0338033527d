"""A command as it looks on a terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.sync_api import Browser

WIDTH = 104

LINES = 32
"""Of a longer output so many lines are shown, and that there are more."""


def picture(browser: Browser, screens: Mapping[str, str], path: Path) -> None:
    """Draw commands with what they printed, one below the other, as the window of a terminal."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for command, printed in screens.items():
        console.print(Text.assemble(("$ ", "green"), (command, "bold")))
        lines = printed.rstrip().split("\n")
        console.print(Text.from_ansi("\n".join(lines[:LINES])))
        if len(lines) > LINES:
            console.print(Text("…", style="dim"))
        console.print()
    drawn = console.export_svg(title="retailstream", theme=MONOKAI)
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_content(f"<body style='margin:0'>{re.sub(r'@font-face {.*?}', '', drawn, flags=re.DOTALL)}</body>")
    page.locator("svg").first.screenshot(path=path)
    page.close()


def printed(words: list[str], folder: Path, variables: Mapping[str, str]) -> str:
    """Return what a command prints on a terminal, without what it says beside: progress comes and goes."""
    master, slave = pty.openpty()
    environment = {**os.environ, **variables, "TERM": "xterm-256color", "COLUMNS": str(WIDTH), "LINES": "60"}
    with subprocess.Popen(words, cwd=folder, env=environment, stdout=slave, stderr=subprocess.DEVNULL) as process:
        os.close(slave)
        chunks = []
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(master)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    return b"".join(chunks).decode().replace("\r\n", "\n")
