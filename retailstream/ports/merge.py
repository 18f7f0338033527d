"""What cleans landed files, and lays them over what is clean already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.ports.lake import LakeFile, LandedFile


@dataclass(frozen=True)
class FoundReject:
    """A record that breaks its contract, or lost to a later one, before its raw text was looked up."""

    landing: int
    file: str
    record: int
    rule: str
    column: str | None
    value: str | None


@dataclass(frozen=True)
class RowCounts:
    """How the records of one merge were accounted for."""

    rows_in: int
    rows_out: int
    rows_quarantined: int
    rows_duplicate: int
    rows_superseded: int
    rows_replaced: int


@dataclass(frozen=True)
class Disagreement:
    """Two files of one landing that have other rows for the same keys: `winner` has taken the place of so many."""

    file: str
    winner: str
    rows: int


@dataclass(frozen=True)
class FileFigures:
    """What one landed file holds, before anything of it is merged; records that are settled are not counted.

    `sharing_key`: its accepted records that have their key in common with another accepted record of the same file.
    `weekdays`: its accepted dates by ISO weekday, Monday first. `swappable`: how many of them would be dates with day
    and month swapped, too, and `swapped_weekdays` those dates by weekday. A table without dates has none.
    """

    number: int
    records: int
    rejected: int
    sharing_key: int
    first_date: date | None = None
    last_date: date | None = None
    weekdays: tuple[int, ...] = (0,) * 7
    swappable: int = 0
    swapped_weekdays: tuple[int, ...] = (0,) * 7

    @property
    def accepted(self) -> int:
        """How many of its records keep their contract."""
        return self.records - self.rejected


@dataclass(frozen=True)
class FileDate:
    """How many accepted records of one landed file have one date, and the number of the first of them."""

    number: int
    date: date
    records: int
    record: int


@dataclass(frozen=True)
class StoreFigures:
    """How many records of all files are a store's, and how many of them are rejected; `store` None: not known."""

    store: int | None
    records: int
    rejected: int


class Merge(Protocol):
    """New files of one table without doubles, laid over what is clean already; nothing is published."""

    @property
    def counts(self) -> RowCounts:
        """How the records were accounted for."""
        ...

    def rejects(self) -> Iterator[FoundReject]:
        """Yield every record that does not enter the clean table, in the order of files and records."""
        ...

    def disagreements(self) -> Sequence[Disagreement]:
        """Return the pairs of files of one landing that disagree, those about the most rows first."""
        ...

    def partitions(self) -> Mapping[str, int]:
        """Return the rows of each partition that the new rows touch."""
        ...

    def write(self, paths: Mapping[str, Path]) -> Iterator[str]:
        """Write touched partitions' rows, old and new, by key, as a Parquet file each; yield each when it is done."""
        ...

    def row_digests(self, paths: Sequence[Path]) -> list[str]:
        """Return the digest of the rows of each written file: the same for the same rows, whoever wrote them."""
        ...


class Checked(Protocol):
    """New files of one table, each record held against its contract and nothing merged yet, so that they are judged."""

    def files(self) -> Sequence[FileFigures]:
        """Return what each file holds, in the order of their numbers; a file without records, too."""
        ...

    def dates(self) -> Sequence[FileDate]:
        """Return the dates of each file, in order; only of a table that has dates."""
        ...

    def stores(self, *, refused: Collection[int] = ()) -> Sequence[StoreFigures]:
        """Return how each store came through, without the files of the refused numbers, by store."""
        ...

    def merge(self, *, current: Mapping[str, LakeFile], refused: Collection[int] = ()) -> Merge:
        """Lay the accepted records over the current partitions.

        Files of the refused numbers are in no figure of the merge, and none of its rejects.
        """
        ...


class Merger(Protocol):
    """What cleans and merges: an engine for one machine, or for many."""

    def check(
        self, contract: Contract, files: Sequence[LandedFile], *, settled: Collection[tuple[int, int]]
    ) -> Checked:
        """Read and check files, without the settled records (file number, record); what it had of the table goes."""
        ...

    def origins(self, paths: Sequence[Path]) -> Mapping[tuple[int, str], int]:
        """Return how many rows of files that a merge wrote came from which landed file, by landing and name."""
        ...
