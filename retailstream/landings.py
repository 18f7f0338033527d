"""The landings of an environment, as its memory has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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
    """A file that was landed, or is about to be; `copy_of` names the landed file whose bytes are its own.

    A copy is known by its name, and has neither bytes in the lake nor rows.
    """

    dataset: str
    landing: int
    file: str
    sha256: str
    bytes: int
    copy_of: str | None = None

    @property
    def key(self) -> str:
        """Where it lies in the lake."""
        return landed_key(self.landing, self.file)


def landed_key(landing: int, file: str) -> str:
    """`(7, "sales/week.csv")` → `"sales/landing-000007/week.csv"`."""
    dataset, _, name = file.partition("/")
    return f"{dataset}/landing-{landing:06d}/{name}"


@dataclass(frozen=True)
class Known:
    """What was landed so far: what each name held last, and the bytes, by dataset and hash, that were ever read.

    `current` are those of them that some name held last, each with a file that has them. Bytes that a merge refused
    as a whole are not among them: they may come again under any name, and are told each time.
    """

    last: Mapping[str, Landed]
    current: Mapping[tuple[str, str], Landed]
    ever: frozenset[tuple[str, str]]


_INSERT: Final = (
    "insert into landed_files (dataset, sha256, scope, landing, file, bytes, copy_of) values (?, ?, ?, ?, ?, ?, ?)"
)


_READ_AGAIN: Final = 2
"""What `complete` is of a landing that was merged, forgotten and found again: the next merge reads all anew."""


class LandingLog:
    """The landings of one scope."""

    def __init__(self, state: State, scope: Scope) -> None:
        self.scope = scope
        self._state = state

    def unfinished(self) -> int | None:
        """Return the number of the landing that was stopped, if any."""
        rows = self._state.ask("select landing from landings where scope = ? and not complete", (self.scope,))
        return int(rows[0][0]) if rows else None

    def open(
        self,
        run_id: str,
        files: Sequence[SourceFile],
        copies: Sequence[tuple[SourceFile, str]] = (),
        *,
        above: int = 0,
    ) -> int:
        """Write down a new landing, with the names that have the bytes of another of its files; return its number.

        That is above all that are known, and `above` what a lake or a table has.
        """
        with self._state.transaction():
            landing = max(self.last(), above) + 1
            self._state.change(
                "insert into landings (scope, landing, run_id) values (?, ?, ?)", (self.scope, landing, run_id)
            )
            listed = [*((file, None) for file in files), *copies]
            self._insert([Landed(f.dataset, landing, f.file, f.sha256, f.bytes, of) for f, of in listed])
        return landing

    def note(self, copies: Sequence[Landed]) -> None:
        """Remember names under which known bytes have come again."""
        with self._state.transaction():
            self._insert(copies)

    def _insert(self, files: Sequence[Landed]) -> None:
        rows = [(f.dataset, f.sha256, self.scope, f.landing, f.file, f.bytes, f.copy_of) for f in files]
        self._state.change_all(_INSERT, rows)

    def last(self) -> int:
        """Return the number of the last landing that is known; 0 where nothing was ever landed."""
        ((last,),) = self._state.ask("select coalesce(max(landing), 0) from landings where scope = ?", (self.scope,))
        return int(last)

    def numbers(self) -> list[int]:
        """Return the numbers of all landings that are known, in order."""
        rows = self._state.ask("select landing from landings where scope = ? order by landing", (self.scope,))
        return [int(landing) for (landing,) in rows]

    def anything(self) -> bool:
        """Say whether the environment ever landed a file, of whatever scope."""
        return bool(self._state.ask("select 1 from landings limit 1"))

    def adopt(self, files: Sequence[Landed], *, merged: int = 0) -> None:
        """Write down files of another time, their landings complete; those up to `merged` are to be read again."""
        with self._state.transaction():
            known = set(self.numbers())
            numbers = sorted({file.landing for file in files})
            self._state.change_all(
                "insert into landings (scope, landing, run_id, complete) values (?, ?, 'adopted', 1)",
                [(self.scope, landing) for landing in numbers if landing not in known],
            )
            self._state.change_all(
                f"update landings set complete = {_READ_AGAIN} where scope = ? and landing = ?",
                [(self.scope, landing) for landing in numbers if landing <= merged],
            )
            self._insert(files)

    def to_read_again(self) -> bool:
        """Say whether tables have rows of landings that were forgotten, and of whose rejects nothing is known."""
        found = self._state.ask(
            f"select 1 from landings where scope = ? and complete = {_READ_AGAIN} limit 1", (self.scope,)
        )
        return bool(found)

    def note_read_again(self) -> None:
        """Remember that all tables were made anew since."""
        self._state.change(
            f"update landings set complete = 1 where scope = ? and complete = {_READ_AGAIN}", (self.scope,)
        )

    def complete(self, landing: int, withdrawn: Sequence[Landed] = ()) -> None:
        """Close a landing, without the files that were gone before they could be copied, and without their copies."""
        gone = [(self.scope, landing, file.file, file.file) for file in withdrawn]
        with self._state.transaction():
            self._state.change_all(
                "delete from landed_files where scope = ? and landing = ? and (file = ? or copy_of = ?)", gone
            )
            self._state.change(
                "update landings set complete = 1 where scope = ? and landing = ?", (self.scope, landing)
            )

    def known(self) -> Known:
        """Return what was landed so far, under which names."""
        last: dict[str, Landed] = {}
        read: list[Landed] = []
        for *values, refused in self._state.ask(
            "select dataset, landing, file, sha256, bytes, copy_of, exists (select 1 from quarantine as q"
            " where q.dataset = l.dataset and q.landing = l.landing and q.file = l.file and q.record is null"
            " and q.state <> 'accepted')"
            " from landed_files as l where scope = ? order by landing",
            (self.scope,),
        ):
            file = Landed(*values)
            last[file.file] = file
            read += [] if refused else [file]
        current = {(file.dataset, file.sha256): file for file in read if last[file.file] == file}
        return Known(last, current, frozenset((file.dataset, file.sha256) for file in read))

    def copies(self, dataset: str, landings: Collection[int]) -> dict[tuple[int, str], list[str]]:
        """Return, for each file of these landings that has copies, their names."""
        rows = self._state.ask(
            "select landing, copy_of, file from landed_files where dataset = ? and copy_of is not null", (dataset,)
        )
        found: dict[tuple[int, str], list[str]] = {}
        for landing, original, file in sorted(rows):
            if landing in landings:
                found.setdefault((landing, original), []).append(file)
        return found

    def files(self, dataset: str | None = None, *, landing: int | None = None, after: int = 0) -> list[Landed]:
        """Return landed files, no copies, as their rows are ordered: by landing, then in the order of `file_order`."""
        rows = self._state.ask(
            "select dataset, landing, file, sha256, bytes from landed_files where scope = ? and landing > ?"
            " and copy_of is null and (? is null or dataset = ?) and (? is null or landing = ?)",
            (self.scope, after, dataset, dataset, landing, landing),
        )
        return sorted((Landed(*row) for row in rows), key=lambda f: (f.landing, file_order(f.file)))
