"""Files are known by their content."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Final

from retailstream.durable import naming

if TYPE_CHECKING:
    import os
    from pathlib import Path

_SETTLED_NS: Final = 100_000_000
"""How old a change must be to be told from the next one: some file systems have clocks that tick slowly."""

_known: dict[tuple[int, ...], str] = {}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read piece by piece."""
    with naming(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def known_sha256(path: Path) -> str:
    """Return the SHA-256 of a file that several steps of one run ask about: it is read again only once it changed."""
    before = _identity(path.stat())
    if found := _known.get(before):
        return found
    digest = sha256(path)
    stat = path.stat()
    if _identity(stat) == before and time.time_ns() - stat.st_ctime_ns > _SETTLED_NS:
        _known[before] = digest
    return digest


def _identity(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
