"""Local copies of objects: each belongs to one version of its object, appears in one step, and goes when unused."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.durable import naming, sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

KEPT_SECONDS: Final = 7 * 24 * 3600
"""How long a copy is kept that nobody asks for."""


PART: Final = ".part"
"""The ending of the folder of a copy that is being made, or removed."""


@dataclass(frozen=True)
class Copy:
    """A copy, and the version of the object that it was made of."""

    path: Path
    version: str


@dataclass(frozen=True)
class Download:
    """An object on its way: what its store calls this version of it, and its bytes."""

    version: str
    chunks: Iterable[bytes]


class Copies:
    """The copies of one lake's objects, as `<hash of the key>/<version>/<name>`: a name tells how a file is read.

    Threads and processes share them without a lock: what one of them has listed, another may have moved or taken away.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder / hashlib.sha256(url.encode()).hexdigest()[:16]
        self._tidy = False

    def newest(self, key: str) -> Copy | None:
        """Return the copy that was used last, if there is one; from now on it is used again."""
        whole = {folder: used for folder, used in _children(self._of(key)) if folder.suffix != PART}
        for folder in sorted(whole, key=whole.__getitem__, reverse=True):
            path = folder / _name(key)
            if _touched(folder) and path.is_file():
                return Copy(path, bytes.fromhex(folder.name).decode())
        return None

    def drop(self, key: str) -> None:
        """Take away every copy of an object, so that it is fetched anew."""
        for folder, _used in _children(self._of(key)):
            if folder.suffix != PART:
                _taken_away(folder)

    def keep(self, key: str, download: Download) -> Path:
        """Copy an object, and return the copy; one that breaks off on its way leaves nothing."""
        self._sweep()
        folder = self._of(key)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / _part()
        part.mkdir()
        try:
            with naming(part / _name(key)), (part / _name(key)).open("wb") as stream:
                for chunk in download.chunks:
                    stream.write(chunk)
            sync(part / _name(key))  # after a power cut an empty copy would count as one of this version
            _touched(part)
            return _moved(part, folder / download.version.encode().hex()) / _name(key)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _of(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()[:32]

    def _sweep(self) -> None:
        """Take away, once a process, what was not used for long."""
        if self._tidy:
            return
        self._tidy = True
        for folder, _used in _children(self._folder):
            for version, used in _children(folder):
                if time.time() - used > KEPT_SECONDS:
                    _taken_away(version)


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _part() -> str:
    return f"{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}{PART}"


def _children(folder: Path) -> Iterator[tuple[Path, float]]:
    """Return what is in a folder, and when each was last used."""
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            yield path, path.stat().st_mtime


def _touched(folder: Path) -> bool:
    """Note that a copy is used now; False if it has gone."""
    now = time.time_ns()  # a file system alone may take several copies for equally old
    try:
        os.utime(folder, ns=(now, now))
    except FileNotFoundError:
        return False
    return True


def _taken_away(folder: Path) -> None:
    """Remove a copy: in one step it is none any more."""
    aside = folder.with_name(_part())
    with suppress(OSError):
        folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def _moved(part: Path, target: Path) -> Path:
    """Put a folder in place, unless another has just done so."""
    while True:
        try:
            part.rename(target)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
            if not _touched(target):  # it was taken away in between
                continue
        return target
