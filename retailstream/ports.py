"""What the stages ask of the outside world, in our words; adapters answer.

A path is always a file on this machine; a key names an object within a lake, with `/` between its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from retailstream.contracts import Column, Contract
    from retailstream.fingerprints import Fingerprint
    from retailstream.manifests import Manifest, NewPartition
    from retailstream.metrics import Sample
    from retailstream.records import FileSurvey

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and of how many."""


def no_progress(_what: str, _done: int, _of: int) -> None:
    """Report to nobody."""


Row = tuple[object, ...]


class Lake(Protocol):
    """Object storage: whole objects under keys, each appearing in one step or not at all.

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
        """Store a copy of the file's bytes, taking the place of what was there."""
        ...

    def add_all(self, files: Sequence[tuple[str, Path]]) -> Iterator[bool]:
        """Store copies of files under keys that are free, or hold those bytes; yield whether each file was there.

        Raises RetailStreamError where a key holds other bytes already.
        """
        ...

    def fetch(self, key: str) -> Path:
        """Return a local file with the object's bytes, to be read only."""
        ...

    def fetch_all(self, keys: Sequence[str]) -> list[Path]:
        """Return local files with the objects' bytes, to be read only."""
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


class Table(Protocol):
    """A published table: readers see one version or the next, never half."""

    @property
    def contract(self) -> Contract:
        """What its rows look like."""
        ...

    @property
    def lake(self) -> Lake:
        """Where its files lie."""
        ...

    def manifest(self) -> Manifest:
        """Return the current version; an empty one where nothing was published."""
        ...

    def intact(self, manifest: Manifest) -> bool:
        """Say whether every file of a version is still there, with its size."""
        ...

    def paths(self, manifest: Manifest) -> list[Path]:
        """Return local files with the table's rows, in the order of the partitions."""
        ...

    def publish(self, old: Manifest, changes: Mapping[str, NewPartition | None], *, landing: int) -> Manifest:
        """Put new partitions in place (None: take one away) in one step, and return the new version."""
        ...

    def sweep(self, manifest: Manifest) -> None:
        """Remove what no longer belongs to any version."""
        ...


class Warehouse(Protocol):
    """Where the tables lie that analyses read."""

    @property
    def url(self) -> str:
        """Where it is, fit to be printed."""
        ...

    def table(self, contract: Contract) -> Table:
        """Return the published table of that contract."""
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


@dataclass(frozen=True)
class Profile:
    """What a table looks like: its rows, how many have nothing in each column that may be null, and its newest dates.

    `weeks` holds each of them with its rows, the newest first.
    """

    rows: int
    nulls: Mapping[str, int]
    weeks: Sequence[tuple[date, int]]


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

    def fingerprint(self, contract: Contract, paths: Sequence[Path]) -> Fingerprint:
        """Return what Parquet files hold."""
        ...

    def profile(self, contract: Contract, paths: Sequence[Path], weeks: int) -> Profile:
        """Return what Parquet files of a table with dates look like, with so many of its newest dates."""
        ...

    def orphans(self, sales: Sequence[Path], stores: Sequence[Path]) -> list[int]:
        """Return the stores that have sales and are not among the known ones, in order."""
        ...


@dataclass(frozen=True)
class TableLoad:
    """A change of one table: these partitions, by their new digest (None: taken away), get exactly these rows.

    Where `text` is given it writes the same rows into a file, for a database that reads files faster.
    """

    contract: Contract
    digests: Mapping[str, str | None]
    rows: Callable[[], Iterator[list[Row]]]
    text: Callable[[Path], Fingerprint] | None = None


@dataclass(frozen=True)
class ResultTable:
    """An answer as a table to be kept: columns with their DuckDB types, rows, and the run that asked."""

    name: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Row]
    run_id: str


class Results(Protocol):
    """Where answers are kept as tables."""

    def replace(self, table: ResultTable) -> None:
        """Put a table in the place of the one of its name, in one transaction."""
        ...


class Database(Protocol):
    """A relational database holding tables of the contracts, and the digest of each partition it was loaded from."""

    @property
    def url(self) -> str:
        """Where it is, fit to be printed."""
        ...

    def encode(self, column: Column) -> str:
        """Return the engine's SQL expression that turns a clean value into what this database stores."""
        ...

    def decode(self, column: Column) -> str:
        """Return the engine's SQL expression that turns dumped text back into the clean value."""
        ...

    def digests(self, contract: Contract) -> dict[str, str] | None:
        """Return the digest of each loaded partition, or None where the table is not there."""
        ...

    def load(self, loads: Sequence[TableLoad]) -> dict[str, int]:
        """Make all the changes in one transaction, and return the rows that were given for each table."""
        ...

    def dump(self, contract: Contract, partitions: Collection[str] | None, path: Path) -> Fingerprint:
        """Write partitions (None: all) as text, and return their fingerprint, taken in the same transaction."""
        ...

    def fingerprint(self, contract: Contract, partitions: Collection[str] | None = None) -> Fingerprint | None:
        """Return what partitions (None: all) of the table hold, or None where it is not there."""
        ...


class State(Protocol):
    """The memory of an environment: the ledger, the landings and the quarantine, as small tables.

    None of it is needed to read the data itself. Statements are SQL that every memory reads alike, with `?` for values.
    """

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of an answer."""
        ...

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement, and return how many rows it concerned."""
        ...

    def change_all(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement for each row of values, and return how many rows all of them concerned."""
        ...

    def upsert(self, insert: str, rows: Sequence[Sequence[object]], *, key: str, update: str, where: str) -> None:
        """Insert rows; of one whose key is there already, take over only `update`, and that only `where` it holds."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All of the block's statements, or none of them; no other process changes anything meanwhile."""
        ...


class MetricsTarget(Protocol):
    """Where figures of runs are left for a monitoring system to collect."""

    @property
    def address(self) -> str:
        """Where it is, fit to be printed."""
        ...

    def put(self, group: Mapping[str, str], samples: Sequence[Sample]) -> None:
        """Take over figures of a group (its labels); what it has of the same metrics goes, and of others stays."""
        ...
