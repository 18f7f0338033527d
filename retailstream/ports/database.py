"""The relational database, and the answers that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from retailstream.contracts import Column, Contract
    from retailstream.fingerprints import Fingerprint
    from retailstream.ports.engine import Row


DOUBTED: Final = ""
"""The digest of partitions of a table that is to be loaded anew."""


@dataclass(frozen=True)
class TableLoad:
    """A change of one table: these partitions, by their new digest (None: taken away), get exactly these rows.

    Where `text` is given it writes the same rows into a file, for a database that reads files faster.
    """

    contract: Contract
    digests: Mapping[str, str | None]
    rows: Callable[[], Iterator[list[Row]]]
    text: Callable[[Path], Fingerprint] | None = None


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

    def doubt(self, contract: Contract) -> None:
        """Note that rows of a table were found damaged: its digests are DOUBTED until a load, which empties it."""
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
