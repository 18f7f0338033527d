"""Objects, in a folder or in a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from retailstream.records import FileSurvey


class Lake(Protocol):
    """Object storage: whole objects under keys, each appearing in one step or not at all.

    What `put`, `put_all` and `write` have returned from, and `add_all` has yielded, is durable: its bytes and its name
    outlast a power cut. What was deleted may be back after one.

    A lake can be pickled, and is the same lake on another machine as far as its URL is.
    """

    @property
    def url(self) -> str:
        """Where it is, fit to be printed."""
        ...

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the bytes of each object below the prefix, by key."""
        ...

    def put(self, key: str, path: Path) -> None:
        """Store a copy of the file's bytes durably, taking the place of what was there."""
        ...

    def put_all(self, files: Sequence[tuple[str, Path]]) -> None:
        """Store copies of files' bytes, many at a time, each taking the place of what was there."""
        ...

    def add_all(self, files: Sequence[tuple[str, Path]]) -> Iterator[bool]:
        """Store copies of files under keys that are free, or hold those bytes; yield whether each was there, durably.

        Raises RetailStreamError where a key holds other bytes already.
        """
        ...

    def fetch(self, key: str) -> Path:
        """Return a local file with the object's bytes, to be read only."""
        ...

    def fetch_all(self, keys: Sequence[str]) -> list[Path]:
        """Return local files with the objects' bytes, to be read only."""
        ...

    def drop_copies(self, keys: Iterable[str]) -> None:
        """Take away local copies of objects, so that they are fetched anew; nothing to do where files are no copies."""
        ...

    def read(self, key: str) -> bytes | None:
        """Return a small object's bytes, or None where there is none."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Store a small object durably, in one step."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is gone already is no error."""
        ...


@dataclass(frozen=True)
class LakeFile:
    """An object of a lake, and its copy on the machine that asked for it first."""

    lake: Lake
    key: str
    path: Path

    def here(self) -> Path:
        """Return the copy, or on another machine a copy of that machine's own."""
        return self.path if self.path.exists() else self.lake.fetch(self.key)


@dataclass(frozen=True)
class LandedFile:
    """A file of a landing, to be read only; `number` orders files as their rows are ordered."""

    number: int
    landing: int
    file: str
    source: LakeFile
    survey: FileSurvey

    @property
    def path(self) -> Path:
        """Where it lies on this machine."""
        return self.source.path
