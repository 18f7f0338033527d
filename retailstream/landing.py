"""New files go to a lake as they are, in numbered landings that survive being stopped.

A landing is the list of new files, written down before the first byte moves. Rows are ordered by landing, so a stopped
one is completed with the same list, and an interrupted run orders its rows like an uninterrupted one.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from retailstream.contracts import SALES
from retailstream.errors import RetailStreamError, UsageError
from retailstream.hashing import sha256
from retailstream.ports import no_progress
from retailstream.state import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from retailstream.ports import Lake, Progress

ENDINGS = (".csv", ".csv.gz")


class Scope(StrEnum):
    """What is landed, locked and merged together."""

    SALES_AND_STORES = "sales-and-stores"
    FEATURES = "features"

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets of the scope, in the order of their merging."""
        return ("sales", "stores") if self is Scope.SALES_AND_STORES else ("features",)


def scope_of(dataset: str) -> Scope:
    """Return the scope that a dataset belongs to."""
    return next(scope for scope in Scope if dataset in scope.datasets)


@dataclass(frozen=True)
class SourceFile:
    """A file that may be landed: `file` is its name relative to the source, and the first folder its dataset."""

    dataset: str
    file: str
    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Landed:
    """A file that was landed, or is about to be."""

    dataset: str
    landing: int
    file: str
    sha256: str
    bytes: int

    @property
    def key(self) -> str:
        """Where it lies in the lake."""
        return landed_key(self.landing, self.file)


_LANDED: Final = re.compile(r"(?P<dataset>[^/]+)/landing-(?P<landing>\d{6,})/(?P<name>.+)", re.DOTALL)


def landed_key(landing: int, file: str) -> str:
    """`(7, "sales/week.csv")` → `"sales/landing-000007/week.csv"`."""
    dataset, _, name = file.partition("/")
    return f"{dataset}/landing-{landing:06d}/{name}"


class LandingLog:
    """The landings of one scope, in the state file."""

    def __init__(self, connection: sqlite3.Connection, scope: Scope) -> None:
        self.scope = scope
        self._connection = connection

    def unfinished(self) -> int | None:
        """Return the number of the landing that was stopped, if any."""
        row = self._connection.execute(
            "select landing from landings where scope = ? and not complete", (self.scope,)
        ).fetchone()
        return row[0] if row else None

    def open(self, run_id: str, files: Sequence[SourceFile]) -> int:
        """Write down a new landing, and return its number."""
        with transaction(self._connection):
            (last,) = self._connection.execute(
                "select coalesce(max(landing), 0) from landings where scope = ?", (self.scope,)
            ).fetchone()
            landing = int(last) + 1
            self._connection.execute(
                "insert into landings (scope, landing, run_id) values (?, ?, ?)", (self.scope, landing, run_id)
            )
            self._connection.executemany(
                "insert into landed_files (dataset, sha256, scope, landing, file, bytes) values (?, ?, ?, ?, ?, ?)",
                [(f.dataset, f.sha256, self.scope, landing, f.file, f.bytes) for f in files],
            )
        return landing

    def is_empty(self) -> bool:
        """Say whether nothing was ever landed."""
        row = self._connection.execute("select 1 from landings where scope = ? limit 1", (self.scope,)).fetchone()
        return row is None

    def adopt(self, files: Sequence[Landed]) -> None:
        """Write down landings of another time, complete."""
        with transaction(self._connection):
            self._connection.executemany(
                "insert into landings (scope, landing, run_id, complete) values (?, ?, 'adopted', 1)",
                [(self.scope, landing) for landing in sorted({file.landing for file in files})],
            )
            self._connection.executemany(
                "insert or ignore into landed_files (dataset, sha256, scope, landing, file, bytes)"
                " values (?, ?, ?, ?, ?, ?)",
                [
                    (f.dataset, f.sha256, self.scope, f.landing, f.file, f.bytes)
                    for f in sorted(files, key=lambda f: (f.landing, f.file.encode()))
                ],
            )

    def complete(self, landing: int, withdrawn: Sequence[Landed] = ()) -> None:
        """Close a landing, without the files that were gone before they could be copied."""
        with transaction(self._connection):
            self._connection.executemany(
                "delete from landed_files where dataset = ? and sha256 = ?", [(f.dataset, f.sha256) for f in withdrawn]
            )
            self._connection.execute(
                "update landings set complete = 1 where scope = ? and landing = ?", (self.scope, landing)
            )

    def known(self) -> set[tuple[str, str]]:
        """Return (dataset, content hash) of every file landed so far."""
        rows = self._connection.execute("select dataset, sha256 from landed_files where scope = ?", (self.scope,))
        return {(row[0], row[1]) for row in rows}

    def files(self, dataset: str | None = None, *, landing: int | None = None, after: int = 0) -> list[Landed]:
        """Return landed files as their rows are ordered: by landing, then by the bytes of their name."""
        rows = self._connection.execute(
            "select dataset, landing, file, sha256, bytes from landed_files where scope = ? and landing > ?"
            " and (? is null or dataset = ?) and (? is null or landing = ?)",
            (self.scope, after, dataset, dataset, landing, landing),
        )
        return sorted((Landed(*row) for row in rows), key=lambda f: (f.landing, f.file.encode()))


