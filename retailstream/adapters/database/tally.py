"""A proof reckoned row by row, for a database whose SQL has no digests."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from retailstream.proofs import DIGITS, PRIME, STEPS, Figures, Proof, whole
from retailstream.relations import APPROXIMATE, BYTES, DAYS, EXACT, NULL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.relations import Field, Relation


class Tally:
    """A proof in the making, for rows that come as fields of lines, None for null."""

    def __init__(self, relation: Relation) -> None:
        self._exact = [column.kind not in APPROXIMATE for column in relation.columns]
        self._columns = [_Column(column) for column in relation.columns]
        self._rows = self._lines = 0

    def add(self, fields: Sequence[str | None]) -> str:
        """Take a row into account, and return its line."""
        told = [NULL if text is None else text for text in fields]
        line = ",".join(text for text, exact in zip(told, self._exact, strict=True) if exact)
        self._rows += 1
        self._lines += int(hashlib.md5(line.encode(), usedforsecurity=False).hexdigest()[:DIGITS], 16)
        for column, text in zip(self._columns, fields, strict=True):
            if text is not None:
                column.add(text)
        return ",".join(told)

    def proof(self, no_days: Sequence[tuple[str, int]] = ()) -> Proof:
        """Return the proof of the rows so far."""
        return Proof(self._rows, tuple(column.figures() for column in self._columns), self._lines, tuple(no_days))


@dataclass
class _Column:
    """The figures of one column so far."""

    field: Field
    present: int = 0
    least: Any = None
    most: Any = None
    total: int = 0

    def add(self, text: str) -> None:
        """Take a field into account."""
        value, part = _weighed(self.field, text)
        self.present += 1
        self.total += part
        if value is not None:
            self.least = value if self.least is None else min(self.least, value)
            self.most = value if self.most is None else max(self.most, value)

    def figures(self) -> Figures:
        """Return what a proof says of the column."""
        summed = self.field.kind not in DAYS and self.present
        return Figures(self.field.name, self.present, self.least, self.most, self.total if summed else None)


def _weighed(field: Field, text: str) -> tuple[object, int]:
    """Return what is compared of a value, None for nothing, and what it adds to the sum."""
    if field.kind in BYTES:
        return None, len(text) // 2  # an x, and two digits a byte
    if field.kind in DAYS:
        return text, 0
    if field.kind in APPROXIMATE:
        number = float(text)
        steps = math.floor(math.fmod(abs(number), PRIME) * STEPS)
        return number, -steps if number < 0 else steps
    if field.kind in EXACT:
        return Decimal(text), whole(Decimal(text), field.places) or 0
    return None, int(text)
