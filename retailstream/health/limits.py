"""Beyond what an environment is unhealthy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from retailstream.contracts import CONTRACTS
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retailstream.runs import Limit


@dataclass(frozen=True)
class Limits:
    """The limits of the checks; None, or a column that is not named, means that there is none."""

    rejects: Limit
    orphan_stores: int
    nulls: Mapping[str, Fraction]
    volume_change: Fraction | None
    landing_days: int | None
    week_days: int | None
    slowdown: float | None
    missing_stores: int
    gap_days: int | None
    future_days: int


def percent(share: Fraction) -> str:
    """`Fraction(1, 8)` → `"12.5%"`."""
    return f"{float(share * 100):g}%"


def parse_share(text: str) -> Fraction:
    """`"50%"` → 1/2; UsageError for anything else."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,9})?%", text.strip()):
        raise UsageError(f"'{text}' is no share", hint="write it as 50%")
    return Fraction(text.strip()[:-1]) / 100


def parse_nulls(text: str) -> dict[str, Fraction]:
    """`"cpi 25%, customers 1%"` → a share for each column; UsageError for anything else."""
    shares: dict[str, Fraction] = {}
    columns = [column.name for contract in CONTRACTS.values() for column in contract.columns if not column.required]
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, share = part.partition(" ")
        if name not in columns:
            raise UsageError(f"'{name}' is no column that may be null", hint=f"name one of {', '.join(columns)}")
        shares[name] = parse_share(share)
    return shares
