"""Local copies of objects: each belongs to one version of its object, appears in one step, and goes when unused."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

KEPT_SECONDS: Final = 7 * 24 * 3600
"""How long a copy is kept that nobody asks for."""


PART: Final = ".part"
"""The ending of the folder of a copy that is being made."""


@dataclass(frozen=True)
class Copy:
    """A copy, and the version of the object that it was made of."""

    path: Path
    version: str

    def used(self) -> Path:
        """Note that the copy was used just now, and return its path."""
        os.utime(self.path.parent)
        return self.path


@dataclass(frozen=True)
class Download:
    """An object on its way: what its store calls this version of it, and its bytes."""

    version: str
    chunks: Iterable[bytes]


class Copies:
    """The copies of one lake's objects, as `<hash of the key>/<version>/<name>`: a name tells how a file is read."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder / hashlib.sha256(url.encode()).hexdigest()[:16]
        self._tidy = False

    def newest(self, key: str) -> Copy | None:
        """Return the copy that was used last, if there is one."""
        whole = [path for path in self._of(key).glob("*/*") if path.parent.suffix != PART]
        found = sorted(whole, key=lambda path: path.parent.stat().st_mtime_ns)
        return Copy(found[-1], bytes.fromhex(found[-1].parent.name).decode()) if found else None

    def keep(self, key: str, download: Download) -> Path:
        """Copy an object, and return the copy; one that breaks off on its way leaves nothing."""
        self._sweep()
        folder = self._of(key)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{os.getpid()}-{time.monotonic_ns()}{PART}"
        part.mkdir()
        name = key.rpartition("/")[2]
        try:
            with (part / name).open("wb") as stream:
                for chunk in download.chunks:
                    stream.write(chunk)
            return _moved(part, folder / download.version.encode().hex()) / name
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _of(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()[:32]

    def _sweep(self) -> None:
        """Take away, once a process, what was not used for long."""
        if self._tidy:
            return
        self._tidy = True
        for folder in _children(self._folder):
            for version in _children(folder):
                if time.time() - version.stat().st_mtime > KEPT_SECONDS:
                    shutil.rmtree(version, ignore_errors=True)


def _children(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _moved(part: Path, target: Path) -> Path:
    """Put a folder in place, unless another process has just done so."""
    try:
        part.rename(target)
    except OSError:
        if not target.is_dir():
            raise
    return target
