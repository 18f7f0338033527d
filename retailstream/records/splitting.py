r"""Where a record ends and where its fields do: the one grammar of a CSV file, for any bytes.

A line ends with `\n`, `\r\n` or a lone `\r`; fields are parted by commas. A quote opens a quoted field only as
the very first byte of a field; there `""` is a quote, and commas and line ends are data. Behind the closing quote only
blanks may stand before the next comma or line end.

A quote that opens a field and is closed elsewhere, or not within `QUOTED_BYTES`, is malformed: it costs the lines of
its record up to its own, and the next line begins a new record. A record whose quotes swallow a line that by itself has
as many fields as the header, or join two such lines, costs all of its lines: nobody can tell whether those were meant
as text. Each such line is a record of its own with a flaw, so none is lost or read as part of another; see ADR 30.
"""

from __future__ import annotations

import csv
import gzip
import re
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Final, TypeAlias

from retailstream.contracts import BLANKS
from retailstream.durable import naming

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedIOBase
    from pathlib import Path

BOM: Final = b"\xef\xbb\xbf"
CHUNK_BYTES: Final = 1 << 20
"""How much is read at a time; more only where one record is longer."""

QUOTED_BYTES: Final = 1 << 20
"""The closing quote stands at most so many bytes after the opening one.

It bounds memory; time is linear anyway: a quote without its partner leaves only even runs of quotes in its
reach, and a field that starts with such a run is closed inside it, so no byte is searched twice in vain.
"""

_STRAY_BYTE: Final = re.compile("[\udc80-\udcff]")
_REST: Final = re.compile(rb"[^,\r\n]*")
_LINE: Final = re.compile(rb"[^\r\n]+")
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_SEPARATORS: Final = BLANKS + ","
"""A row of nothing else is as blank as an empty one: spreadsheets write such for rows without cells."""

_SHOWN_BYTES: Final = 60
"""How much of a malformed field is told."""

Row: TypeAlias = tuple[str, list[str], str]
"""A record as it came, its fields, and its flaw: where that is not empty, there are no fields."""

_BLOCK_BYTES: Final = 1 << 15
"""How much of quoted lines is tried at once; less than `QUOTED_BYTES`."""


@contextmanager
def opened(path: Path, *, gzipped: bool) -> Iterator[BufferedIOBase]:
    """Open the file's bytes as a stream, unpacked; an OSError of the block names the file."""
    with naming(path), gzip.open(path) if gzipped else path.open("rb") as stream:
        yield stream


class LongRecordError(Exception):
    """A record is longer than it may be."""


def split(stream: BufferedIOBase, *, chunk_bytes: int = CHUNK_BYTES, limit: int | None = None) -> Iterator[Row]:
    r"""Yield each record that is not blank, the header included, as it came, as its fields, and with its flaw.

    Bytes that are not UTF-8 come as lone surrogates (`surrogateescape`), so that nothing is lost. Raises
    LongRecordError where a record has more bytes than `limit`, if there is one.

    `b'a,b\n \n"x, ""y",1\r\n"z"",2\n'` → `('a,b', ['a', 'b'], '')`, `('"x, ""y",1', ['x, "y', '1'], '')`,
    `('"z"",2', [], '"z"",2')`
    """
    data, start, tried, whole, width = stream.read(len(BOM)).removeprefix(BOM), 0, 0, False, 0
    while not whole or start < len(data):
        quote = data.find(b'"', start)
        if quote >= 0 and start >= tried:
            tried = data.rfind(b"\n", start, start + _BLOCK_BYTES) + 1
            if rows := _tidy(data[start:tried]):
                yield from rows
                width = width or len(rows[0][1])
                start = tried
                continue
        lines = _end_of_lines(data, start, quote, whole=whole)
        for row in _unquoted(data[start:lines]):
            width = width or len(row[1])
            yield row
        start = lines
        if quote >= 0 and (found := _first_record(data, start, whole=whole, width=width)):
            rows, end = found
            if limit is not None and end - start > limit:
                raise LongRecordError
            yield from rows
            width = width or max((len(fields) for _raw, fields, _flaw in rows), default=0)
            start = end + (2 if data.startswith(b"\r\n", end) else 1)
        elif limit is not None and len(data) - start > limit + QUOTED_BYTES:
            raise LongRecordError
        elif not whole:
            more = stream.read(max(chunk_bytes, len(data) - start))
            data, start, tried, whole = data[start:] + more, 0, 0, not more


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


def _unquoted(lines: bytes) -> Iterator[Row]:
    text = _text(lines)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n"):
        if line.strip(_SEPARATORS):
            yield line, line.split(","), ""