def scan(source: Path, datasets: Collection[str]) -> tuple[list[Path], list[str]]:
    """Return the CSV files of these datasets below a source, and a warning for each file that is passed over.

    Raises UsageError where the source is no folder. Files of the other known datasets are passed over in silence, since
    another stage lands them; files of no dataset are the business of whoever lands sales.
    """
    if not source.is_dir():
        raise UsageError(f"the source folder {source} does not exist", hint="name it with --source, or set source.path")
    every = {dataset for scope in Scope for dataset in scope.datasets}
    wanted, warnings = [], []
    for path in sorted(source.rglob("*"), key=lambda path: os.fsencode(path.relative_to(source))):
        name = path.relative_to(source)
        if path.is_dir() or any(part.startswith(".") for part in name.parts):
            continue
        elsewhere = len(name.parts) < 2 or name.parts[0] not in every
        if (elsewhere and SALES.name not in datasets) or (not elsewhere and name.parts[0] not in datasets):
            continue
        if problem := _passed_over(path, name, every):
            warnings.append(f"{name.as_posix()!a} is ignored: {problem}")
        else:
            wanted.append(path)
    return wanted, warnings


def _passed_over(path: Path, name: Path, datasets: Collection[str]) -> str | None:
    if len(name.parts) < 2 or name.parts[0] not in datasets:
        return f"it lies in none of the folders {', '.join(sorted(datasets))}"
    if not name.name.lower().endswith(ENDINGS):
        return f"only {' and '.join(ENDINGS)} files are read"
    if not str(name).isprintable():
        return "its name cannot be written as text"
    if path.exists() and not path.is_file():  # a broken link is worth an error, a pipe would be waited for
        return "it is no ordinary file"
    return None


def hashed(source: Path, path: Path) -> SourceFile:
    """Read a source file once and return it with its content hash."""
    file = path.relative_to(source).as_posix()
    try:
        digest, size = sha256(path), path.stat().st_size
    except OSError as error:
        raise RetailStreamError(f"{path} cannot be read: {error.strerror}", hint="mend it, then run again") from error
    return SourceFile(file.partition("/")[0], file, path, digest, size)


def new_files(files: Sequence[SourceFile], known: Collection[tuple[str, str]]) -> list[SourceFile]:
    """Return the files whose content is not known yet; of equal files the first by name."""
    first: dict[tuple[str, str], SourceFile] = {}
    for file in files:
        if (file.dataset, file.sha256) not in known:
            first.setdefault((file.dataset, file.sha256), file)
    return list(first.values())


def land(
    log: LandingLog, lake: Lake, run_id: str, files: Sequence[SourceFile], progress: Progress = no_progress
) -> list[Landed]:
    """Complete a stopped landing, then land what is new, and return every file that was copied."""
    if log.is_empty():
        _adopt(log, lake)
    copied: list[Landed] = []
    if (stopped := log.unfinished()) is not None:
        copied += _copy(log, lake, stopped, files, progress)
    if new := new_files(files, log.known()):
        copied += _copy(log, lake, log.open(run_id, new), files, progress)
    return copied


def _adopt(log: LandingLog, lake: Lake) -> None:
    """Remember what a lake has from landings that nothing remembers: its home is a new one, or the state was lost.

    Without them the next landing would begin to count anew, below the landings that clean tables already hold.
    """
    found = []
    for key, size in lake.sizes("").items():
        match = _LANDED.fullmatch(key)
        if match and match["dataset"] in log.scope.datasets:
            file = f"{match['dataset']}/{match['name']}"
            found.append(Landed(match["dataset"], int(match["landing"]), file, sha256(lake.fetch(key)), size))
    log.adopt(found)


def _copy(log: LandingLog, lake: Lake, landing: int, files: Sequence[SourceFile], progress: Progress) -> list[Landed]:
    sources = {(file.dataset, file.file, file.sha256): file for file in files}
    listed = log.files(landing=landing)
    copied: list[Landed] = []
    withdrawn: list[Landed] = []
    for done, file in enumerate(listed, start=1):
        source = sources.get((file.dataset, file.file, file.sha256))
        there = _put_unchanged(lake, file, source) if source else lake.sizes(file.key).get(file.key) == file.bytes
        (copied if there else withdrawn).append(file)
        progress("landing files", done, len(listed))
    lake.delete(file.key for file in withdrawn)
    log.complete(landing, withdrawn)
    return copied


def _put_unchanged(lake: Lake, file: Landed, source: SourceFile) -> bool:
    """Copy a file, and say whether it still was what had been hashed: a store may be writing it just now."""
    try:
        lake.put(file.key, source.path)
        return sha256(source.path) == file.sha256
    except FileNotFoundError:
        return False
