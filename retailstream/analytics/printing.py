"""Values and columns of answers as people read them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retailstream.analytics.use_case import UseCase

_NAMES_A_THING = re.compile(r"(?:.*_)?(?:store|dept|year|month|rank)")
"""Columns whose whole numbers are names, not amounts: store 1045 is not store 1,045."""


def cell(value: object, column: str) -> str:
    """Return a value as people read it.

    Decimal("11435551.03") → 11,435,551.03; 7.5 → 7.50; 1045 stays 1045 in `store` and is 1,045 in `weeks`.
    """
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, int) and not isinstance(value, bool) and not _NAMES_A_THING.fullmatch(column):
        return f"{value:,}"
    return str(value)


def heading(case: UseCase, column: str) -> str:
    """Return what the analysis calls a column, or `avg_weekly_sales` → `avg weekly sales`, `lift_pct` → `lift %`."""
    if column in case.headings:
        return case.headings[column]
    return column.removesuffix("_pct").replace("_", " ") + (" %" if column.endswith("_pct") else "")
