"""Rows on their way from the database to files that may be published, with the proof of what left.

A transfer of our own reads rows and proof in one transaction. Apache Sqoop and Spark read over connections of their
own, which no transaction spans; so what the database holds is looked at before and after, and as long as it is the same
both times, that is what they were to read.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from retailstream.errors import RetailStreamError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.extracts import Extract, Extractor, LoadedTables, TableEngine, Tables
    from retailstream.fingerprints import Fingerprint
    from retailstream.ports import Database, Engine
    from retailstream.proofs import Proof

log = logging.getLogger(__name__)
T = TypeVar("T", "Fingerprint", "Proof")

TRIES: Final = 3
"""How often a table is read that changes meanwhile."""


@dataclass(frozen=True)
class Copied:
    """Partitions as files: where each lies and its rows, the database's URL, and what it held in that moment."""

    files: dict[str, tuple[Path, int]]
    source: str
    sent: Fingerprint


class Transfer(Protocol):
    """A way from the relational database to files of this machine."""

    def partitions(self, contract: Contract, names: Collection[str] | None, work: Path) -> Copied:
        """Write one Parquet file, by key, for each partition (None: for all) of a table of a contract."""
        ...

    def table(self, extract: Extract, target: Path) -> Proof:
        """Write the rows of any table into one file, by key, and return what the database held of them."""
        ...


@dataclass(frozen=True)
class NativeTransfer:
    """Rows as text through this process: in bounded memory, and over one connection."""

    database: Database
    engine: Engine
    tables: Tables
    files: TableEngine

    def partitions(self, contract: Contract, names: Collection[str] | None, work: Path) -> Copied:
        """Write one Parquet file, by key, for each partition (None: for all) of a table of a contract."""
        text, target = work / f"{contract.name}.csv", _target(contract, work)
        sent = self.database.dump(contract, names, text)
        rows = self.engine.write_text(contract, text, self.database.decode, target)
        text.unlink()
        return Copied({name: (target(name), count) for name, count in rows.items()}, self.database.url, sent)

    def table(self, extract: Extract, target: Path) -> Proof:
        """Write the rows of any table into one file, by key, and return what the database held of them."""
        text = target.with_suffix(".txt")
        sent = self.tables.dump(extract, text)
        self.files.write_lines(extract.relation, text, target)
        text.unlink()
        return sent


@dataclass(frozen=True)
class Sharing:
    """Over how many connections an extractor reads, and the column that shares rows out (None: the key's first)."""

    mappers: int = 1
    split_by: str | None = None


@dataclass(frozen=True)
class StagedTransfer:
    """Rows through an extractor's own connections, and the files that it leaves."""

    database: Database
    engine: Engine
    tables: LoadedTables
    files: TableEngine
    extractor: Extractor
    sharing: Sharing

    def partitions(self, contract: Contract, names: Collection[str] | None, work: Path) -> Copied:
        """Write one Parquet file, by key, for each partition (None: for all) of a table of a contract."""
        extract, target = self.tables.loaded(contract, names), _target(contract, work)

        def held() -> Fingerprint:
            found = self.database.fingerprint(contract, names)
            if found is None:
                raise RetailStreamError(f"table '{contract.name}' is gone from {self.database.url}")
            return found

        paths, sent = self._extract(extract, held, work / "extracted")
        rows = self.engine.write_files(contract, paths, target)
        return Copied({name: (target(name), count) for name, count in rows.items()}, self.database.url, sent)

    def table(self, extract: Extract, target: Path) -> Proof:
        """Write the rows of any table into one file, by key, and return what the database held of them."""
        paths, sent = self._extract(extract, lambda: self.tables.proof(extract), target.parent / "extracted")
        self.files.write_rows(extract.relation, paths, target)
        return sent

    def _extract(self, extract: Extract, held: Callable[[], T], work: Path) -> tuple[list[Path], T]:
        """Return files with rows that the database held both before and after they were read."""
        split = self.tables.split(extract, self.sharing.split_by, self.sharing.mappers)
        for _ in range(TRIES):
            before = held()
            paths = self.extractor.extract(extract, split, work)
            if before.difference(held()) is None:
                return paths, before
            log.info("table '%s' changed while it was read; reading it again", extract.relation.name)
        raise TransientError(
            f"table '{extract.relation.name}' of {self.tables.url} changed {TRIES} times while it was read",
            hint="run the same command again when it is at rest, or with --engine native, which reads one moment of it",
        )


def _target(contract: Contract, work: Path) -> Callable[[str], Path]:
    return lambda partition: work / f"{contract.name}-{partition}.parquet"
