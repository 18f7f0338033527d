"""Many things in a sentence: the first few by name, of the others the number."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def named(things: Collection[object], most: int = 3, *, nouns: str = "", between: str = ", ") -> str:
    """`[4, 7, 9, 11, 12]` → `"4, 7, 9 and 2 more"`; `nouns` says what more of."""
    shown = between.join(str(thing) for thing in islice(things, most))
    others = len(things) - most
    return f"{shown} and {others:,} more{nouns and ' '}{nouns}" if others > 0 else shown
