"""Local copies of objects: each belongs to one ETag of its object, appears in one step, and goes when unused."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK_BYTES: Final = 1 << 20
KEPT_SECONDS: Final = 7 * 24 * 3600
"""How long a copy is kept that nobody asks for."""

TRIES: Final = 3
"""How often a body is asked for that breaks off, or is not what its checksum says."""


@dataclass(frozen=True)
class Copy:
    """A copy, and the ETag of the object that it was made of."""

    path: Path
    etag: str

    def used(self) -> Path:
        """Note that the copy was used just now, and return its path."""
        os.utime(self.path.parent)
        return self.path


class Copies:
    """The copies of one lake's objects, as `<hash of the key>/<ETag>/<name>`: a name tells how a file is read."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder / hashlib.sha256(url.encode()).hexdigest()[:16]
        self._tidy = False

    def newest(self, key: str) -> Copy | None:
        """Return the copy that was used last, if there is one."""
        found = sorted(self._of(key).glob("*/*"), key=lambda path: path.parent.stat().st_mtime_ns)
        return Copy(found[-1], bytes.fromhex(found[-1].parent.name).decode()) if found else None

    def keep(self, key: str, get: Callable[[], Any]) -> Path:
        """Copy the object that a request answers with; what breaks off on its way is asked for again."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt  # noqa: PLC0415 -- only buckets do

        self._sweep()
        for attempt in Retrying(
            retry=retry_if_exception_type(_broken_bodies()), stop=stop_after_attempt(TRIES), reraise=True
        ):
            with attempt:
                return self._copy(key, get())
        raise AssertionError

    def _copy(self, key: str, response: Any) -> Path:  # noqa: ANN401 -- a response is a dictionary of anything
        folder = self._of(key)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{os.getpid()}-{time.monotonic_ns()}.part"
        part.mkdir()
        name = key.rpartition("/")[2]
        try:
            with (part / name).open("wb") as stream:
                for chunk in response["Body"].iter_chunks(CHUNK_BYTES):
                    stream.write(chunk)
            return _moved(part, folder / str(response["ETag"]).encode().hex()) / name
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


def _broken_bodies() -> tuple[type[Exception], ...]:
    from botocore.exceptions import (  # noqa: PLC0415 -- it is there already
        FlexibleChecksumError,
        IncompleteReadError,
        ReadTimeoutError,
        ResponseStreamingError,
    )
    from urllib3.exceptions import ProtocolError  # noqa: PLC0415 -- same

    return FlexibleChecksumError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError, ProtocolError
