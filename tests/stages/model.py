"""Cleaning and merging in plain Python, written from what is promised and not from how it is done.

It is given files as the fields of their records, so how bytes become fields is not its business.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.environment import Row

Key = tuple[Any, ...]

COLUMNS = {
    "sales": {
        "store": "integer",
        "dept": "integer",
        "date": "date",
        "weekly_sales": "money",
        "is_holiday": "boolean",
        "customers": "integer",
    },
    "features": {
        "store": "integer",
        "date": "date",
        "temperature": "number",
        "fuel_price": "number",
        "markdown1": "money",
        "markdown2": "money",
        "markdown3": "money",
        "markdown4": "money",
        "markdown5": "money",
        "cpi": "number",
        "unemployment": "number",
        "is_holiday": "boolean",
        "customers": "integer",
    },
    "stores": {"store": "integer", "type": "letter", "size": "integer"},
}
KEYS = {"sales": ("store", "dept", "date"), "features": ("store", "date"), "stores": ("store",)}
SCOPES = {"sales": ("sales", "stores"), "features": ("features",)}

_NULLABLE = {"customers", "temperature", "fuel_price", "cpi", "unemployment", *(f"markdown{n}" for n in range(1, 6))}
_NULLS = {"", "na", "n/a", "null", "nan"}
_FORMS = {
    "integer": r"-?[0-9]{1,9}(\.0{1,10})?",
    "money": r"-?(?=\.?[0-9])[0-9]{0,10}(\.[0-9]{1,2}0{0,8})?",
    "number": r"-?(?=\.?[0-9])[0-9]{0,8}(\.[0-9]{1,10}0{0,8})?",
    "date": "[0-9]{2}/[0-9]{2}/[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "letter": "[A-Za-z]",
}
_LARGE = 10**12
_BOUNDS: dict[str, tuple[int | Decimal, int]] = {
    "store": (1, _LARGE),
    "dept": (1, _LARGE),
    "customers": (0, _LARGE),
    "size": (1, _LARGE),
    "fuel_price": (Decimal("1e-10"), _LARGE),
    "cpi": (Decimal("1e-10"), _LARGE),
    "unemployment": (0, 100),
}


@dataclass(frozen=True)
class Record:
    """A record's fields in the order of the file's columns, and how it stands in the file without its line end."""

    fields: tuple[bytes, ...]
    raw: bytes


@dataclass(frozen=True)
class File:
    """A file: its bytes, its columns (None: unknown) and records, or the rule by which it is no table."""

    content: bytes
    columns: tuple[str | None, ...] = ()
    records: tuple[Record, ...] = ()
    rule: str = ""


@dataclass(frozen=True)
class Entry:
    """What the quarantine must have of a record, or of a whole file."""

    dataset: str
    landing: int
    file: str
    record: int | None
    rule: str
    column: str | None = None
    value: str | None = None
    raw: str | None = None


@dataclass
class Figures:
    """The figures of one merge."""

    files_new: int = 0
    files_quarantined: int = 0
    rows_in: int = 0
    rows_out: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_superseded: int = 0
    rows_replaced: int = 0


@dataclass(frozen=True)
class Kept:
    """A clean row and the record it came from."""

    row: Row
    landing: int
    file: str
    record: int
    raw: str
    ignored: tuple[bytes, ...] = ()
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Held:
    """What a name held since a landing; `of` names the file that it is a copy of."""

    landing: int
    name: str
    content: bytes
    of: str | None

    @property
    def dataset(self) -> str:
        """The dataset, by the first folder."""
        return self.name.partition("/")[0]


@dataclass
class Model:
    """What an environment must hold."""

    clean: dict[str, dict[Key, Kept]] = field(default_factory=lambda: {dataset: {} for dataset in COLUMNS})
    quarantine: set[Entry] = field(default_factory=set)
    _held: list[Held] = field(default_factory=list)
    _refused: set[tuple[int, str]] = field(default_factory=set)
    _landings: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, list[tuple[int, str, File]]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def land(self, scope: str, source: dict[str, File]) -> None:
        """Land what is new, in the order of the names; of equal new files the first, and the others are copies.

        A known name is new with other bytes than it held last, any other with bytes that no readable file had.
        """
        number = self._landings.get(scope, 0) + 1
        before = list(self._held)
        last = {held.name: held for held in before}
        read = [held for held in before if (held.landing, held.name) not in self._refused]
        old = []
        for name in sorted(source, key=_order):
            dataset, file = name.partition("/")[0], source[name]
            if dataset not in SCOPES[scope] or (name in last and last[name].content == file.content):
                continue
            equal = [held for held in read if held.dataset == dataset and held.content == file.content]
            if name in last or not equal:
                if self._copied(number, name, file.content):
                    continue
                self._held.append(Held(number, name, file.content, None))
                self._waiting[dataset].append((number, name, file))
                self._landings[scope] = number
            elif current := [held for held in equal if last[held.name] is held]:
                self._held.append(Held(current[-1].landing, name, file.content, current[-1].of or current[-1].name))
            else:
                old.append(name)
        for name in old:
            self._copied(number, name, source[name].content)

    def _copied(self, landing: int, name: str, content: bytes) -> bool:
        """Keep a name as a copy where a file of the landing has its bytes."""
        dataset = name.partition("/")[0]
        for held in self._held:
            if (held.landing, held.of, held.dataset, held.content) == (landing, None, dataset, content):
                self._held.append(Held(landing, name, content, held.name))
                return True
        return False

    def merge(self, dataset: str) -> Figures:
        """Clean what waits, let the last of each key win, and say how each record ended."""
        figures, valid = Figures(), dict[Key, list[Kept]]()
        for landing, name, file in self._waiting[dataset]:
            figures.files_new += 1
            if file.rule:
                told = [held.name for held in self._held if held.landing == landing and name in (held.name, held.of)]
                figures.files_new += len(told) - 1
                figures.files_quarantined += len(told)
                self.quarantine |= {Entry(dataset, landing, each, None, file.rule) for each in told}
                self._refused |= {(landing, each) for each in told}
            for number, record in enumerate(file.records, start=1):
                figures.rows_in += 1
                found = _checked(dataset, file.columns, record)
                if isinstance(found, Kept):
                    kept = replace(found, landing=landing, file=name, record=number)
                    valid.setdefault(_key(dataset, kept.row), []).append(kept)
                else:
                    figures.rows_quarantined += 1
                    self.quarantine.add(Entry(dataset, landing, name, number, *found, shown(record.raw)))
        self._waiting[dataset].clear()
        for key, rows in valid.items():
            *losers, winner = _filled(dataset, rows, self.clean[dataset].get(key))
            same = [_same(loser, winner) for loser in losers]
            figures.rows_out += 1
            figures.rows_duplicate += same.count(True)
            figures.rows_superseded += same.count(False)
            if before := self.clean[dataset].get(key):
                figures.rows_replaced += 1
                losers.append(before)
            self.quarantine |= {_superseded(dataset, loser) for loser in losers if not _same(loser, winner)}
            # What a clean row was made of but its columns is not kept.
            self.clean[dataset][key] = replace(winner, ignored=(), absent=frozenset())
        return figures

    def finer(self, dataset: str) -> list[str]:
        """Return waiting files of which more than a hundredth shares keys, and no later file of that name is better."""
        over, better = list[tuple[int, str]](), dict[str, int]()
        for landing, name, file in self._waiting[dataset]:
            found = [_checked(dataset, file.columns, record) for record in file.records]
            keys = Counter(_key(dataset, kept.row) for kept in found if isinstance(kept, Kept))
            if sum(times for times in keys.values() if times > 1) * 100 > len(file.records):
                over.append((landing, name))
            elif not file.rule:
                better[name] = landing
        return [name for landing, name in over if better.get(name, 0) < landing]

    def rows(self, dataset: str) -> list[Row]:
        """Return the clean rows by key, each with the landing, file and record it came from."""
        kept = [self.clean[dataset][key] for key in sorted(self.clean[dataset])]
        return [(*row.row, row.landing, row.file, row.record) for row in kept]


def _order(name: str) -> tuple[object, ...]:
    stem = re.sub(r"(?i)\.csv(\.gz)?$", "", name)
    parts = re.findall("[0-9]+|[^0-9]+", stem)
    return [(0, int(part)) if part.isdigit() else (1, part.encode()) for part in parts], name.encode()


def _same(loser: Kept, winner: Kept) -> bool:
    beside = loser.landing == winner.landing and loser.ignored and winner.ignored
    return loser.row == winner.row and not (beside and loser.ignored != winner.ignored)


def _filled(dataset: str, rows: list[Kept], before: Kept | None) -> list[Kept]:
    """Return rows of a key with what their files do not have taken from the row before."""
    filled: list[Kept] = []
    for kept in rows:
        row = tuple(
            before.row[place] if name in kept.absent and before else kept.row[place]
            for place, name in enumerate(COLUMNS[dataset])
        )
        before = replace(kept, row=row)
        filled.append(before)
    return filled


def shown(raw: bytes) -> str:
    r"""Return bytes as people see them: what is not UTF-8 as `\xff`."""
    return raw.decode(errors="backslashreplace")


def _key(dataset: str, row: Row) -> Key:
    return tuple(row[list(COLUMNS[dataset]).index(name)] for name in KEYS[dataset])


def _superseded(dataset: str, loser: Kept) -> Entry:
    return Entry(dataset, loser.landing, loser.file, loser.record, "superseded", raw=loser.raw)


def _checked(
    dataset: str, columns: tuple[str | None, ...], record: Record
) -> Kept | tuple[str, str | None, str | None]:
    """Return the row, or the rule, column and value of the first thing that is wrong."""
    if len(record.fields) != len(columns):
        count = f"{len(record.fields)} field{'s' * (len(record.fields) != 1)}"
        return "columns", None, f"{count}, {len(columns)} expected"
    for column, content in zip(columns, record.fields, strict=True):
        if content.decode(errors="ignore").encode() != content:
            return "encoding", column, shown(content)
    texts = {column: content.decode() for column, content in zip(columns, record.fields, strict=True)}
    row: list[object] = []
    for name, kind in COLUMNS[dataset].items():
        text = texts.get(name, "")
        rule, value = _read(name, kind, text.strip(" \t"))
        if rule:
            return rule, name, text or None
        row.append(value)
    ignored = tuple(text for name, text in zip(columns, record.fields, strict=True) if name is None)
    return Kept(tuple(row), 0, "", 0, shown(record.raw), ignored, frozenset(COLUMNS[dataset]) - set(columns))


def _read(name: str, kind: str, text: str) -> tuple[str, object]:
    """Return the rule that a trimmed field breaks, or nothing and its value."""
    if text.lower() in _NULLS:
        return ("" if name in _NULLABLE else "not_null"), None
    if kind == "boolean":
        words = {"true": True, "1": True, "false": False, "0": False}
        return ("", words[text.lower()]) if text.isascii() and text.lower() in words else ("form", None)
    if not re.fullmatch(_FORMS[kind], text):
        return "form", None
    if kind == "date":
        return _read_date(text)
    if kind == "letter":
        return "", text
    value = int(Decimal(text)) if kind == "integer" else Decimal(text)
    low, high = _BOUNDS.get(name, (-_LARGE, _LARGE))
    return ("", value) if low <= value <= high else ("bounds", None)


def _read_date(text: str) -> tuple[str, object]:
    iso = "-".join(reversed(text.split("/")))
    try:
        day = date.fromisoformat(iso)
    except ValueError:
        return "calendar", None
    return ("", day) if 1900 <= day.year <= 2199 else ("years", None)
