"""What a landed file is: not readable as its table, or plain enough for any engine, or for our own reader only."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

from retailstream.records import recognising
from retailstream.records.looking import CHUNK_BYTES, look_through
from retailstream.records.splitting import is_utf8, opened, shown, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedIOBase
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.records.looking import Body

PLAIN_OPTIONS: Final = "auto_detect = false, compression = 'none', header = true, delim = ',', quote = '', escape = ''"
"""The options of DuckDB's `read_csv` for a plain file, beside `columns`: the header's, in order, all varchar."""

HEADER_BYTES: Final = 4 << 20
"""The header is looked for in so many bytes, so that a file without line ends does not fill the memory."""

HEADER_CHARACTERS: Final = 500
"""Of a header that does not fit, so much is told."""

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_GZIP_ERRORS: Final = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True)
class FileDefect:
    """Why a whole file is not readable: rule `empty_file`, `not_text`, `quotes` or `missing_column`; what was found."""

    rule: str
    value: str


@dataclass(frozen=True)
class FileNote:
    """What an operator should know of a file that is readable all the same: the code of a warning, and its words."""

    code: str
    text: str


@dataclass(frozen=True)
class FileSurvey:
    """How to read a file, or the defect that forbids it.

    `columns` has the contract's name for each field of the header, None for one it does not know; those are
    `unknown`, as they stand. `plain`: DuckDB with `PLAIN_OPTIONS` and our reader give the same records, and
    `records` is their number. `gzipped` is told by the bytes, whatever the file is called.
    """

    defect: FileDefect | None = None
    columns: tuple[str | None, ...] = ()
    unknown: tuple[str, ...] = ()
    plain: bool = False
    records: int | None = None
    gzipped: bool = False
    notes: tuple[FileNote, ...] = ()


def survey(path: Path, contract: Contract, *, name: str | None = None, chunk_bytes: int = CHUNK_BYTES) -> FileSurvey:
    """Read a file once and tell how its records are to be read; twice where it has quotes.

    `name`: what the file is called where its path does not tell; one that does not fit the bytes is noted.
    """
    gzipped = _is_gzip(path)
    called = (name or path.name).lower().endswith(".gz")
    with opened(path, gzipped=gzipped) as stream:
        try:
            head = stream.read(HEADER_BYTES)
            header, raw = _header(head)
            stream.seek(0)
            # A reader of another engine may unpack what is called `.gz`.
            body = look_through(stream, width=0 if gzipped or called else len(header), chunk_bytes=chunk_bytes)
            found = _judged(head, header, raw, body, contract)
            notes = _notes(stream, body, gzipped=gzipped, called=called) if found.defect is None else ()
        except _GZIP_ERRORS:
            found, notes = FileSurvey(FileDefect("not_text", "not intact gzip")), ()
    return replace(found, gzipped=gzipped, notes=notes)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(recognising.GZIP)) == recognising.GZIP


def _judged(head: bytes, header: Sequence[str], raw: str, body: Body, contract: Contract) -> FileSurvey:
    columns = tuple(contract.match(field) for field in header)
    defect = _unreadable(head, header, raw, body) or _missing(head, columns, raw, contract)
    if defect:
        return FileSurvey(defect)
    unknown = tuple(field for field, column in zip(header, columns, strict=True) if column is None)
    if body.lines is None:
        return FileSurvey(None, columns, unknown)
    return FileSurvey(None, columns, unknown, plain=True, records=body.lines - 1)


def _notes(stream: BufferedIOBase, body: Body, *, gzipped: bool, called: bool) -> tuple[FileNote, ...]:
    notes = []
    if gzipped != called:
        kind, end, read = ("gzip", "does not end", "gzip") if gzipped else ("no gzip", "ends", "plain text")
        notes.append(FileNote("misnamed", f"its bytes are {kind}, though its name {end} with .gz; read as {read}"))
    if body.padding:
        notes.append(FileNote("padded", f"padding at its end (NUL or Ctrl-Z, {body.padding:,} bytes) is left out"))
    if body.quotes:
        stream.seek(0)
        notes += _spanning(stream)
    return tuple(notes)


def _spanning(stream: BufferedIOBase) -> Iterator[FileNote]:
    """Yield one note for all records that span lines, with the longest of them: no contract has a column for such."""
    count = most = record = 0
    for number, (raw, _) in enumerate(split(stream)):
        if number and ("\n" in raw or "\r" in raw):
            count += 1
            lines = len(_LINE_END.findall(raw)) + 1
            record, most = (number, lines) if lines > most else (record, most)
    if count:
        others = f"; {count - 1:,} more span several" if count > 1 else ""
        yield FileNote("spans_lines", f"record {record:,} spans {most:,} lines{others}")


def _header(head: bytes) -> tuple[list[str], str]:
    """Return the fields of the first record, none where it is malformed, and itself; one field where it has no end."""
    source = BytesIO(head)
    raw, fields = next(split(source, chunk_bytes=4096), ("", []))
    cut = len(head) == HEADER_BYTES == source.tell()
    return ([raw] if cut else fields), raw


def _unreadable(head: bytes, header: Sequence[str], raw: str, body: Body) -> FileDefect | None:
    if not body.bytes:
        return FileDefect("empty_file", "0 bytes")
    kind = recognising.kind(head)
    if kind or body.nul is not None:
        return FileDefect("not_text", kind or f"a NUL byte at byte {(body.nul or 0) + 1:,}")
    if body.bytes == body.padding:
        return FileDefect("not_text", "nothing but padding (NUL or Ctrl-Z)")
    if not is_utf8(raw):
        return FileDefect("not_text", f"its header is not UTF-8: {_quoted(raw)}")
    if raw and not header:
        return FileDefect("quotes", f"the quotes of its header are out of order: {_quoted(raw)}")
    return None


def _missing(head: bytes, columns: Sequence[str | None], raw: str, contract: Contract) -> FileDefect | None:
    absent = [column.name for column in contract.columns if not column.optional and column.name not in columns]
    twice = [name for name in contract.names if columns.count(name) > 1]
    if not absent and not twice:
        return None
    parts = [f"{', '.join(names)} {what}" for names, what in ((absent, "missing"), (twice, "twice")) if names]
    parts += filter(None, [recognising.told(head, len(columns), whole=len(head) < HEADER_BYTES)])
    parts.append(f"the header is {_quoted(raw)}" if raw else "there is no header")
    return FileDefect("missing_column", "; ".join(parts))


def _quoted(raw: str) -> str:
    r"""Return a header in quotes, so that it can be printed on a line: `a<TAB>b` → `'a\tb'`."""
    more = "…" if len(raw) > HEADER_CHARACTERS else ""
    return f"{shown(raw[:HEADER_CHARACTERS])!r}{more}"
