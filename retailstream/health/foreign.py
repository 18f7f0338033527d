"""Whether others put anything where readers of the warehouse look: it is in no version, and is counted all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.contracts import CONTRACTS
from retailstream.enumerating import named
from retailstream.errors import DamagedError
from retailstream.foreign import NEXT
from retailstream.health.checks import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.ports import Foreign, Warehouse

NAME = "foreign_files"


def foreign(warehouse: Warehouse) -> Check:
    """Tell others' files and partitions by their names; none of them is read, folders are listed."""
    found = [each for name in CONTRACTS for each in _of(warehouse, name)]
    value = f"{len(found):,} in no version" if found else 0
    hint = f"{named([each.thing for each in found])} in {warehouse.url}: {NEXT}"
    return Check(NAME, value, 0, "fail" if found else "ok", measure=len(found), hint=hint)


def _of(warehouse: Warehouse, name: str) -> Iterator[Foreign]:
    try:
        yield from warehouse.foreign(CONTRACTS[name])
    except DamagedError:
        return  # a table without a version fails the checks of its rows
