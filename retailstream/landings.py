"""The landings of an environment, as its memory has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.ports import State
    from retailstream.source_files import SourceFile


ORDER_VERSION: Final = 2
"""Which order of a landing's files `file_order` is; part of how raw files are read. Before, names were bytes."""

_ENDING: Final = re.compile(r"\.csv(\.gz)?$", re.IGNORECASE)
_DIGITS: Final = re.compile("([0-9]+)")

FileOrder = tuple[tuple[tuple[int, bytes], ...], bytes]


def file_order(file: str) -> FileOrder:
    """Return what a landing's files are ordered by, so that a correction comes after what it corrects.

    By name without its ending, digits as numbers: `week-9.csv` < `week-10.csv` < `week-10 (1).csv` < `week-10_v2.csv`;
    names that are alike so far by the bytes of the whole name.
    """
    parts = _DIGITS.split(_ENDING.sub("", file))
    # Between texts at even places stand digits at odd ones; without leading zeros, the longer number is the larger one.
    numbers = ((len(part.lstrip("0")), part.lstrip("0").encode()) for part in parts[1::2])
    texts = [(0, part.encode(errors="surrogateescape")) for part in parts[0::2]]
    mixed = tuple(chain.from_iterable(zip(texts, numbers, strict=False)))
    return (*mixed, texts[-1]), file.encode(errors="surrogateescape")


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


def landed_key(landing: int, file: str) -> str:
    """`(7, "sales/week.csv")` → `"sales/landing-000007/week.csv"`."""
    dataset, _, name = file.partition("/")
    return f"{dataset}/landing-{landing:06d}/{name}"


class LandingLog:
    """The landings of one scope."""

    def __init__(self, state: State, scope: Scope) -> None:
        self.scope = scope
        self._state = state

    def unfinished(self) -> int | None:
        """Return the number of the landing that was stopped, if any."""
        rows = self._state.ask("select landing from landings where scope = ? and not complete", (self.scope,))
        return int(rows[0][0]) if rows else None

    def open(self, run_id: str, files: Sequence[SourceFile]) -> int:
        """Write down a new landing, and return its number."""
        with self._state.transaction():
            ((last,),) = self._state.ask(
                "select coalesce(max(landing), 0) from landings where scope = ?", (self.scope,)
            )
            landing = int(last) + 1
            self._state.change(
                "insert into landings (scope, landing, run_id) values (?, ?, ?)", (self.scope, landing, run_id)
            )
            self._state.change_all(
                "insert into landed_files (dataset, sha256, scope, landing, file, bytes) values (?, ?, ?, ?, ?, ?)",
                [(f.dataset, f.sha256, self.scope, landing, f.file, f.bytes) for f in files],
            )
        return landing

    def is_empty(self) -> bool:
        """Say whether nothing was ever landed."""
        return not self._state.ask("select 1 from landings where scope = ? limit 1", (self.scope,))

    def adopt(self, files: Sequence[Landed]) -> None:
        """Write down landings of another time, complete; of two files with the same bytes the earlier one."""
        ordered = sorted(files, key=lambda f: (f.landing, file_order(f.file)), reverse=True)
        first = {(f.dataset, f.sha256): f for f in ordered}
        with self._state.transaction():
            self._state.change_all(
                "insert into landings (scope, landing, run_id, complete) values (?, ?, 'adopted', 1)",
                [(self.scope, landing) for landing in sorted({file.landing for file in files})],
            )
            self._state.change_all(
                "insert into landed_files (dataset, sha256, scope, landing, file, bytes) values (?, ?, ?, ?, ?, ?)",
                [(f.dataset, f.sha256, self.scope, f.landing, f.file, f.bytes) for f in first.values()],
            )

    def complete(self, landing: int, withdrawn: Sequence[Landed] = ()) -> None:
        """Close a landing, without the files that were gone before they could be copied."""
        with self._state.transaction():
            self._state.change_all(
                "delete from landed_files where dataset = ? and sha256 = ?", [(f.dataset, f.sha256) for f in withdrawn]
            )
            self._state.change(
                "update landings set complete = 1 where scope = ? and landing = ?", (self.scope, landing)
            )

    def known(self) -> set[tuple[str, str]]:
        """Return (dataset, content hash) of every file landed so far."""
        rows = self._state.ask("select dataset, sha256 from landed_files where scope = ?", (self.scope,))
        return {(row[0], row[1]) for row in rows}

    def files(self, dataset: str | None = None, *, landing: int | None = None, after: int = 0) -> list[Landed]:
        """Return landed files as their rows are ordered: by landing, then in the order of `file_order`."""
        rows = self._state.ask(
            "select dataset, landing, file, sha256, bytes from landed_files where scope = ? and landing > ?"
            " and (? is null or dataset = ?) and (? is null or landing = ?)",
            (self.scope, after, dataset, dataset, landing, landing),
        )
        return sorted((Landed(*row) for row in rows), key=lambda f: (f.landing, file_order(f.file)))
