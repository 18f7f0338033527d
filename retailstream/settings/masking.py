"""Settings as they may be printed."""

from __future__ import annotations

import re

from retailstream.settings.tree import TABLES


def masked(url: str) -> str:
    """`"mysql://ann:secret@host/db"` → `"mysql://ann:***@host/db"`; other text as it is.

    A password that was not escaped may hold any character, so everything up to the last `@` is taken for it.
    """
    without = re.sub(r"(://[^/@:]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"(?i)([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", r"\1***", without)


def printable(key: str, value: object) -> str:
    """Return a value as it may be printed: in a table of others' names, one that sounds like a secret is stars."""
    if table_of(key) and re.search(r"(?i)secret|password|token|credential|access\.key", key):
        return "***"
    return masked(str(value))


def table_of(key: str) -> str | None:
    """`spark.conf.spark.executor.memory` → `spark.conf`; None for a setting that is a value."""
    return next((table for table in TABLES if key.startswith(f"{table}.")), None)
