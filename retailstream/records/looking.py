"""A look at all bytes of a file: which are no text, and whether every line is plain enough for any engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.contracts import BLANKS
from retailstream.records.splitting import BOM, PADDING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase

CHUNK_BYTES: Final = 16 << 20
LINE_BYTES: Final = 1 << 20
"""A plain file has no longer line; DuckDB refuses one of 2,000,000 bytes."""

_FILLER: Final = bytes(set(range(256)) - set(b',"\r\n'))
_BLANKS: Final = tuple(blank.encode() for blank in BLANKS)


@dataclass(frozen=True)
class Body:
    """What stands in a file: its number of bytes, those of padding at its end, and that of lines if all are plain.

    `nul` is where a NUL byte is no padding; where there is one, nothing else is known. `quotes`: there are some.
    """

    bytes: int
    padding: int = 0
    nul: int | None = None
    quotes: bool = False
    lines: int | None = None


def look_through(stream: BufferedIOBase, *, width: int, chunk_bytes: int) -> Body:
    """Read all of a file; `width` is the number of the header's fields, 0 where only our own reader may have it."""
    done = padding = 0
    nul, quotes, lines, line_end = None, False, 0 if width > 1 else None, b""
    for chunk in _chunks(stream, chunk_bytes):
        if nul is None and (place := chunk.find(b"\0")) >= 0:
            nul = done + place
        text = len(chunk.rstrip(PADDING))
        padding = len(chunk) - text if text else padding + len(chunk)
        done += len(chunk)
        if nul is not None and (nul < done - padding or padding > LINE_BYTES):
            return Body(done, nul=nul)
        if lines is not None:
            line_end = line_end or (b"\r\n" if b"\r" in chunk[: chunk.find(b"\n")] else b"\n")
            found = None if padding else _plain_lines(chunk, width, line_end)
            lines = None if found is None else lines + found
        quotes = quotes or (lines is None and b'"' in chunk)
    return Body(done, padding, quotes=quotes, lines=lines)


def _chunks(stream: BufferedIOBase, chunk_bytes: int) -> Iterator[bytes]:
    """Yield the file in whole lines; only one that is too long for a plain file is cut."""
    while chunk := stream.read(chunk_bytes):
        yield chunk if chunk.endswith(b"\n") else chunk + stream.readline(LINE_BYTES + 1)


def _plain_lines(chunk: bytes, width: int, line_end: bytes) -> int | None:
    """Return how many lines a chunk has, None where one of them is not plain.

    What is left of plain lines without all but commas, quotes and line ends is one pattern over and over.

    No empty line is plain: where one meets the end of DuckDB's read buffer (32 MB), DuckDB 2.0 fails, or puts the
    line end into the next field.
    """
    if not (chunk.isascii() or _decodes(chunk)) or _has_long_line(chunk):
        return None
    if line_end == b"\r\n":
        size, ends = len(chunk), chunk.count(b"\n")
        chunk = chunk.replace(b"\r\n", b"\n")
        if size - len(chunk) != ends:
            return None
    marks = chunk.translate(None, _FILLER)
    if not chunk.endswith(b"\n"):
        marks += b"\n"
    lines = len(marks) // width
    return lines if marks == (b"," * (width - 1) + b"\n") * lines and not _has_blank_line(chunk, width) else None


def _has_blank_line(chunk: bytes, width: int) -> bool:
    """Say whether a line, of as many fields as all others, has nothing but separators and blanks."""
    if any(blank in chunk for blank in _BLANKS):
        chunk = chunk.translate(None, b"".join(_BLANKS))
    line = b"," * (width - 1) + b"\n"
    if chunk.startswith((line, BOM + line)) or b"\n" + line in chunk:
        return True
    return chunk.endswith(b"\n" + line[:-1]) or chunk in {line[:-1], BOM + line[:-1]}


def _has_long_line(chunk: bytes) -> bool:
    start = 0
    while len(chunk) - start > LINE_BYTES:
        end = chunk.rfind(b"\n", start, start + LINE_BYTES + 1)
        if end < 0:
            return True
        start = end + 1
    return False


def _decodes(chunk: bytes) -> bool:
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return False
    return True
