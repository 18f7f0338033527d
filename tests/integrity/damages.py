"""Every kind of file in a home, and every kind of damage that can be done to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Environment

KINDS: Final = {
    "raw sales file": "lake/raw/sales/landing-000001/2010-03-1.csv",
    "raw store file": "lake/raw/stores/landing-000001/stores.csv",
    "feature file": "features/features/landing-000001/2010-03-1.csv",
    "clean month of sales": "lake/clean/sales/month=2010-04/*.parquet",
    "clean stores": "lake/clean/stores/*.parquet",
    "manifest of clean sales": "lake/clean/sales/_manifest.json",
    "database": "retail.db",
    "month of sales in the warehouse": "warehouse/sales/month=2010-04/*.parquet",
    "stores in the warehouse": "warehouse/stores/*.parquet",
    "month of features in the warehouse": "warehouse/features/month=2010-04/*.parquet",
    "manifest of sales in the warehouse": "warehouse/sales/_manifest.json",
    "manifest of features in the warehouse": "warehouse/features/_manifest.json",
    "memory": "state.db",
}
"""Each kind of file by a name, and one file of it."""

DAMAGES: Final = {
    "bit flipped": "one bit is another",
    "cut": "the second half is missing",
    "zeroed": "all bytes are zero",
    "gone": "the file is missing",
    "older copy": "the file as it was before the last run",
    "other version": "the file of another environment",
}


@dataclass(frozen=True)
class Homes:
    """An environment after two runs, as it was after the first, and another one with other figures."""

    whole: Environment
    older: Environment
    other: Environment


def do(homes: Homes, env: Environment, kind: str, damage: str) -> bool:
    """Damage a copy of the whole environment; False where that would change nothing."""
    (path,) = env.home.glob(KINDS[kind])
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
        return True
    new = _damaged(homes, path, data, kind, damage)
    path.write_bytes(data if new is None else new)
    return new not in {None, data}


def _damaged(homes: Homes, path: Path, data: bytes, kind: str, damage: str) -> bytes | None:
    match damage:
        case "bit flipped":
            at = _place(homes, data, kind)
            return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        case "cut":
            return data[: len(data) // 2]
        case "zeroed":
            return bytes(len(data))
        case _:
            source = homes.older if damage == "older copy" else homes.other
            found = sorted(source.home.glob(KINDS[kind]))
            return found[0].read_bytes() if found else None


def _place(homes: Homes, data: bytes, kind: str) -> int:
    """Return where a bit is flipped: where something stands, as pages of SQLite have room that nobody reads."""
    if kind == "database":
        return data.index(b"2010-03-05") + 9
    if kind == "memory":
        landed = (homes.whole.source / "sales" / "2010-03-1.csv").read_bytes()
        return data.index(hashlib.sha256(landed).hexdigest().encode()) + 5
    return len(data) // 2
