"""Settings as they may be printed."""

from __future__ import annotations

import re

from retailstream.masking import masked
from retailstream.settings.tree import TABLES


def shown(key: str, value: object) -> str:
    """Return a value as it may be printed: in a table of others' names, one that sounds like a secret is stars."""
    if table_of(key) and re.search(r"(?i)secret|password|token|credential|access\.key", key):
        return "***"
    return masked(str(value))


def table_of(key: str) -> str | None:
    """`spark.conf.spark.executor.memory` → `spark.conf`; None for a setting that is a value."""
    return next((table for table in TABLES if key.startswith(f"{table}.")), None)
