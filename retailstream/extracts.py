"""Rows taken out of a relational database: what is asked for, and who answers.

Like `ports`, but for tables of any shape: `Tables` is what a database does, `Extractor` an engine that reads it on its
own, `TableEngine` what works on the files that come of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from retailstream.choices import AS_THEY_ARE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from retailstream.choices import Changes
    from retailstream.contracts import Contract
    from retailstream.proofs import Proof
    from retailstream.relations import Field, Relation


@dataclass(frozen=True)
class Split:
    """How rows are shared out among connections: by a whole number that each row has, never null, and its bounds."""

    expression: str
    least: int
    most: int
    parts: int


@dataclass(frozen=True)
class Extract:
    """Rows of one table of a database as lines of text (see `relations`), in its own SQL, for whoever asks it."""

    relation: Relation
    line: str
    table: str
    where: str

    @property
    def source(self) -> str:
        """What follows `from`."""
        return f"{self.table} where {self.where}"

    @property
    def query(self) -> str:
        """The query for the lines."""
        return f"select {self.line} as line from {self.source}"


@dataclass(frozen=True)
class Span:
    """Of a column's values, those above `after` (None: all), or with `inclusive` also that one, up to `until`."""

    column: str
    after: str | None
    until: str
    inclusive: bool = False


class Tables(Protocol):
    """The tables of a relational database, whatever they hold."""

    @property
    def url(self) -> str:
        """Where it is, fit to be printed."""
        ...

    def source(self, table: str) -> str:
        """Return a table in words that no other one has, whoever asks for it and how."""
        ...

    def relation(self, table: str, columns: Sequence[str] | None = None, changes: Changes = AS_THEY_ARE) -> Relation:
        """Return a table, or some of its columns, with changes; UsageError for one that is not there or has no type.

        Raises it, too, where all are asked for and the database lets us see some of them alone.
        """
        ...

    def extract(self, relation: Relation, where: str | None = None, span: Span | None = None) -> Extract:
        """Return the rows of a table that a condition in the database's SQL holds for."""
        ...

    def newest(self, extract: Extract, column: Field) -> str | None:
        """Return the largest value of a column as text, None where there are no rows; UsageError where one is null."""
        ...

    def split(self, extract: Extract, column: str | None, parts: int) -> Split | None:
        """Return how rows are shared out by a column (None: the key's first), or None where they cannot be."""
        ...

    def proof(self, extract: Extract) -> Proof:
        """Return what the rows hold now."""
        ...

    def dump(self, extract: Extract, path: Path) -> Proof:
        """Write the rows as lines of text, and return what they hold, taken in the same transaction."""
        ...


class LoadedTables(Tables, Protocol):
    """Tables that engines other than ours can reach, those of the contracts among them."""

    def loaded(self, contract: Contract, partitions: Collection[str] | None) -> Extract:
        """Return the rows of partitions (None: all) of a table of a contract, in its types."""
        ...


class Extractor(Protocol):
    """What moves rows out of a database by means of its own, over several connections at once."""

    def extract(self, extract: Extract, split: Split | None, work: Path) -> list[Path]:
        """Return Parquet files with the rows, in exact types and any order, in a folder that is the work's owner's."""
        ...

    def check(self) -> str:
        """Try every part that it needs, and return what was found."""
        ...


class TableEngine(Protocol):
    """What computes over files of tables of any shape, whose names end with their format: `.parquet` or `.orc`."""

    def write_lines(self, relation: Relation, text: Path, target: Path) -> int:
        """Turn lines of text into a file in the order of the key, and return its rows."""
        ...

    def write_rows(self, relation: Relation, paths: Sequence[Path], target: Path) -> int:
        """Write the rows of files into one in the order of the key, and return its rows."""
        ...

    def lay_over(self, relation: Relation, old: Sequence[Path], new: Path, target: Path) -> int:
        """Write old rows and new ones, which take the place of those with their key, and return how many there are."""
        ...

    def add_missing(self, relation: Relation, old: Sequence[Path], new: Path, target: Path) -> int:
        """Write old rows and those of a later copy of the same table, each once, and return how many there are."""
        ...

    def missing(self, relation: Relation, paths: Sequence[Path], of: Path) -> int:
        """Return how many rows of one file others do not have, by these columns of theirs."""
        ...

    def proof(self, relation: Relation, paths: Sequence[Path]) -> Proof:
        """Return what files hold."""
        ...
