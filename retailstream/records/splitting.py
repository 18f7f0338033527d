r"""Where a record ends and where its fields do: the one grammar of a CSV file, for any bytes.

A line ends with `\n`, `\r\n` or a lone `\r`; fields are parted by commas. A quote opens a quoted field only as
the very first byte of a field; there `""` is a quote, and commas and line ends are data. Behind the closing quote
stands a comma or a line end, and it stands within `QUOTED_BYTES` of the opening one.

Where quotes are out of that order, the line in which the record starts is a record by itself, malformed, and the
lines after it are read as if it were not there. So is one whose fields span lines, unless it has as many fields as the
header and none of them holds a line that by itself has as many. `docs/adr/0030-stray-quotes.md` says why.
"""

from __future__ import annotations

import csv
import gzip
import re
from itertools import chain
from typing import TYPE_CHECKING, Final

from retailstream.contracts import BLANKS
from retailstream.records.quoting import NOT_CLOSED, closing_quote, swallows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedIOBase
    from pathlib import Path

Row = tuple[str, list[str]]
"""A record as it came, and its fields; none where its quotes are out of order."""

Known = dict[int, tuple[int, bool]]
"""Where fields end that start at some places, and whether they span lines."""

BOM: Final = b"\xef\xbb\xbf"
PADDING: Final = b"\0\x1a"
"""What some systems pad a file with: NUL, and Ctrl-Z, once the end of a text. At the end of a file it is no data."""

CHUNK_BYTES: Final = 1 << 20
"""How much is read at a time; more only where one record is longer."""

_STRAY_BYTE: Final = re.compile("[\udc80-\udcff]")
_LINE: Final = re.compile(rb"[^\r\n]*")
_REST: Final = re.compile(rb"[^,\r\n]*")
_LINE_END: Final = re.compile(rb"[\r\n]")
_BEHIND: Final = frozenset({b",", b"\r", b"\n", b""})
"""What stands behind a closing quote."""

_NOTHING: Final = f"{BLANKS},"
"""A line of nothing but these is blank: so Excel writes an empty row."""

_BLOCK_BYTES: Final = 1 << 15
"""How much of quoted lines is tried at once."""


def opened(path: Path, *, gzipped: bool) -> BufferedIOBase:
    """Return the file's bytes as a stream, unpacked."""
    return gzip.open(path) if gzipped else path.open("rb")


def split(stream: BufferedIOBase, *, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Row]:
    r"""Yield each record that is not blank, the header first, as it came and as its fields; a malformed one has none.

    Bytes that are not UTF-8 come as lone surrogates (`surrogateescape`), so that nothing is lost.

    `b'a,b\n \n"x, ""y",1\r\n"z,2'` → `('a,b', ['a', 'b'])`, `('"x, ""y",1', ['x, "y', '1'])`, `('"z,2', [])`
    """
    data, start, tried, width, whole = stream.read(len(BOM)).removeprefix(BOM), 0, 0, 0, False
    known: Known = {}
    while not whole or start < len(data):
        quote = data.find(b'"', start)
        if quote >= 0 and start >= tried:
            tried = data.rfind(b"\n", start, start + _BLOCK_BYTES) + 1
            if rows := _tidy(data[start:tried]):
                width = width or len(rows[0][1])
                yield from rows
                start = tried
                continue
        lines = _end_of_lines(data, start, quote, whole=whole)
        if lines > start:
            width, unquoted = _with_width(width, _unquoted(data[start:lines]))
            yield from unquoted
            start = lines
        if quote >= 0 and (found := _first_record(data, start, width, known, whole=whole)):
            fields, end = found
            width = width or len(fields)
            yield _text(data[start:end]), fields
            start = end + (2 if data.startswith(b"\r\n", end) else 1)
        elif not whole:
            more = stream.read(max(chunk_bytes, len(data) - start))
            data = data[start:] + more if more else data[start:].rstrip(PADDING)
            start, tried, whole = 0, 0, not more
            known.clear()


