"""A `/tmp` of one's own: processes that are started in it leave their scratch where a test can see it, and no other's."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.services.servers import program

if TYPE_CHECKING:
    from collections.abc import Iterator

TMP: Final = Path("/tmp")
HOLD: Final = (
    'set -e; mkdir -p "$2$1"; mount --rbind "$1" "$2$1"; mount --rbind "$2/tmp" /tmp; echo; exec sleep infinity'
)
"""Has a folder stay where it is, below the `/tmp` that takes the place of the real one."""


@contextmanager
def private_tmp(folder: Path, kept: Path) -> Iterator[list[str]]:
    """Yield the words before a command that has it see `folder/tmp` as `/tmp`; what lies below `kept` stays in its place.

    Where the system does not let us, the test is skipped.
    """
    (folder / "tmp").mkdir(parents=True)
    (folder / "tmp").chmod(0o1777)
    command = [program("unshare"), "--mount", "--propagation", "private", "sh", "-c", HOLD, "hold"]
    with subprocess.Popen([*command, str(kept), str(folder)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout
            require_line = holder.stdout.readline()
            assert require_line, "a mount of one's own takes root"
            yield [program("nsenter"), f"--mount=/proc/{holder.pid}/ns/mnt", f"--wd={Path.cwd()}"]
        finally:
            holder.kill()


def entries(folder: Path) -> set[str]:
    """Return what lies in a folder, at any depth, but for empty folders."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
