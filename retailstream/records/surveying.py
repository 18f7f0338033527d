"""What a landed file is: not readable as its table, or plain enough for any engine, or for our own reader only."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from retailstream.read_limits import DEFAULT_LIMITS, RECORD_SIZE, ReadLimits, Watch
from retailstream.records.kinds import kind_of, nul_bytes, other_separator
from retailstream.records.splitting import BOM, LongRecordError, is_utf8, opened, shown, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedIOBase
    from pathlib import Path

    from retailstream.contracts import Contract

PLAIN_OPTIONS: Final = "auto_detect = false, compression = 'none', header = true, delim = ',', quote = '', escape = ''"
"""The options of DuckDB's `read_csv` for a plain file, beside `columns`: the header's, in order, all varchar."""

CHUNK_BYTES: Final = 16 << 20
LINE_BYTES: Final = 1 << 20
"""A plain file has no longer line; DuckDB refuses one of 2,000,000 bytes."""

HEADER_BYTES: Final = 4 << 20
"""The header is looked for in so many bytes, so that a file without line ends does not fill the memory."""

HEADER_SHOWN: Final = 500
"""How many characters of a header that does not fit are told."""

_MARKS: Final = bytes(set(range(256)) - set(b'"\r\n'))
_FILLER: Final = bytes(set(range(256)) - set(b',"\r\n'))
_BLANK_STARTS: Final = (b",", b" ", b"\t")
_BLANK_ROW: Final = re.compile(rb"(?:^|\n)[ \t]*,[ \t,]*(?:\n|$)")
_GZIP_ERRORS: Final = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True)
class FileDefect:
    """Why a whole file is not read: a rule such as `empty_file`, `missing_column` or `expansion`, and what was found.

    `header` is the first record as it came, where there is one to be read.
    """

    rule: str
    value: str
    header: str | None = None


@dataclass(frozen=True)
class FileSurvey:
    """How to read a file, or the defect that forbids it.

    `columns` has the contract's name for each field of the header, None for one it does not know; those are
    `unknown`, as they stand. `plain`: DuckDB with `PLAIN_OPTIONS` and our reader give the same records, and
    `records` is their number. `spans` has the number and the lines of each record that stands on several lines.
    """

    defect: FileDefect | None = None
    columns: tuple[str | None, ...] = ()
    unknown: tuple[str, ...] = ()
    plain: bool = False
    records: int | None = None
    gzipped: bool = False
    spans: tuple[tuple[int, int], ...] = ()


def survey(
    path: Path,
    contract: Contract,
    *,
    name: str | None = None,
    chunk_bytes: int = CHUNK_BYTES,
    limits: ReadLimits = DEFAULT_LIMITS,
) -> FileSurvey:
    """Read a file once and tell how its records are to be read, or that it is beyond the limits.

    `name`: what the file is called where its path does not tell (`.gz` at its end, in any case, means gzip).
    """
    gzipped = (name or path.name).lower().endswith(".gz")
    watch = Watch(limits, path.stat().st_size if gzipped else None)
    try:
        with opened(path, gzipped=gzipped) as stream:
            head = stream.read(HEADER_BYTES)
            raw, header = _header(head)
            stream.seek(0)
            body = _look_through(stream, watch, width=0 if gzipped else len(header), chunk_bytes=chunk_bytes)
        columns = tuple(contract.match(field) for field in header)
        defect = _unreadable(body, head, header) or _missing(columns, contract, head, raw)
        spans = () if defect or not body.odd_quotes else _spans(path, gzipped=gzipped, limit=limits.record)
    except _GZIP_ERRORS:
        return FileSurvey(FileDefect("not_text", _no_gzip(path)), gzipped=True)
    except LongRecordError:
        defect = FileDefect(RECORD_SIZE, limits.too_long)
    if defect:
        return FileSurvey(defect, gzipped=gzipped)
    unknown = tuple(field for field, column in zip(header, columns, strict=True) if column is None)
    if body.lines is None:
        return FileSurvey(None, columns, unknown, gzipped=gzipped, spans=spans)
    return FileSurvey(None, columns, unknown, plain=True, records=body.lines - 1)


def _header(head: bytes) -> tuple[str, list[str]]:
    """Return the first record as it came and its fields; none where it is not known to end within `HEADER_BYTES`."""
    source = BytesIO(head)
    raw, fields, _flaw = next(split(source, chunk_bytes=4096), ("", [], ""))
    cut = len(head) == HEADER_BYTES == source.tell()
    return ("", []) if cut else (raw, fields)


def _no_gzip(path: Path) -> str:
    with opened(path, gzipped=False) as stream:
        head = stream.read(HEADER_SHOWN)
    if head.startswith(b"\x1f\x8b"):
        return "not intact gzip"
    return f"not gzip but {kind_of(head) or 'plain text; its name must end in .csv'}"


def _spans(path: Path, *, gzipped: bool, limit: int) -> tuple[tuple[int, int], ...]:
    """Return the number and the lines of each record that stands on several lines."""
    with opened(path, gzipped=gzipped) as stream:
        return tuple(
            (number, raw.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1)
            for number, (raw, _fields, _flaw) in enumerate(split(stream, limit=limit))
            if number and ("\n" in raw or "\r" in raw)
        )


@dataclass(frozen=True)
class _Body:
    """What stands in a file: nothing, a NUL byte (`nul` says where), its number of lines if all of them are plain.

    `beyond` is the rule and the value of the limit that it is beyond; it was not read any further then.
    Only where some line has an odd number of quotes may a record stand on several lines.
    """

    empty: bool
    nul: str | None
    lines: int | None
    odd_quotes: bool = False
    beyond: tuple[str, str] | None = None


def _look_through(stream: BufferedIOBase, watch: Watch, *, width: int, chunk_bytes: int) -> _Body:
    empty, lines, line_end, odd_quotes, done = True, 0 if width > 1 else None, b"", False, 0
    for chunk in _chunks(stream, chunk_bytes):
        if b"\0" in chunk:
            at = chunk.index(b"\0")
            return _Body(empty=False, nul=nul_bytes(done + at, chunk[at:] + stream.read(chunk_bytes)), lines=None)
        if beyond := watch.beyond(chunk):
            return _Body(empty=False, nul=None, lines=None, beyond=beyond)
        if lines is not None:
            line_end = line_end or (b"\r\n" if b"\r" in chunk[: chunk.find(b"\n")] else b"\n")
            found = _plain_lines(chunk, width, line_end)
            lines = None if found is None else lines + found
        odd_quotes = odd_quotes or (b'"' in chunk and b'"' in chunk.translate(None, _MARKS).replace(b'""', b""))
        empty, done = False, done + len(chunk)
    return _Body(empty=empty, nul=None, lines=lines, odd_quotes=odd_quotes)


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
    if _has_blank_row(chunk):
        return None
    marks = chunk.translate(None, _FILLER)
    if not chunk.endswith(b"\n"):
        marks += b"\n"
    lines = len(marks) // width
    return lines if marks == (b"," * (width - 1) + b"\n") * lines else None


def _has_blank_row(chunk: bytes) -> bool:
    """Say whether a line has nothing but separators; few lines begin like one, so most chunks are only searched."""
    chunk = chunk.removeprefix(BOM)
    if not chunk.startswith(_BLANK_STARTS) and not any(b"\n" + start in chunk for start in _BLANK_STARTS):
        return False
    return _BLANK_ROW.search(chunk) is not None


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


def _unreadable(body: _Body, head: bytes, header: Sequence[str]) -> FileDefect | None:
    if body.empty:
        return FileDefect("empty_file", "0 bytes")
    kind = kind_of(head[:HEADER_SHOWN])
    if kind or body.nul:
        return FileDefect("not_text", kind or body.nul or "")
    if body.beyond:
        return FileDefect(*body.beyond)
    undecodable = next((field for field in header if not is_utf8(field)), None)
    return None if undecodable is None else FileDefect("not_text", shown(undecodable))


def _missing(columns: Sequence[str | None], contract: Contract, head: bytes, raw: str) -> FileDefect | None:
    absent = [c.name for c in contract.columns if not c.optional and c.name not in columns]
    twice = [f"{name} twice" for name in contract.names if columns.count(name) > 1]
    if not absent and not twice:
        return None
    lines = [line for line in head[:CHUNK_BYTES].decode(errors="replace").splitlines()[:20] if line.strip()]
    other = other_separator(lines) if len(columns) == 1 else None
    return FileDefect("missing_column", "; ".join(filter(None, (", ".join(absent + twice), other))), _cut(raw))


def _cut(header: str) -> str | None:
    text = shown(header)
    return (text if len(text) <= HEADER_SHOWN else text[: HEADER_SHOWN - 1] + "…") or None
