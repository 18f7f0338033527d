"""Quoted fields: where they close, which line a stray quote stands in, and which fields have swallowed records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QUOTED_BYTES: Final = 1 << 20
"""The closing quote stands at most so many bytes after the opening one.

It bounds memory; time is linear anyway: a quote without its partner leaves only even runs of quotes in its reach, and
a field that starts with such a run is closed inside it, so no byte is searched twice in vain.
"""

NOT_CLOSED: Final = -1

_LINE: Final = re.compile(rb"[^\r\n]+")


def closing_quote(data: bytes, start: int, *, whole: bool) -> int | None:
    """Return where the quote that opens there is closed, or NOT_CLOSED; None where more bytes must be known."""
    stop = start + QUOTED_BYTES + 1
    close = data.find(b'"', start + 1, stop)
    while close >= 0 and data.startswith(b'"', close + 1):
        close = data.find(b'"', close + 2, stop)
    if close >= 0:
        return close if close + 1 < len(data) or whole else None
    return NOT_CLOSED if stop < len(data) or whole else None


def swallows(data: bytes, start: int, spans: Sequence[tuple[int, int]], width: int) -> bool:
    """Say whether quoted fields of the record that starts there hold what could be a record.

    That is a line with a comma in one of the fields, which `spans` has by start and end, that by itself has the
    header's number of fields.
    """
    for opening, end in spans:
        closing = end - 1
        first = max(data.rfind(b"\n", start, opening), data.rfind(b"\r", start, opening), start - 1) + 1
        last = _LINE.match(data, closing).end()  # type: ignore[union-attr] # a quote stands there
        for line in _LINE.finditer(data, first, last):
            held = data.find(b",", max(line.start(), opening), min(line.end(), closing)) >= 0
            if held and sum(1 for _ in _alone(line[0])) == width:
                return True
    return False


def stray_quote(line: bytes) -> tuple[int, bytes]:
    r"""Return the first field of a malformed record whose quotes are out of order: its place, and itself.

    `b'1,"Pans 12\\"",3'` → `(1, b'"Pans 12\\""')`
    """
    return next((place, field) for place, (field, in_order) in enumerate(_alone(line)) if not in_order)


def _alone(line: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the fields of a line that is read by itself, as they stand, and whether their quotes are in order."""
    start = end = 0
    while end >= 0:
        quoted = line.startswith(b'"', start)
        behind = 1 + ((closing_quote(line, start, whole=True) or 0) if quoted else NOT_CLOSED)
        closed = behind > 0 and line[behind : behind + 1] in {b"", b","}
        end = line.find(b",", behind if closed else start)
        yield line[start : end if end >= 0 else len(line)], closed or not quoted
        start = end + 1
