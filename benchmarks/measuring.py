"""How long a process takes and how much memory it holds at most, ours and its peer in turn on the same machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Process:
    """A process to be measured, and what must be done before each start, which is not measured."""

    words: Sequence[str]
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Cost:
    """The wall-clock seconds of the fastest round, and the largest resident memory of any, in MB."""

    seconds: float
    megabytes: float


def ours(*words: str, prepare: Callable[[], None] = lambda: None) -> Process:
    """Return a `retailstream` command as a process."""
    return Process((sys.executable, "-c", "from retailstream.cli.app import main; main()", *words), prepare)


def peer(*words: str, prepare: Callable[[], None] = lambda: None) -> Process:
    """Return a script of `benchmarks.peers`, or other Python, as a process."""
    return Process((sys.executable, *words), prepare)


def measure(processes: Sequence[Process], rounds: int) -> list[Cost]:
    """Return the cost of each process: the best of some rounds in which they take turns, as noise only ever adds."""
    costs = [Cost(float("inf"), 0.0)] * len(processes)
    for _ in range(rounds):
        for place, process in enumerate(processes):
            process.prepare()
            cost = _once(process.words)
            costs[place] = Cost(min(costs[place].seconds, cost.seconds), max(costs[place].megabytes, cost.megabytes))
    return costs


def _once(words: Sequence[str]) -> Cost:
    clock = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    printed = process.stdout.read() if process.stdout else b""
    _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - clock
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}:\n{printed.decode()}")
    return Cost(seconds, usage.ru_maxrss / 1000)
