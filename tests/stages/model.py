"""Cleaning and merging in plain Python, written from what is promised and not from how it is done.

It is given files as the fields of their records, so how bytes become fields is not its business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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
    },
    "stores": {"store": "integer", "type": "letter", "size": "integer"},
}
KEYS = {"sales": ("store", "dept", "date"), "features": ("store", "date"), "stores": ("store",)}
SCOPES = {"sales": ("sales", "stores"), "features": ("features",)}

_NULLABLE = {"customers", "temperature", "fuel_price", "cpi", "unemployment", *(f"markdown{n}" for n in range(1, 6))}
_NULLS = {"", "na", "n/a", "null", "nan"}
_FORMS = {
    "integer": r"-?[0-9]{1,9}(\.0{1,18})?",
    "money": r"-?([0-9]{1,10}(\.[0-9]{1,2})?|[0-9]{1,10}\.[0-9]{2}0{1,18}|\.[0-9]{1,2}0{0,18})",
    "number": r"-?([0-9]{1,8}(\.[0-9]{1,10}(?<=\.[0-9]{10})0{1,10})?|[0-9]{1,8}(\.[0-9]{1,10})?|[0-9]{0,5}\.[0-9]{1,20})",
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


@dataclass
class Model:
    """What an environment must hold."""

    clean: dict[str, dict[Key, Kept]] = field(default_factory=lambda: {dataset: {} for dataset in COLUMNS})
    quarantine: set[Entry] = field(default_factory=set)
    _known: set[tuple[str, bytes]] = field(default_factory=set)
    _landings: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, list[tuple[int, str, File]]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def land(self, scope: str, source: dict[str, File]) -> None:
        """Land what is new, by content, in the order of the names' bytes."""
        number = self._landings.get(scope, 0) + 1
        for name in sorted(source, key=str.encode):
            dataset = name.partition("/")[0]
            if dataset in SCOPES[scope] and (dataset, source[name].content) not in self._known:
                self._known.add((dataset, source[name].content))
                self._waiting[dataset].append((number, name, source[name]))
                self._landings[scope] = number

    def merge(self, dataset: str) -> Figures:
        """Clean what waits, let the last of each key win, and say how each record ended."""
        figures, valid = Figures(), dict[Key, list[Kept]]()
        for landing, name, file in self._waiting[dataset]:
            figures.files_new += 1
            if file.rule:
                figures.files_quarantined += 1
                self.quarantine.add(Entry(dataset, landing, name, None, file.rule))
            for number, record in enumerate(file.records, start=1):
                figures.rows_in += 1
                found = _checked(dataset, file.columns, record)
                if isinstance(found, Kept):
                    kept = Kept(found.row, landing, name, number, found.raw)
                    valid.setdefault(_key(dataset, kept.row), []).append(kept)
                else:
                    figures.rows_quarantined += 1
                    self.quarantine.add(Entry(dataset, landing, name, number, *found, shown(record.raw)))
        self._waiting[dataset].clear()
        for key, (*losers, winner) in valid.items():
            same = [loser.row == winner.row for loser in losers]
            figures.rows_out += 1
            figures.rows_duplicate += same.count(True)
            figures.rows_superseded += same.count(False)
            if before := self.clean[dataset].get(key):
                figures.rows_replaced += 1
                losers.append(before)
            self.quarantine |= {_superseded(dataset, loser) for loser in losers if loser.row != winner.row}
            self.clean[dataset][key] = winner
        return figures

    def rows(self, dataset: str) -> list[Row]:
        """Return the clean rows by key, each with the landing, file and record it came from."""
        kept = [self.clean[dataset][key] for key in sorted(self.clean[dataset])]
        return [(*row.row, row.landing, row.file, row.record) for row in kept]


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
    return Kept(tuple(row), 0, "", 0, shown(record.raw))


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
    return _read_number(name, kind, text)


def _read_number(name: str, kind: str, text: str) -> tuple[str, object]:
    value = int(Decimal(text)) if kind == "integer" else round(Decimal(text), 10)
    low, high = _BOUNDS.get(name, (-_LARGE, _LARGE))
    if float(text) != float(value):
        return "form", None
    return ("", value) if low <= value <= high else ("bounds", None)


def _read_date(text: str) -> tuple[str, object]:
    iso = "-".join(reversed(text.split("/")))
    try:
        return "", date.fromisoformat(iso)
    except ValueError:
        return "calendar", None
