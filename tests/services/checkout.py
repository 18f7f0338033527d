"""A checkout of the tests' own, with a stack of its own: what its servers and commands leave anywhere can be seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.docs.steps import ROOT, with_commands
from tests.services.servers import own_mounts, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OWN: Final = {".venv", ".cache", ".ci", ".git", ".stack", ".retailstream", "configs", "findings"}
"""What a checkout does not share with the one that the tests are of."""

TMP: Final = Path("/tmp")
HOLD: Final = (
    'set -e; mkdir -p "$2$1"; mount --rbind "$1" "$2$1"; mount --rbind "$2/tmp" /tmp; echo ready; exec sleep infinity'
)


@dataclass(frozen=True)
class Stack:
    """The command line of a stack that lies in a folder; `prefix` are the words before each of its commands."""

    folder: Path
    root: Path = ROOT
    prefix: tuple[str, ...] = ()

    def __call__(self, *words: str, code: int = 0) -> str:
        """Return what `python -m stack` says, which must end with a code."""
        python = str(self.root / ".venv" / "bin" / "python")
        done = self.run(python, "-m", "stack", *words, variables={"RETAILSTREAM_STACK": str(self.folder)})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, *command: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Return what came of a command in the checkout, with variables beside those of this process."""
        return subprocess.run(
            [*self.prefix, *command],
            cwd=self.root,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def variables(self) -> dict[str, str]:
        """What the stack tells in its file of variables."""
        return dict(line.replace("'", "").split("=", 1) for line in (self.folder / "env").read_text().splitlines())

    @property
    def pids(self) -> dict[str, int]:
        """The processes by the names of their servers."""
        lines = [line.split() for line in self("status").splitlines()[1:]]
        return {words[0]: int(words[3]) for words in lines if len(words) > 3}

    def processes(self) -> list[Path]:
        """Everything that belongs to the stack."""
        mark = f"RETAILSTREAM_STACK_PROCESS={self.folder}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes().split(b"\0"):
                    found.append(path.parent)
            except OSError:
                continue
        return found


@dataclass(frozen=True)
class Checkout:
    """A folder that is as this checkout, with what was installed, but has a stack, settings and a `/tmp` of its own."""

    root: Path
    tmp: Path
    prefix: tuple[str, ...]

    @property
    def stack(self) -> Stack:
        """Its stack."""
        return Stack(self.root / ".stack", self.root, self.prefix)

    @property
    def scratch(self) -> Path:
        """What `TMPDIR` names for those who work in it."""
        return self.root.with_name("scratch")

    def reader(self) -> dict[str, str]:
        """Return the variables of somebody who works in it with the stack, which is up."""
        lakes = {"RETAILSTREAM__LAKE__RAW": "s3://retail-raw", "RETAILSTREAM__LAKE__CLEAN": "s3://retail-clean"}
        commands = with_commands(self.root.with_name("bin"))
        self.scratch.mkdir()
        return {**commands, **self.stack.variables, **lakes, "TMPDIR": str(self.scratch)}

    def litter(self) -> list[str]:
        """Return what lies in its `/tmp` and in its scratch, but for itself."""
        inside = {self.tmp / self.root.parent.relative_to(TMP), self.root.parent} if TMP in self.root.parents else set()
        ours = {path for place in inside for path in (place, *place.parents)}
        found = (path for path in self.tmp.rglob("*") if path not in ours and not inside & set(path.parents))
        return sorted(map(str, (*found, *self.scratch.rglob("*"))))


@contextmanager
def checkout(folder: Path, own: Path) -> Iterator[Checkout]:
    """Make a checkout in a folder, for commands that see `own/tmp` as `/tmp`.

    Where the system does not let us give them that, the test is skipped.
    """
    root = folder / "checkout"
    root.mkdir()
    for path in ROOT.iterdir():
        if path.name not in OWN:
            (root / path.name).symlink_to(path)
    shutil.copytree(ROOT / "configs", root / "configs")
    _environment(root / ".venv")
    (root / ".cache").mkdir()
    (root / ".cache" / "services").symlink_to(ROOT / ".cache" / "services")
    (own / "tmp").mkdir()
    command = [own_mounts(), "--mount", "--propagation", "private", "sh", "-c", HOLD, "hold", str(folder), str(own)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == "ready\n"
            yield Checkout(
                root, own / "tmp", (program("nsenter"), f"--mount=/proc/{holder.pid}/ns/mnt", f"--wdns={root}")
            )
        finally:
            holder.kill()


def _environment(folder: Path) -> None:
    """Make an environment of Python out of ours that make takes for complete: it would install into it otherwise."""
    folder.mkdir()
    moment = time.time()
    for path in (ROOT / ".venv").iterdir():
        if path.is_file() and not path.name.endswith(".cfg"):
            (folder / path.name).touch()
            os.utime(folder / path.name, (moment, moment))  # none is older than what it needs
        else:
            (folder / path.name).symlink_to(path)
