"""Files that outlast a power cut: their bytes, and the entries of the folders by which they are found.

A file that is renamed before its bytes are on the disk may be empty after a cut, and one whose folder is not may be
gone. See docs/adr/0036-what-is-durable-when.md.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_NOT_FOR_FOLDERS: Final = {errno.EINVAL, errno.ENOTSUP}
"""What file systems say that have no such thing as a folder to be synced: they keep names by other means."""


def sync(path: Path) -> None:
    """Return once the disk holds the bytes of a file."""
    _sync(path, os.O_RDONLY)


def sync_folders(folders: Iterable[Path]) -> None:
    """Return once the disk holds the entries of folders; one that another process took away has none."""
    for folder in folders:
        with suppress(FileNotFoundError):
            try:
                _sync(folder, os.O_RDONLY | os.O_DIRECTORY)
            except OSError as error:
                if error.errno not in _NOT_FOR_FOLDERS:
                    raise


def replace(part: Path, target: Path) -> None:
    """Put a file in the place of another in one step, and return once the disk holds it under that name."""
    sync(part)
    part.replace(target)
    sync_folders([target.parent])


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where they are not there; the disk holds what was made."""
    above = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    sync_folders(made.parent for made in reversed(above))


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an error of the operating system name the file that could not be written: it knows none, or two."""
    try:
        yield
    except OSError as error:
        if error.filename is None or error.filename2 is not None:
            error.filename, error.filename2 = str(path), None
        raise
