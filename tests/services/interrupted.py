"""A command whose query would not end for days, stopped by a signal; its stderr is a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from tests.environment import Environment

ROOT = Path(__file__).parents[2]

ENDLESS = """-- Endless
-- place: 1
-- question: When does it end?
-- headline: Never.
-- empty: Never.
{query}
"""

CODE = """
import sys
from pathlib import Path
from retailstream.analytics import catalog
catalog._FOLDER = Path(sys.argv.pop(1))
from retailstream.cli.app import main
main()
"""


@dataclass(frozen=True)
class Interrupted:
    """How a command ended after the signal: its exit code, the seconds that took, and what the terminal showed."""

    exit_code: int
    seconds: float
    printed: str


def interrupted(
    env: Environment,
    query: str,
    number: signal.Signals,
    *words: str,
    at_work: Callable[[], bool] | None = None,
) -> Interrupted:
    """Return how `analyze endless`, which puts a query, ends when it is at work and gets a signal."""
    shown, terminal = pty.openpty()
    with TemporaryDirectory() as folder:
        (Path(folder) / "endless.sql").write_text(ENDLESS.format(query=query))
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, folder, "analyze", "endless", *env.options, *words],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
            stdout=subprocess.DEVNULL,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        printed = bytearray()
        try:
            deadline = time.monotonic() + 240
            while not (b"endless" in printed and (at_work is None or at_work())):
                assert process.poll() is None, printed.decode()
                assert time.monotonic() < deadline, printed.decode()
                _read(shown, printed)
            began = time.monotonic()
            process.send_signal(number)
            while process.poll() is None:
                assert time.monotonic() < began + 120, printed.decode()
                _read(shown, printed)
            seconds = time.monotonic() - began
            _read(shown, printed)
        finally:
            process.kill()
            process.wait()
            os.close(shown)
    return Interrupted(process.returncode, seconds, printed.decode(errors="replace"))


def _read(terminal: int, printed: bytearray) -> None:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            printed += os.read(terminal, 65536)
        except OSError:  # its other end is closed
            time.sleep(0.05)
