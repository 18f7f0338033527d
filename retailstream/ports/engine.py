"""What computes over clean files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from retailstream.contracts import Column, Contract
    from retailstream.fingerprints import Fingerprint


Row = tuple[object, ...]

Origin = tuple[int, str, int | None]
"""Where clean rows came from: landing, file and record; record None for the whole file."""


@dataclass(frozen=True)
class Profile:
    """What a table looks like: its rows, how many have nothing in each column that may be null, and its dates.

    `weeks` holds each of them with its rows, the newest first.
    """

    rows: int
    nulls: Mapping[str, int]
    weeks: Sequence[tuple[date, int]]


@dataclass(frozen=True)
class DatedRows:
    """How many clean rows of one landed file have one date.

    `records` are the numbers of the first of them in that file, `of_file` how many clean rows that file has.
    """

    landing: int
    file: str
    date: date
    rows: int
    records: tuple[int, ...]
    of_file: int


class Engine(Protocol):
    """What computes over clean files of this machine."""

    def rows(self, contract: Contract, paths: Sequence[Path], encode: Callable[[Column], str]) -> Iterator[list[Row]]:
        """Yield batches of the contract's columns of Parquet files, by key, each encoded by an SQL expression."""
        ...

    def dump(
        self, contract: Contract, paths: Sequence[Path], encode: Callable[[Column], str], text: Path
    ) -> Fingerprint:
        """Write what `rows` yields, which must be text, as lines with tabs between, and return the fingerprint."""
        ...

    def write_text(
        self, contract: Contract, text: Path, decode: Callable[[Column], str], target: Callable[[str], Path]
    ) -> dict[str, int]:
        """Turn a table dumped as text into one Parquet file a partition, and return the rows of each."""
        ...

    def write_files(self, contract: Contract, paths: Sequence[Path], target: Callable[[str], Path]) -> dict[str, int]:
        """Turn a table in Parquet files of any order into one a partition, by key, and return the rows of each."""
        ...

    def row_digests(self, paths: Sequence[Path]) -> list[str]:
        """Return the digest of the rows of each of some files of one table: the same whoever wrote them."""
        ...

    def fingerprint(self, contract: Contract, paths: Sequence[Path]) -> Fingerprint:
        """Return what Parquet files hold."""
        ...

    def profile(self, contract: Contract, paths: Sequence[Path]) -> Profile:
        """Return what Parquet files of a table with dates look like."""
        ...

    def last_dates(self, sales: Sequence[Path], until: date) -> Mapping[int, date]:
        """Return each store's newest date that is not later than `until`."""
        ...

    def scattered(self, paths: Sequence[Path], *, gap: int, days: Collection[date]) -> Sequence[DatedRows]:
        """Return the rows, by file and date, of these days, and of files that have dates more than `gap` days apart.

        The rows must have their lineage, as those that a merge has written do.
        """
        ...

    def origins(self, paths: Sequence[Path]) -> Mapping[tuple[int, str], int]:
        """Return how many rows of files that a merge wrote came from which landed file, by landing and name."""
        ...

    def orphans(self, sales: Sequence[Path], stores: Sequence[Path]) -> list[int]:
        """Return the stores that have sales and are not among the known ones, in order."""
        ...


class Origins(Protocol):
    """What knows where the rows of clean files of this machine came from."""

    def of_key(self, contract: Contract, paths: Sequence[Path], key: Mapping[str, str]) -> list[Origin]:
        """Return where the row of a key came from, the key in whatever form files may have it; none where it is not."""
        ...

    def rows_from(self, contract: Contract, paths: Sequence[Path], origin: Origin) -> dict[str, int]:
        """Return how many rows of each partition came from a record, or from a whole file."""
        ...
