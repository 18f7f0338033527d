"""The shim compiled, and command lines that run with it."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.environment import Environment, new_environment
from tests.power.recording import events_of
from tests.resume.drops import FIRST, SECOND
from tests.resume.processes import open_zygote
from tests.resume.test_killed import landings, rejects, tables, words
from tests.services.servers import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Outcome, Row
    from tests.power.recording import Event
    from tests.resume.processes import Zygote

SOURCE: Final = Path(__file__).with_name("shim.c")
NEVER: Final = -1


@contextmanager
def open_shimmed(folder: Path) -> Iterator[Zygote]:
    """Compile the shim into a folder, and start the process that command lines with it are forked from."""
    library = folder / "shim.so"
    subprocess.run([program("gcc"), "-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-o", library, SOURCE], check=True)
    with open_zygote(LD_PRELOAD=str(library)) as zygote:
        yield zygote


@dataclass(frozen=True)
class Left:
    """All that a run leaves, apart from times and numbers of runs."""

    files: dict[str, bytes]
    tables: dict[str, list[Row] | None]
    rejects: list[Row]
    landings: list[Row]


def left(env: Environment) -> Left:
    """Return what is left in a home."""
    return Left(env.files(), tables(env), rejects(env), landings(env))


@dataclass(frozen=True)
class Recorded:
    """A delivery: the disk before it, what a run over it did to the disk, and what it left."""

    source: Path
    disk: Path
    events: list[Event]
    left: Left

    def before(self, disk: Path) -> None:
        """Copy the disk as it was before the delivery."""
        shutil.copytree(self.disk, disk)

    def environment(self, disk: Path) -> Environment:
        """Return the environment whose home is on a disk."""
        return Environment(self.source, disk / "home")


def recorded(zygote: Zygote, folder: Path, name: str) -> Recorded:
    """Run the first or the second delivery, and return how that went."""
    env = new_environment(folder)
    env.write(FIRST)
    before = folder / "before"
    before.mkdir()
    if name == "second":
        start = Environment(env.source, before / "home")
        assert zygote.start(start, *words(start)).wait() == 0
        env.write(SECOND)
    during = Environment(env.source, shutil.copytree(before, folder / "during") / "home")
    journal = folder / "journal"
    child = zygote.start(during, *words(during), shim=(str(during.home.parent), str(journal), NEVER, 0))
    assert child.wait() == 0, child.outcome().stderr
    return Recorded(env.source, before, events_of(journal), left(during))


def run(zygote: Zygote, env: Environment, fault: tuple[int, int] | None = None) -> Outcome:
    """Run the command that was recorded; call number `fault[0]` of those that write fails with the error `fault[1]`."""
    shim = (str(env.home.parent), "", *fault) if fault else None
    return zygote.start(env, *words(env), shim=shim).outcome()
