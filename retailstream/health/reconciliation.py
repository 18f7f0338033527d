"""Whether clean bucket, database and warehouse hold the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream import metrics
from retailstream.health.checks import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.fingerprints import Fingerprint
    from retailstream.health.checks import State
    from retailstream.health.stock import Stock
    from retailstream.metrics import Sample


def reconcile(stock: Stock) -> Iterator[Check | Sample]:
    """Yield a check for each pair of stores that must agree, and how many rows each has."""
    for name, database in stock.loaded.items():
        clean, warehouse = stock.fingerprint(f"clean {name}"), stock.fingerprint(f"warehouse {name}")
        yield _compare(f"reconcile_{name}_database", clean, database, "the clean bucket")
        yield _compare(f"reconcile_{name}_warehouse", database, warehouse, "the database")
    yield _features(stock)
    for name, database in stock.loaded.items():
        if database is not None:
            yield metrics.TABLE_ROWS.of(database.rows, name, "database")
    for table, held in stock.files.tables.items():
        if not isinstance(held, str):
            place, _, name = table.partition(" ")
            yield metrics.TABLE_ROWS.of(held.fingerprint.rows, name, place)


def _features(stock: Stock) -> Check:
    held = stock.files.tables["warehouse features"]
    if isinstance(held, str):
        return Check("reconcile_features_warehouse", held, "every file readable", "fail")
    rows = held.fingerprint.rows
    state: State = "ok" if rows == held.rows else "fail"
    return Check("reconcile_features_warehouse", f"{rows:,} rows", f"{held.rows:,} rows published", state)


def _compare(name: str, expected: Fingerprint | str | None, found: Fingerprint | str | None, source: str) -> Check:
    limit = f"equal to {source}"
    for side in (expected, found):
        if isinstance(side, str):
            return Check(name, side, limit, "fail")
    if found is None or isinstance(found, str) or isinstance(expected, str):
        return Check(name, "not loaded yet", limit, "warn")
    if expected is None:
        return Check(name, f"{found.rows:,} rows against none", limit, "fail" if found.rows else "warn")
    difference = found.difference(expected)
    return Check(name, difference or f"{found.rows:,} rows", limit, "fail" if difference else "ok")
