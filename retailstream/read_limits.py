"""How much of this machine one file may ask for: a small one may unpack to what fills a disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

FREE_BYTES: Final = 1_000_000
"""What a packed file may expand to, however small it is."""

EXPANSION: Final = "expansion"
"""The rule of a packed file that expands too much."""

RECORD_SIZE: Final = "record_size"
"""The rule of a file with a record that is too long."""

NOT_KEPT: Final = "(not kept: limits.kept_text_of_run)"
"""What stands for the text of a record where its run has kept enough of others."""

LIMIT_RULES: Final = (EXPANSION, RECORD_SIZE)
"""The rules of files that other settings may let in."""


@dataclass(frozen=True)
class ReadLimits:
    """The bounds of what is read: how far a packed file may expand, and how long a record may be.

    `expansion` is in times its size, `expanded` and `record` in bytes. Of a rejected record `kept` characters are
    remembered, and of all of a table's in one run `kept_of_run`. Of the records of a file that break the same rule
    `records` are remembered one by one, and of all of a table's in one run `records_of_run`; the others by number.
    """

    expansion: int = 200
    expanded: int = 4_000_000_000
    record: int = 8_000_000
    kept: int = 4_000
    kept_of_run: int = 64_000_000
    records: int = 10_000
    records_of_run: int = 100_000

    def expanded_of(self, packed: int) -> int:
        """Return how many bytes a file of that size may expand to."""
        return min(max(FREE_BYTES, packed * self.expansion), self.expanded)

    def too_much(self, packed: int) -> str:
        """Say what is wrong with a file of that size that expands further."""
        allowed = self.expanded_of(packed)
        setting = "expanded_size" if allowed == self.expanded else f"expansion is {self.expansion}"
        return f"{packed:,} bytes expand to more than {allowed:,} (limits.{setting})"

    @property
    def too_long(self) -> str:
        """Say what is wrong with a file whose record is too long."""
        return f"a record has more than {self.record:,} bytes (limits.record_size)"

    def refused(self, rule: str, value: str | None) -> bool:
        """Say whether a file was refused by just these limits, by the rule and the value of its entry."""
        if rule == RECORD_SIZE:
            return value == self.too_long
        packed = (value or "").partition(" ")[0].replace(",", "")
        return packed.isdigit() and value == self.too_much(int(packed))

    def kept_text(self, text: str) -> str:
        """Return what is kept of a record's text: all of it, or its beginning and a word on that."""
        return text if len(text) <= self.kept else f"{text[: self.kept]}… (cut: {len(text):,} characters)"


DEFAULT_LIMITS: Final = ReadLimits()


@dataclass
class Watch:
    """What has been seen of a file that is read in parts; `packed` is its size where it is unpacked meanwhile."""

    limits: ReadLimits
    packed: int | None
    _done: int = field(default=0, init=False)
    _open: int = field(default=0, init=False)
    """How long the line is so far that has not ended yet."""

    def beyond(self, part: bytes) -> tuple[str, str] | None:
        """Return the rule and the value of the limit that the file is beyond with its next part, if it is."""
        self._done += len(part)
        if self.packed is not None and self._done > self.limits.expanded_of(self.packed):
            return EXPANSION, self.limits.too_much(self.packed)
        return (RECORD_SIZE, self.limits.too_long) if self._has_long_line(part) else None

    def _has_long_line(self, part: bytes) -> bool:
        """Go from line to line in steps as long as one may be: most parts take few of them."""
        start, longest = -self._open, self.limits.record
        while len(part) - start > longest:
            end = _last_line_end(part, max(start, 0), start + longest + 1)
            if end < 0:
                return True
            start = end + 1
        last = _last_line_end(part, max(start, 0), len(part))
        self._open = len(part) - (last + 1 if last >= 0 else start)
        return False


def _last_line_end(part: bytes, start: int, stop: int) -> int:
    end = part.rfind(b"\n", start, stop)
    return end if end >= 0 else part.rfind(b"\r", start, stop)
