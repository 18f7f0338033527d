"""A landed file as records of text fields: the reference that every engine's own reader is held to."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeVar

from retailstream.records.splitting import CHUNK_BYTES, is_utf8, opened, shown, split

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.records.surveying import FileSurvey

_Row = TypeVar("_Row")

HEADER_SHOWN: Final = 2000
"""No table has a longer header; what is no text may have one without end."""


@dataclass(frozen=True, slots=True)
class RecordDefect:
    """Why a record has no fields: rule `columns`, `encoding` or `quotes`, the offending value, its column if known."""

    rule: str
    value: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    r"""A record of a file: its number from 1, its fields in the contract's order, and itself as it came.

    A column that the file does not have is None; a record with a defect has no fields. `raw` is without its line
    end; bytes that are not UTF-8 stand there as `\xff`. `ignored` is what `ignored_text` makes of the fields that no
    contract knows.
    """

    number: int
    fields: tuple[str | None, ...]
    raw: str
    defect: RecordDefect | None = None
    ignored: str | None = None


def records(path: Path, survey: FileSurvey, contract: Contract, *, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Record]:
    """Yield the data records of a file that has no defect; blank ones are neither yielded nor counted."""
    pick = _picker(survey.columns, contract.names)
    width = len(survey.columns)
    unknown = [place for place, column in enumerate(survey.columns) if column is None]
    with opened(path, gzipped=survey.gzipped) as stream:
        rows = islice(split(stream, chunk_bytes=chunk_bytes), 1, None)
        for number, (raw, fields, flaw) in enumerate(rows, start=1):
            if len(fields) == width and (raw.isascii() or is_utf8(raw)):
                yield Record(number, pick(fields), raw, ignored=ignored_text([fields[n] for n in unknown]))
            else:
                defect = RecordDefect("quotes", shown(flaw)) if flaw else _defect(fields, survey.columns)
                yield Record(number, (), shown(raw), defect)


def ignored_text(fields: Sequence[str]) -> str | None:
    """Return fields that no contract knows as one text, which is another one for other fields; None where none are.

    `["Till 7", ""]` → `",Till 7,"`
    """
    return "".join("," + (_quoted(text) if "," in text or '"' in text else text) for text in fields) or None


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def raw_records(
    path: Path, survey: FileSurvey, wanted: Collection[int], keep: Callable[[str], str] = str
) -> dict[int, str]:
    """Return the records of those numbers as they came; a number the file does not have is left out.

    `keep` says what is kept of the text of each, before the next one is read.
    """
    numbers = frozenset(number for number in wanted if number > 0)
    with opened(path, gzipped=survey.gzipped) as stream:
        if survey.plain:
            found = ((n, line.rstrip(b"\r\n").decode()) for n, line in _numbered(stream, numbers))
        else:
            found = ((n, shown(raw)) for n, (raw, _fields, _flaw) in _numbered(split(stream), numbers))
        return {n: keep(text) for n, text in found}


def header_of(path: Path) -> str | None:
    r"""Return the header of a file as it came, at most `HEADER_SHOWN` characters of it; None where it cannot be read.

    Bytes that are not UTF-8 stand there as `\xff`.
    """
    with opened(path, gzipped=False) as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    try:
        with opened(path, gzipped=gzipped) as stream:
            found = next(split(BytesIO(stream.read(CHUNK_BYTES))), None)
    except (OSError, EOFError, zlib.error):
        return None
    return shown(found[0])[:HEADER_SHOWN] if found else None


def _numbered(rows: Iterable[_Row], numbers: frozenset[int]) -> Iterator[tuple[int, _Row]]:
    """Yield the rows of those numbers; the header is number 0."""
    return ((n, row) for n, row in enumerate(islice(rows, max(numbers, default=-1) + 1)) if n in numbers)


def _picker(columns: Sequence[str | None], names: Sequence[str]) -> Callable[[list[str]], tuple[str | None, ...]]:
    """Return what puts a file's fields into the contract's order.

    The file's columns `b, x, a` and the contract's `a, b, c`: `["1", "2", "3"]` → `("3", "1", None)`
    """
    absent = len(columns)
    places = [columns.index(name) if name in columns else absent for name in names]
    take = itemgetter(*places, absent)

    def pick(fields: list[str]) -> tuple[str | None, ...]:
        row: tuple[str | None, ...] = take([*fields, None])
        return row[:-1]

    return pick


def _defect(fields: Sequence[str], columns: Sequence[str | None]) -> RecordDefect:
    if len(fields) != len(columns):
        plural = "" if len(fields) == 1 else "s"
        return RecordDefect("columns", f"{len(fields)} field{plural}, {len(columns)} expected")
    column, field = next((c, f) for c, f in zip(columns, fields, strict=True) if not is_utf8(f))
    return RecordDefect("encoding", shown(field), column)