def is_utf8(text: str) -> bool:
    """Return whether what `split` yielded was UTF-8 in the file."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(text: str) -> str:
    r"""Return what `split` yielded so that it can be printed: a byte that is not UTF-8 becomes `\xff`."""
    return _STRAY_BYTE.sub(lambda stray: f"\\x{ord(stray[0]) - 0xDC00:02x}", text)


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _end_of_lines(data: bytes, start: int, quote: int, *, whole: bool) -> int:
    r"""Return where the lines that lie complete before the next quote end.

    A `\r\n` may be cut in two where the data ends: what is left is an empty line, and that is no record.
    """
    if quote < 0 and whole:
        return len(data)
    stop = len(data) if quote < 0 else quote
    return max(data.rfind(b"\n", start, stop), data.rfind(b"\r", start, stop), start - 1) + 1


def _with_width(width: int, rows: Iterator[Row]) -> tuple[int, Iterable[Row]]:
    """Return the number of the header's fields, and the rows; the first of all rows is the header."""
    if width or (header := next(rows, None)) is None:
        return width, rows
    return len(header[1]), chain([header], rows)


def _unquoted(lines: bytes) -> Iterator[Row]:
    text = _text(lines)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n"):
        if line.strip(_NOTHING):
            yield line, line.split(",")


def _tidy(block: bytes) -> list[Row]:
    """Return the records of whole lines of which each is one, its quotes all in order; else nothing.

    In strict mode Python's reader refuses a quote that is not closed and anything that follows a closing one; what
    it takes, it reads by our grammar.
    """
    text = _text(block).replace("\r\n", "\n")
    lines = text.split("\n")[:-1]
    try:
        rows = [] if "\r" in text else list(csv.reader(lines, strict=True))
    except csv.Error:
        return []
    if len(rows) != len(lines):
        return []
    return [(line, row) for line, row in zip(lines, rows, strict=True) if line.strip(_NOTHING)]


def _first_record(data: bytes, start: int, width: int, known: Known, *, whole: bool) -> tuple[list[str], int] | None:
    """Return the fields of the record that starts there, none where it is malformed, and its end.

    None where more bytes must be known. `width` is the number of fields of the header, 0 where this is the header.
    """
    found = _places(data, start, width, known, whole=whole)
    if found is None:
        return None
    places, spans = found
    as_wide = len(places) == (width or len(places))
    if places and not (spans and (not as_wide or swallows(data, start, spans, len(places)))):
        return [_field(data[first:end]) for first, end in places], places[-1][1]
    end = _LINE.match(data, start).end()  # type: ignore[union-attr] # matches anywhere
    return ([], end) if end < len(data) or whole else None


def _places(
    data: bytes, start: int, width: int, known: Known, *, whole: bool
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]] | None:
    """Return where each field of the record starts and ends, and the same of those that span lines.

    There are none where quotes are out of order, or a record that spans lines has more fields than the header. What is
    found behind a field that spans lines is `known` afterwards: the lines within it may have to be read by themselves.
    """
    places: list[tuple[int, int]] = []
    spans: list[tuple[int, int]] = []
    while True:
        found = known.get(start) or _end_of_field(data, start, whole=whole)
        if found is None:
            return None
        end, spanning = found
        if spanning:
            spans.append((start, end))
        if spans:
            known[start] = found
        if end == NOT_CLOSED:
            return [], spans
        places.append((start, end))
        if not data.startswith(b",", end):
            return places, spans
        if spans and len(places) == width:
            return [], spans
        start = end + 1


def _end_of_field(data: bytes, start: int, *, whole: bool) -> tuple[int, bool] | None:
    """Return where a field ends, or NOT_CLOSED, and whether it spans lines; None where more bytes must be known."""
    if not data.startswith(b'"', start):
        end = _REST.match(data, start).end()  # type: ignore[union-attr] # matches anywhere
        return (end, False) if end < len(data) or whole else None
    close = closing_quote(data, start, whole=whole)
    if close is None:
        return None
    if close == NOT_CLOSED or data[close + 1 : close + 2] not in _BEHIND:
        return NOT_CLOSED, False
    return close + 1, _LINE_END.search(data, start, close) is not None


def _field(raw: bytes) -> str:
    return _text(raw[1:-1].replace(b'""', b'"') if raw.startswith(b'"') else raw)
