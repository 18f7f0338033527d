"""What bytes are that are no table: told by what they start with, and by the separator that stands in their lines."""

from __future__ import annotations

from typing import Final

from retailstream.records.splitting import BOM

GZIP: Final = b"\x1f\x8b"

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KINDS: Final = (
    (b"PAR1", "Parquet"),
    (b"ORC", "ORC"),
    (b"Obj\x01", "Avro"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ\0", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (GZIP, "gzip within gzip"),
    (b"\xff\xfe\0\0", "UTF-32 text"),
    (b"\0\0\xfe\xff", "UTF-32 text"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
"""What each kind of file starts with, the longer before the shorter."""

_WORDS: Final = frozenset({"Parquet", "ORC", "packed by bzip2"})
"""Kinds whose first bytes are letters: what follows must be no text."""

_FIRST_OF_TEXT: Final = 0x09
_SEPARATORS: Final = ((b";", "';'"), (b"\t", "a tab"), (b"|", "'|'"))
_SAMPLE_BYTES: Final = 64


def kind(head: bytes) -> str | None:
    """Return what a file is by its first bytes, unpacked, where that is surely no CSV text in UTF-8."""
    if head.startswith(_ZIP):
        return _zip_kind(head)
    if head.startswith(_OLE):
        is_workbook = any(name.encode("utf-16-le") in head for name in ("Workbook", "Book"))
        return "an Excel workbook" if is_workbook else "a document of Microsoft Office"
    known = next((name for start, name in _KINDS if head.startswith(start)), None)
    sample = head[:_SAMPLE_BYTES]
    if known and not (known in _WORDS and min(sample) >= _FIRST_OF_TEXT):
        return known
    return "UTF-16 text" if _is_wide(sample) else None


def told(head: bytes, fields: int, *, whole: bool) -> str:
    """Return what is odd about text whose header does not fit, or nothing.

    `fields` is how many its header has; `whole`: `head` is all of the file.
    """
    if head.startswith(BOM * 2):
        return "two byte-order marks"
    lines = [line for line in head.splitlines() if line.strip()]
    if not whole:
        del lines[-1:]
    if fields != 1 or not lines:
        return ""
    where = "every line" if whole else f"each of the first {len(lines):,} lines"
    name = next((name for mark, name in _SEPARATORS if all(mark in line for line in lines)), None)
    return f"one field a record; {name} stands in {where}" if name else ""


def _zip_kind(head: bytes) -> str:
    if b"xl/" in head:
        return "an Excel workbook"
    return "an OpenDocument spreadsheet" if b"opendocument.spreadsheet" in head else "a zip archive"


def _is_wide(sample: bytes) -> bool:
    """Say whether every second byte is NUL, as in UTF-16 without a byte-order mark."""
    halves = (sample[0::2], sample[1::2])
    return (
        len(sample) > 3 and any(not half.strip(b"\0") for half in halves) and any(half.strip(b"\0") for half in halves)
    )
