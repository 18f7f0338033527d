"""How long a process takes and how much memory it holds at most, ours and its peer in turn on the same machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final

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

    def with_round(self, other: Cost) -> Cost:
        """Return the cost with one more round."""
        return Cost(min(self.seconds, other.seconds), max(self.megabytes, other.megabytes))


NEVER: Final = Cost(float("inf"), 0.0)
"""The cost before the first round."""


def ours(*words: str, prepare: Callable[[], None] = lambda: None) -> Process:
    """Return a `retailstream` command as a process."""
    return Process((sys.executable, "-c", "from retailstream.cli.app import main; main()", *words), prepare)


def peer(*words: str, prepare: Callable[[], None] = lambda: None) -> Process:
    """Return a script of `benchmarks.peers`, or other Python, as a process."""
    return Process((sys.executable, *words), prepare)


def measure(processes: Sequence[Process], rounds: int) -> list[Cost]:
    """Return the cost of each process: the best of some rounds in which they take turns, as noise only ever adds."""
    costs = [NEVER] * len(processes)
    for _ in range(rounds):
        for place, process in enumerate(processes):
            process.prepare()
            costs[place] = costs[place].with_round(_once(process.words))
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


def measure_group(*words: str) -> tuple[Cost, bytes]:
    """Return what a `retailstream` command costs with all processes it starts, such as Java, and what it printed."""
    clock, most = time.perf_counter(), 0.0
    with TemporaryFile() as printed:
        process = subprocess.Popen(ours(*words).words, stdout=printed, stderr=subprocess.PIPE, start_new_session=True)
        while process.poll() is None:
            most = max(most, _memory(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - clock
        with process:
            said = process.stderr.read() if process.stderr else b""
        if process.returncode:
            raise SystemExit(f"{' '.join(words)} ended with {process.returncode}:\n{said.decode()}")
        printed.seek(0)
        return Cost(seconds, most), printed.read()


def _memory(group: int) -> float:
    """Return what the processes of a group have now, in MB; pages that several share count once each."""
    total = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(path.name)) == group:
                total += int((path / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            continue
    return total / 1e6
