"""Many small plain files as one: what an engine does once a file takes it longer than to read their records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.durable import naming
from retailstream.records.surveying import LINE_BYTES, PLAIN_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SMALL_BYTES: Final = 1 << 20
"""A file of more is as well read by itself."""

JOINED_OPTIONS: Final = f"{PLAIN_OPTIONS.replace('header = true', 'header = false')}, buffer_size = {2 * LINE_BYTES}"
"""The options of DuckDB's `read_csv` for joined files: parts of this size are shared out among cores."""


def join(files: Iterable[tuple[int, Path]], target: Path) -> None:
    r"""Write the records of plain files, each behind the number of its file, without headers.

    `(7, b"store,type\r\n1,A\r\n2,B")` → `7,1,A\n7,2,B\n`
    """
    with naming(target), target.open("wb") as joined:
        for number, path in files:
            with naming(path):
                text = path.read_bytes()
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n")
            header, mark = text.find(b"\n"), b"\n%d," % number
            if 0 <= header < len(text) - 1:
                marked = memoryview(text.removesuffix(b"\n").replace(b"\n", mark))
                joined.write(marked[header + 1 :])
                joined.write(b"\n")
