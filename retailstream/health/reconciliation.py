"""Whether clean bucket, database and warehouse hold the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream import metrics
from retailstream.health.checks import Check
from retailstream.health.stock import DAMAGED, Damaged, Held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.fingerprints import Fingerprint
    from retailstream.health.checks import State
    from retailstream.health.stock import Stock
    from retailstream.metrics import Sample

_NEXT: Final = {
    "database": "retailstream load-rds; if that changes nothing, rows were changed by hand: retailstream repair",
    "warehouse": "retailstream run; if that changes nothing, rows were changed by hand: retailstream repair",
}
"""The command that brings a store in line with the one before it."""


def reconcile(stock: Stock) -> Iterator[Check | Sample]:
    """Yield a check for each pair of stores that must agree, and how many rows each has."""
    for name, database in stock.loaded.items():
        clean, warehouse = stock.fingerprint(f"clean {name}"), stock.fingerprint(f"warehouse {name}")
        yield _compare(name, "database", (clean, database), "the clean bucket")
        yield _compare(name, "warehouse", (database, warehouse), "the database")
    yield _features(stock)
    yield from _has_rows(stock)
    for name, database in stock.loaded.items():
        if database is not None:
            yield metrics.TABLE_ROWS.of(database.rows, name, "database")
    for table, held in stock.files.tables.items():
        if isinstance(held, Held):
            place, _, name = table.partition(" ")
            yield metrics.TABLE_ROWS.of(held.fingerprint.rows, name, place)


def _features(stock: Stock) -> Check:
    held, name = stock.files.tables["warehouse features"], "reconcile_features_warehouse"
    if isinstance(held, Damaged):
        return Check(name, DAMAGED, "every file readable", "fail", hint=held.hint)
    rows = held.fingerprint.rows
    state: State = "ok" if rows == held.rows else "fail"
    return Check(name, f"{rows:,} rows", f"{held.rows:,} rows published", state, hint="retailstream features")


def _has_rows(stock: Stock) -> Iterator[Check]:
    """Look whether there is anything at all: stores that agree on nothing are not well."""
    held = stock.files.tables["clean sales"]
    if isinstance(held, Held):
        rows = held.fingerprint.rows
        state: State = "ok" if rows else "fail"
        yield Check("rows_sales", rows, "at least 1", state, hint="no sales yet: retailstream run --source FOLDER")


def _compare(
    dataset: str, place: str, pair: tuple[Fingerprint | Damaged | None, Fingerprint | Damaged | None], source: str
) -> Check:
    expected, found = pair
    name, limit = f"reconcile_{dataset}_{place}", f"equal to {source}"
    for side in pair:
        if isinstance(side, Damaged):
            return Check(name, DAMAGED, limit, "fail", hint=side.hint)
    if found is None or isinstance(found, Damaged) or isinstance(expected, Damaged):
        return Check(name, "not loaded yet", limit, "warn", hint="retailstream load-rds")
    if expected is None:
        state: State = "fail" if found.rows else "warn"
        return Check(name, f"{found.rows:,} rows against none", limit, state, hint="retailstream load-rds")
    difference = found.difference(expected)
    value = difference or f"{found.rows:,} rows"
    return Check(name, value, limit, "fail" if difference else "ok", hint=_NEXT[place])
