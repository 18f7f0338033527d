"""What cleans landed files, and lays them over what is clean already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
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


class Merge(Protocol):
    """New files of one table, checked, without doubles, and laid over what is clean already; nothing is published."""

    @property
    def counts(self) -> RowCounts:
        """How the records were accounted for."""
        ...

    @property
    def off_fridays(self) -> int:
        """How many accepted rows have a date that is no Friday."""
        ...

    def rejects(self) -> Iterator[FoundReject]:
        """Yield every record that does not enter the clean table, in the order of files and records."""
        ...

    def partitions(self) -> Mapping[str, int]:
        """Return the rows of each partition that the new rows touch."""
        ...

    def write(self, paths: Mapping[str, Path]) -> Iterator[str]:
        """Write touched partitions' rows, old and new, by key, as a Parquet file each; yield each when it is done."""
        ...


class Merger(Protocol):
    """What cleans and merges: an engine for one machine, or for many."""

    def merge(
        self,
        contract: Contract,
        files: Sequence[LandedFile],
        *,
        settled: Collection[tuple[int, int]],
        current: Mapping[str, LakeFile],
    ) -> Merge:
        """Check and merge files, without the settled records (file number, record), over the current partitions."""
        ...
