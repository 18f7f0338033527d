"""What the bytes of a file are that is no CSV file, in words: what one must know to send the right one."""

from __future__ import annotations

from typing import Final

_MAGIC: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls); save it as CSV"),
    (b"\x1f\x8b", "gzip; its name must end in .csv.gz"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (b"BZh", "bzip2-compressed"),
    (b"\xfd7zXZ\x00", "xz-compressed"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF-", "a PDF document"),
    (b"ORC", "an ORC file"),
)
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_MARKUP: Final = (b"<!doctype html", b"<html", b"<?xml")
_BOM: Final = b"\xef\xbb\xbf"
_SEPARATORS: Final = {";": "';'", "\t": "a tab", "|": "'|'"}


def kind_of(head: bytes) -> str | None:
    """Return what the first bytes of a file say it is, or None where they do not say that it is no CSV file."""
    if head.startswith(b"PK\x03\x04"):
        is_workbook = b"[Content_Types].xml" in head or b"xl/" in head
        return "an Excel workbook; save it as CSV" if is_workbook else "a zip archive; unpack it"
    if head.startswith(_UTF16_MARKS) or _is_unmarked_utf16(head):
        return "UTF-16 text; save it as UTF-8"
    if head.startswith(_BOM * 2):
        return "two byte-order marks; one or none may stand there"
    if head.lstrip()[:20].lower().startswith(_MARKUP):
        return "an HTML or XML page"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic) and not _is_text(magic, head)), None)


def other_separator(lines: list[str]) -> str | None:
    """Return what parts the fields of these lines instead of commas, in words; None where nothing does.

    `["Store;Dept", "1;2"]` → `"one field a record; ';' stands in every line"`
    """
    if not lines or any("," in line for line in lines[:1]):
        return None
    found = [name for separator, name in _SEPARATORS.items() if all(separator in line for line in lines)]
    return f"one field a record; {found[0]} stands in every line" if found else None


def nul_bytes(at: int, rest: bytes) -> str:
    """Say where NUL bytes stand: from `at` on, `rest` being what follows up to the end of the file or a part of it."""
    if not rest.strip(b"\0"):
        plural = "s" if len(rest) > 1 else ""
        return f"NUL byte: {len(rest):,} byte{plural} at its end; cut them off" if plural else "NUL byte at its end"
    return f"NUL byte at position {at + 1:,}"


def _is_unmarked_utf16(head: bytes) -> bool:
    pairs = head[: len(head) & ~1][:200]
    odd, even = pairs[1::2], pairs[::2]
    return len(pairs) >= 8 and ((not odd.strip(b"\0") and 0 not in even) or (not even.strip(b"\0") and 0 not in odd))


def _is_text(magic: bytes, head: bytes) -> bool:
    """Say whether letters that begin another format begin a line of text here: `ORC` may be a column's name."""
    return magic.isascii() and head[:200].isascii() and b"\0" not in head[:200] and b"," in head[:200]
