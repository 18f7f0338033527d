"""What is being installed: which part, how many MB of it are there, and how many of all parts are done."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

EVERY: Final = 10
"""Seconds between two lines about what is still on its way."""


class MissingError(Exception):
    """What cannot be installed here, and what would help."""


@dataclass
class _Part:
    """A part on its way: where its bytes arrive, how many MB were in each place before, and when it was begun."""

    places: Sequence[Path]
    before: Sequence[float]
    began: float

    @property
    def came(self) -> str:
        """How much of it is there, as in ` 12 MB`; nothing where that cannot be seen."""
        # What is fetched into one place and copied to the next counts once.
        grown = (_megabytes(place) - before for place, before in zip(self.places, self.before, strict=True))
        size = max(grown, default=0)
        return f" {size:,.0f} MB" if size >= 1 else ""


class Progress:
    """The parts of one installation; without one at work each part is told by itself."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._planned: set[str] | None = None
        self._total = self._done = 0
        self._at_work: dict[str, _Part] = {}

    def part(self, name: str, work: Callable[[], None], *places: Path) -> None:
        """Do the work that installs a part, and tell of it; where only parts are counted, count it and do nothing.

        The `places` are folders that grow meanwhile.
        """
        if self._planned is not None:
            self._planned.add(name)
            return
        part = _Part(places, [_megabytes(place) for place in places], time.monotonic())
        with self._lock:
            self._at_work[name] = part
            _tell(f"installing {name}")
        try:
            work()
        finally:
            with self._lock:
                del self._at_work[name]
        with self._lock:
            self._done += 1
            seconds = f"{time.monotonic() - part.began:.0f} s"
            of = f": {self._done} of {max(self._total, self._done)} parts" if self._total else ""
            _tell(f"installed {name},{part.came} in {seconds}{of}")

    def install_all(self, installs: Sequence[Callable[[], object]]) -> None:
        """Run installations side by side; the first that fails ends all when the others have come to their ends."""
        self._total, self._done = self._count(installs), 0
        if self._total:
            _tell(f"{self._total} parts are missing, and are fetched; this takes some minutes, once")
        over = Event()
        teller = Thread(target=self._tell_of_the_rest, args=(over,), daemon=True)
        teller.start()
        try:
            with ThreadPoolExecutor(max(1, len(installs))) as pool:
                for done in [pool.submit(install) for install in installs]:
                    done.result()
        finally:
            over.set()
            teller.join()
            self._total = 0

    def _count(self, installs: Sequence[Callable[[], object]]) -> int:
        """Return how many parts are missing, as far as can be known before any of them is there."""
        self._planned = set()
        try:
            for install in installs:
                with suppress(MissingError):  # of what a part brings that is missing itself
                    install()
            return len(self._planned)
        finally:
            self._planned = None

    def _tell_of_the_rest(self, over: Event) -> None:
        while not over.wait(EVERY):
            with self._lock:
                if self._at_work:
                    parts = ", ".join(f"{name}{part.came}" for name, part in self._at_work.items())
                    _tell(f"  {self._done} of {self._total} parts are there; on their way: {parts}")


PROGRESS: Final = Progress()


def _megabytes(folder: Path) -> float:
    """Return the MB of all files below a folder, as far as they are there at the moment."""
    total = 0
    for path, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_size  # noqa: PTH118 -- there may be 30,000 of them
            except OSError:
                continue
    return total / 1e6


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
