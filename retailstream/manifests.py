"""Versions of published tables: which files hold which partition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WHOLE = "all"
"""The name of the only partition of a table that is not partitioned by month."""


@dataclass(frozen=True)
class Partition:
    """One published file; `source` is the digest of the partition it was made from.

    `sha256` proves its bytes, `rows_digest` says which rows they are: empty where that was not noted.
    """

    file: str
    sha256: str
    rows: int
    bytes: int
    source: str
    rows_digest: str = ""

    @property
    def digest(self) -> str:
        """What stands for the rows: the same for the same rows, and as good as ever where it is that of the bytes."""
        return self.rows_digest or self.sha256


@dataclass(frozen=True)
class Manifest:
    """A version of a table: its files, the last landing whose rows are in it, and how raw files were read for it.

    `reading` is a digest of `readings.py`; empty where the rows are no raw files', or it was not noted yet. `passed` is
    the last landing of a version that cannot be read any more, of which the table is made anew. `current` says whether
    it is stored as it would be today; that makes no other version.
    """

    columns: tuple[str, ...]
    landing: int = 0
    partitions: Mapping[str, Partition] = field(default_factory=dict)
    reading: str = ""
    passed: int = 0
    current: bool = field(default=True, compare=False)

    @property
    def rows(self) -> int:
        """The rows of the table."""
        return sum(partition.rows for partition in self.partitions.values())


@dataclass(frozen=True)
class NewPartition:
    """A file to be published: where it lies now, its rows, their digest, and that of what it was made from."""

    path: Path
    rows: int
    source: str = ""
    rows_digest: str = ""
