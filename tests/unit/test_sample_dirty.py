"""What a sample says it spoilt is what is spoilt: judged by a reader that shares no code with it or the pipeline."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from retailstream.sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REJECTED = {"not_null", "form", "calendar", "bounds", "columns", "encoding"}
FORMS = {
    "integer": r"-?[0-9]{1,9}",
    "money": r"-?[0-9]{1,10}(\.[0-9]{1,2})?",
    "number": r"-?[0-9]{1,8}(\.[0-9]{1,10})?",
    "date": r"[0-9]{2}/[0-9]{2}/[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "boolean": r"true|false|1|0",
}
COLUMNS = {
    "sales": {
        "store": "integer!",
        "dept": "integer!",
        "date": "date!",
        "weekly_sales": "money!",
        "is_holiday": "boolean!",
    },
    "features": {
        "store": "integer!",
        "date": "date!",
        "temperature": "number",
        "fuel_price": "number",
        **{f"markdown{number}": "money" for number in range(1, 6)},
        "cpi": "number",
        "unemployment": "number",
        "is_holiday": "boolean!",
    },
}
KEYS = {"sales": ("store", "dept", "date"), "features": ("store", "date")}
PLAIN = {
    "sales": rb"[0-9]+,[0-9]+,../../....,-?[0-9]+\.[0-9]{1,2},(True|False)\n",
    "features": rb"[0-9]+,../../....,-?[0-9.]+,[0-9.]+,((-?[0-9.]+)?,){7}(True|False)\n",
}

CHAIN = {"stores": 14, "depts": 6, "weeks": 60, "seed": 1}

Value = Decimal | date | bool | None


@dataclass(frozen=True)
class Line:
    """A record as it lies in its file."""

    file: str
    record: int
    raw: bytes
    header: tuple[str, ...]
    after_blank: bool

    @property
    def dataset(self) -> str:
        return self.file.partition("/")[0]


def lines(folder: Path, dataset: str) -> Iterator[Line]:
    for path in sorted((folder / dataset).iterdir()):
        header: tuple[str, ...] = ()
        record, blank = 0, False
        for raw in path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True):
            if not raw.strip():
                blank = True
            elif not header:
                header = tuple(names(raw.decode()))
            else:
                record += 1
                yield Line(f"{dataset}/{path.name}", record, raw, header, blank)
                blank = False


def names(header: str) -> Iterator[str]:
    known = {name.replace("_", ""): name for columns in COLUMNS.values() for name in columns}
    for name in header.strip().split(","):
        yield known[re.sub("[ _]", "", name.lower())]


def judged(line: Line) -> tuple[str, str | None] | dict[str, Value]:
    """Return the rule a record breaks and its column, or its values."""
    fields = next(csv.reader([line.raw.decode(errors="surrogateescape").rstrip("\r\n")]))
    if len(fields) != len(line.header):
        return "columns", None
    texts = dict(zip(line.header, fields, strict=True))
    for name, text in texts.items():
        if not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text):
            return "encoding", name
    values: dict[str, Value] = {}
    for name, kind in COLUMNS[line.dataset].items():
        found = value(name, kind, texts[name].strip(" \t"))
        if isinstance(found, str):
            return found, name
        values[name] = found
    return values


def value(name: str, kind: str, text: str) -> Value | str:
    if text.lower() in {"", "na", "n/a", "null", "nan"}:
        return "not_null" if kind.endswith("!") else None
    kind = kind.rstrip("!")
    if not re.fullmatch(FORMS[kind], text.lower() if kind == "boolean" else text):
        return "form"
    if kind == "boolean":
        return text.lower() in {"true", "1"}
    if kind == "date":
        parts = text.split("/")[::-1] if "/" in text else text.split("-")
        try:
            return date(*map(int, parts))
        except ValueError:
            return "calendar"
    low = {"store": 1, "dept": 1, "unemployment": 0}.get(name, Decimal("-inf"))
    inside = low <= Decimal(text) <= (100 if name == "unemployment" else Decimal("inf"))
    positive = name not in {"fuel_price", "cpi"} or Decimal(text) > 0
    return Decimal(text) if inside and positive else "bounds"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    write_sample(folder, **CHAIN, dirty=0.4)
    return folder


@pytest.fixture(scope="module")
def manifest(folder: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text())
    return entries


def found(folder: Path) -> dict[tuple[str, int], tuple[str, str | None]]:
    """Return every record that is rejected, or lost to a later one of its key."""
    spoilt: dict[tuple[str, int], tuple[str, str | None]] = {}
    for dataset, key in KEYS.items():
        latest: dict[tuple[Value, ...], tuple[Line, dict[str, Value]]] = {}
        for line in lines(folder, dataset):
            verdict = judged(line)
            if isinstance(verdict, tuple):
                spoilt[line.file, line.record] = verdict
                continue
            keyed = tuple(verdict[name] for name in key)
            if keyed in latest:
                loser, values = latest[keyed]
                differing = next((name for name in verdict if verdict[name] != values[name]), None)
                spoilt[loser.file, loser.record] = ("superseded" if differing else "duplicate", differing)
            latest[keyed] = (line, verdict)
    return spoilt


def test_the_manifest_lists_exactly_the_records_that_are_spoilt(folder: Path, manifest: list[dict[str, Any]]) -> None:
    listed = [entry for entry in manifest if entry["kind"] != "harmless"]

    told = {(entry["file"], entry["record"]): (entry["kind"], entry["column"]) for entry in listed}
    assert told == found(folder)
    assert len(told) == len(listed)


def test_every_kind_is_there_for_every_column_that_can_have_it(manifest: list[dict[str, Any]]) -> None:
    kinds = Counter(entry["kind"] for entry in manifest)
    assert kinds.keys() == REJECTED | {"duplicate", "superseded", "harmless"}
    misshapen = {(entry["file"].partition("/")[0], entry["column"]) for entry in manifest if entry["kind"] == "form"}
    assert misshapen == {(dataset, column) for dataset, columns in COLUMNS.items() for column in columns}


def test_harmless_records_are_accepted_and_written_differently(folder: Path, manifest: list[dict[str, Any]]) -> None:
    harmless = {(entry["file"], entry["record"]): entry for entry in manifest if entry["kind"] == "harmless"}
    layouts = {file: entry["how"] for (file, record), entry in harmless.items() if not record}
    spoilt = {(entry["file"], entry["record"]) for entry in manifest}

    for dataset in COLUMNS:
        for line in lines(folder, dataset):
            place = line.file, line.record
            if place in harmless:
                assert isinstance(judged(line), dict), line
            if layouts.get(line.file, "bom") in {"bom", "header_case"} and (place in harmless or place not in spoilt):
                plain = re.fullmatch(PLAIN[dataset], line.raw) is not None and not line.after_blank
                assert plain == (place not in harmless), line
    ways = {entry["how"] for entry in harmless.values()}
    assert ways == {
        *("blanks", "iso_date", "bit", "case", "quoted", "null_word", "blank_line", "all_quoted", "line_end"),
        *("bom", "crlf", "header_case", "header_order"),
    }


def test_a_file_in_another_layout_is_listed_as_record_0(folder: Path, manifest: list[dict[str, Any]]) -> None:
    layouts = {entry["file"]: entry["how"] for entry in manifest if not entry["record"]}

    plain = {
        "sales": b"Store,Dept,Date,Weekly_Sales,IsHoliday\n",
        "features": b"Store,Date,Temperature,Fuel_Price,MarkDown1,MarkDown2,MarkDown3,MarkDown4,MarkDown5,CPI,Unemployment,IsHoliday\n",
    }
    for dataset, header in plain.items():
        for path in (folder / dataset).iterdir():
            assert path.read_bytes().startswith(header) == (f"{dataset}/{path.name}" not in layouts)


def test_some_later_records_stand_in_a_later_file(folder: Path) -> None:
    weeks = {
        (line.file[-14:-4], verdict["date"])
        for line in lines(folder, "sales")
        if isinstance(verdict := judged(line), dict)
    }

    assert any(str(day) < name for name, day in weeks)
    assert all(str(day) <= name for name, day in weeks)


def test_the_share_is_kept_and_the_rest_is_the_clean_sample(
    folder: Path, manifest: list[dict[str, Any]], tmp_path: Path
) -> None:
    report = write_sample(tmp_path, **CHAIN)

    clean, accepted = (
        {tuple(verdict.values()) for d in KEYS for line in lines(place, d) if isinstance(verdict := judged(line), dict)}
        for place in (tmp_path, folder)
    )
    kinds = Counter(entry["kind"] for entry in manifest if entry["record"])
    assert len(accepted - clean) == kinds["superseded"]
    assert len(clean - accepted) == sum(kinds[kind] for kind in REJECTED)
    assert 0.37 < kinds.total() / (report.rows["sales"] + report.rows["features"]) < 0.43


def test_the_report_counts_the_entries_and_the_records(folder: Path, tmp_path: Path) -> None:
    report = write_sample(tmp_path, **CHAIN, dirty=0.4)

    assert report.spoilt == len(json.loads((tmp_path / "manifest.json").read_text()))
    assert report.rows == {
        **{dataset: sum(1 for _ in lines(folder, dataset)) for dataset in KEYS},
        "stores": CHAIN["stores"],
    }
