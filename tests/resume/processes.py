"""Command lines as processes that can be killed, stopped and waited for, at any moment of their work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.environment import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Environment

ROOT = Path(__file__).parents[2]

RACES = 20
"""By how many events two runs of the same work may differ, as threads that make the same folder race."""


@dataclass(frozen=True)
class Event:
    """Something a command line did to a file or a database; `stage` is `around` before, between and after stages."""

    stage: str
    kind: str
    detail: str


@dataclass(frozen=True)
class Moment:
    """Before the `nth` event of a stage whose detail ends so, or `later` events after it.

    Unlike the number of an event it does not move with the order in which threads get their turns.
    """

    stage: str
    ending: str
    nth: int = 0
    later: int = 0


@dataclass(frozen=True)
class Child:
    """A command line at work."""

    zygote: Zygote
    pid: int
    output: Path

    def wait(self) -> int:
        """Return the exit code, or minus the signal that ended or stopped the process."""
        return self.zygote.ask(wait=self.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        os.kill(self.pid, number)

    def outcome(self) -> Outcome:
        """Return how the process ended and what it printed."""
        code = self.wait()
        return Outcome(code, *(self.output.with_name(f"run.{name}").read_text() for name in ("stdout", "stderr")))


class Zygote:
    """Starts command lines at the price of a fork."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **request: Any) -> int:
        """Send a request, and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(
        self,
        env: Environment,
        *words: str,
        last: int | str | Moment = -1,
        number: int = signal.SIGKILL,
        record: Path | None = None,
        shim: tuple[str, str, int, int] | None = None,
    ) -> Child:
        """Start a command line; before event `last`, a number, words in it or a moment, it sends itself a signal.

        `shim` are the arguments of `shim_begin` in tests/power/shim.c, which the zygote must have been started with.
        """
        output = env.home.parent / "run"
        request = {
            "words": [*words, *env.options],
            "home": str(env.home),
            "last": astuple(last) if isinstance(last, Moment) else last,
            "signal": int(number),
            "output": str(output),
            "record": str(record or ""),
            "shim": shim,
        }
        return Child(self, self.ask(**request), output)

    def events(self, env: Environment, *words: str) -> list[Event]:
        """Run a command line to its end, and return all that it did."""
        record = env.home.parent / "events.json"
        child = self.start(env, *words, record=record)
        assert child.wait() == 0, child.output.with_name("run.stderr").read_text()
        return [Event(*event) for event in json.loads(record.read_text())]


@contextmanager
def open_zygote(**variables: str) -> Iterator[Zygote]:
    """Start the process that others are forked from, with more variables than ours."""
    words, pipe = [sys.executable, "-m", "tests.resume.zygote"], subprocess.PIPE
    env = {**os.environ, **variables}
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, env=env) as process:
        yield Zygote(process)
