"""The list of what was spoilt, written entry by entry: a JSON array with one line each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


class Manifest:
    """Writes entries to an open file, or only counts them where there is none."""

    def __init__(self, stream: TextIO | None) -> None:
        self.entries = 0
        self._stream = stream

    def add(self, file: str, record: int, kind: str, column: str | None, how: str) -> None:
        """List a record, or a whole file as its record 0."""
        if self._stream:
            entry = {"file": file, "record": record, "kind": kind, "column": column, "how": how}
            self._stream.write(("[\n" if not self.entries else ",\n") + json.dumps(entry))
        self.entries += 1

    def close(self) -> None:
        """Write the end of the array."""
        if self._stream:
            self._stream.write("\n]\n" if self.entries else "[]\n")
