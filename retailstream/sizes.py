"""Amounts of bytes as people write them."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from typing import Final

from retailstream.errors import UsageError

_SIZE: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) *(?:(%)|([kmgt]?)(i?)b?)")


def parse_size(text: str, name: str = "") -> int:
    """`"1.5GB"` → 1500000000, `"2 MiB"` → 2097152; a share such as `50%` is of the machine's memory.

    Raises UsageError, which names it, for anything else, and for a number without a unit.
    """
    found = _SIZE.fullmatch(text.strip().lower())
    if not found or not (found[2] or found[3]):
        raise UsageError(f"{name} '{text}' is no size".strip(), hint="use a number with a unit, such as 2GB")
    number, share, unit, binary = found.groups()
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 100
    times = whole if share else (1024 if binary else 1000) ** (1 + "kmgt".index(unit))
    return int(Fraction(number) * int(times))
