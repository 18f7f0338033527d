r"""Where a record ends and where its fields do: the one grammar of a CSV file, for any bytes.

A line ends with `\n`, `\r\n` or a lone `\r`; fields are parted by commas. A quote opens a quoted field only as
the very first byte of a field; there `""` is a quote, and commas and line ends are data. What follows the closing
quote up to the next comma belongs to the field as it stands, as in Python's csv module.

Unlike there, a quote that is not closed within `QUOTED_BYTES` is an ordinary character: one stray quote costs
its own record, not the rest of the file.
"""

from __future__ import annotations

import csv
import gzip
import re
from typing import TYPE_CHECKING, Final

from retailstream.contracts import BLANKS

if TYPE_CHECKING:
    from collections.abc import Iterator
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
_BLOCK_BYTES: Final = 1 << 15
"""How much of quoted lines is tried at once; less than `QUOTED_BYTES`."""


def opened(path: Path, *, gzipped: bool) -> BufferedIOBase:
    """Return the file's bytes as a stream, unpacked."""
    return gzip.open(path) if gzipped else path.open("rb")


def split(stream: BufferedIOBase, *, chunk_bytes: int = CHUNK_BYTES) -> Iterator[tuple[str, list[str]]]:
    r"""Yield each record that is not blank, the header included, as it came and as its fields.

    Bytes that are not UTF-8 come as lone surrogates (`surrogateescape`), so that nothing is lost.

    `b'a,b\n \n"x, ""y",1\r\n'` → `('a,b', ['a', 'b'])`, `('"x, ""y",1', ['x, "y', '1'])`
    """
    data, start, tried, whole = stream.read(len(BOM)).removeprefix(BOM), 0, 0, False
    while not whole or start < len(data):
        quote = data.find(b'"', start)
        if quote >= 0 and start >= tried:
            tried = data.rfind(b"\n", start, start + _BLOCK_BYTES) + 1
            if rows := _tidy(data[start:tried]):
                yield from rows
                start = tried
                continue
        lines = _end_of_lines(data, start, quote, whole=whole)
        yield from _unquoted(data[start:lines])
        start = lines
        if quote >= 0 and (found := _first_record(data, start, whole=whole)):
            fields, end = found
            yield _text(data[start:end]), fields
            start = end + (2 if data.startswith(b"\r\n", end) else 1)
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


def _unquoted(lines: bytes) -> Iterator[tuple[str, list[str]]]:
    text = _text(lines)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n"):
        if line.strip(BLANKS):
            yield line, line.split(",")


def _tidy(block: bytes) -> list[tuple[str, list[str]]]:
    """Return the records of whole lines of which each is one, its quotes all in order; else nothing.

    In strict mode Python's reader refuses a quote that is not closed and anything that follows a closing one; what
    it takes, it reads by our grammar.
    """
    lines = _text(block).split("\n")[:-1]
    try:
        rows = list(csv.reader(lines, strict=True))
    except csv.Error:
        return []
    if len(rows) != len(lines):
        return []
    return [(line.rstrip("\r"), row) for line, row in zip(lines, rows, strict=True) if line.strip(BLANKS + "\r")]


def _first_record(data: bytes, start: int, *, whole: bool) -> tuple[list[str], int] | None:
    """Return the fields of the record that starts there and its end; None where more bytes must be known."""
    fields = []
    while True:
        close = _closing_quote(data, start, whole=whole)
        if close is None:
            return None
        rest = start if close < 0 else close + 1
        end = _REST.match(data, rest).end()  # type: ignore[union-attr] # matches anywhere
        if end == len(data) and not whole:
            return None
        quoted = b"" if close < 0 else data[start + 1 : close].replace(b'""', b'"')
        fields.append(_text(quoted) + _text(data[rest:end]))
        if not data.startswith(b",", end):
            return fields, end
        start = end + 1


def _closing_quote(data: bytes, start: int, *, whole: bool) -> int | None:
    """Return where the field's closing quote stands, -1 where it is not quoted, None where that is open yet."""
    if not data.startswith(b'"', start):
        return -1
    stop = start + QUOTED_BYTES + 1
    close = data.find(b'"', start + 1, stop)
    while close >= 0 and data.startswith(b'"', close + 1):
        close = data.find(b'"', close + 2, stop)
    return close if close >= 0 or stop < len(data) or whole else None