def _tidy(block: bytes) -> list[Row]:
    """Return the records of whole lines of which each is one, its quotes all in order; else nothing.

    In strict mode Python's reader refuses a quote that is not closed and anything that follows a closing one; what
    it takes, it reads by our grammar.
    """
    text = _text(block).replace("\r\n", "\n")
    lines = text.split("\n")[:-1]
    try:
        # Python's reader would take a lone CR in quotes as part of its line, but it may end a record.
        rows = [] if "\r" in text else list(csv.reader(lines, strict=True))
    except csv.Error:
        return []
    if len(rows) != len(lines):
        return []
    return [(line, row, "") for line, row in zip(lines, rows, strict=True) if line.strip(_SEPARATORS)]


def _first_record(data: bytes, start: int, *, whole: bool, width: int) -> tuple[list[Row], int] | None:
    """Return the rows that the record which starts there is read as, and its end; None where more must be known."""
    fields: list[str] = []
    spans: list[tuple[int, int]] = []
    opened_at = start
    while True:
        is_quoted, close = data.startswith(b'"', opened_at), opened_at - 1
        if is_quoted:
            found = _closing_quote(data, opened_at, whole=whole)
            if found is None:
                return None
            close = found
        rest = opened_at if close < opened_at else close + 1
        end = _REST.match(data, rest).end()  # type: ignore[union-attr] # matches anywhere
        if end == len(data) and not whole:
            return None
        if is_quoted and (close < 0 or data[rest:end].strip(BLANKS.encode())):
            return _flawed(data, start, opened_at, whole=whole)
        if is_quoted and _LINE_END.search(data, opened_at, close):
            spans.append((opened_at - start, close - start))
        quoted = data[opened_at + 1 : close].replace(b'""', b'"') if is_quoted else b""
        fields.append(_text(quoted) + _text(data[rest:end]))
        if not data.startswith(b",", end):
            raw = data[start:end]
            return _swallowed(raw, spans, width or len(fields)) or [(_text(raw), fields, "")], end
        opened_at = end + 1


def _flawed(data: bytes, start: int, quote: int, *, whole: bool) -> tuple[list[Row], int] | None:
    """Return the lines from `start` to that of a malformed quote, each as a record of its own, and their end."""
    line_end = _LINE_END.search(data, quote)
    if line_end is None and not whole:
        return None
    end = line_end.start() if line_end else len(data)
    return _each_line(data[start:end], _text(data[quote : min(end, quote + _SHOWN_BYTES)])), end


def _swallowed(raw: bytes, spans: Sequence[tuple[int, int]], width: int) -> list[Row]:
    """Return the lines of a record that has taken in lines which by themselves look like records; else nothing.

    Its first and its last line do where a stray quote has joined two records. One alone may well look like one, as
    where the text of several lines is the first field, or the last; but not with a comma of it in that text. `spans`
    are the places of the quotes of such text; the header is held to its own `width`.
    """
    if not spans:
        return []
    first, *inner, last = _LINE_END.split(raw)
    joined = first.count(b",") == last.count(b",") == width - 1
    if not (joined or any(_has_fields(line, width) for line in inner) or _takes_commas(raw, spans, width)):
        return []
    return _each_line(raw, f"a quoted field that spans {len(inner) + 2:,} lines")


def _takes_commas(raw: bytes, spans: Sequence[tuple[int, int]], width: int) -> bool:
    """Say whether commas of a line that by itself looks like a record stand in a field on several lines."""
    for opening, closing in spans:
        first = max(raw.rfind(b"\n", 0, opening), raw.rfind(b"\r", 0, opening)) + 1
        last = _LINE.match(raw, closing).end()  # type: ignore[union-attr] # a quote stands there
        for line in _LINE.finditer(raw, first, last):
            taken = raw.find(b",", max(line.start(), opening), min(line.end(), closing)) >= 0
            if taken and _has_fields(line[0], width):
                return True
    return False


def _has_fields(line: bytes, width: int) -> bool:
    """Say whether a line by itself has so many fields, its quotes read as quotes or as any other character."""
    return line.count(b",") == width - 1 or len(next(split(BytesIO(line)), ("", [], ""))[1]) == width


def _each_line(raw: bytes, flaw: str) -> list[Row]:
    return [(line, [], flaw) for line in map(_text, _LINE_END.split(raw)) if line.strip(_SEPARATORS)]


def _closing_quote(data: bytes, start: int, *, whole: bool) -> int | None:
    """Return where the field's closing quote stands, -1 where there is none, None where more bytes must be known."""
    stop = start + QUOTED_BYTES + 1
    close = data.find(b'"', start + 1, stop)
    while close >= 0 and data.startswith(b'"', close + 1):
        close = data.find(b'"', close + 2, stop)
    return close if close >= 0 or stop < len(data) or whole else None
