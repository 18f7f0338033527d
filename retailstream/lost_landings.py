"""Rows of a table whose landed files nothing remembers: made anew, the table would be without them (ADR 35)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.enumerating import named
from retailstream.errors import RetailStreamError
from retailstream.hashing import known_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retailstream.landings import LandingLog
    from retailstream.manifests import Manifest
    from retailstream.ports import Merger, Table

WAY_OUT = (
    "retailstream ingest finds what the raw store still has; else bring the file back from a backup, or put it into the"
    " source, then delete the table's manifest (in Hive: drop the table) and run again: it is made of what is landed"
)
"""What to do where rows came from files that are lost."""


def unknown_files(log: LandingLog, dataset: str, origins: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    """Return those of the origins (landing and file) of rows that were never landed as far as is known, with rows."""
    known = {(file.landing, file.file) for file in log.files(dataset)}
    return {origin: rows for origin, rows in sorted(origins.items()) if origin not in known}


def told(unknown: Mapping[tuple[int, str], int]) -> str:
    """`{(2, "sales/w.csv"): 4, (3, "sales/x.csv"): 5}` → `9 rows of 'sales/w.csv' of landing 2 and 1 more file`."""
    files = [f"{file!a} of landing {landing}" for landing, file in unknown]
    rows = sum(unknown.values())
    return f"{rows:,} row{'s' * (rows > 1)} of {named(files, 1, nouns='files' if len(files) > 2 else 'file')}"


def check(table: Table, version: Manifest, log: LandingLog, engine: Merger) -> None:
    """Raise RetailStreamError where a version has, or may have, rows of files that are not known to be landed."""
    name, where = table.contract.name, table.lake.url
    paths = _readable(table, version)
    if unknown := unknown_files(log, name, engine.origins(paths)):
        raise RetailStreamError(
            f"table '{name}' in {where} has {told(unknown)}, which are not known to be landed; made anew it would be"
            " without them",
            hint=WAY_OUT,
        )
    reached = max(version.landing, version.passed)
    unread = len(paths) < len(version.partitions) or version.passed > 0
    if unread and sum(number <= reached for number in log.numbers()) < reached:
        raise RetailStreamError(
            f"table '{name}' in {where} was made of {reached:,} landings, and not all of them are known; a part of it"
            " cannot be read, and made anew it could be without their rows",
            hint=WAY_OUT,
        )


def _readable(table: Table, version: Manifest) -> list[Path]:
    """Return the files of a version that are what was published."""
    sizes = table.lake.sizes(f"{table.contract.name}/") if version.partitions else {}
    there = [part for part in version.partitions.values() if sizes.get(part.file) == part.bytes]
    paths = table.lake.fetch_all([part.file for part in there])
    return [path for part, path in zip(there, paths, strict=True) if known_sha256(path) == part.sha256]
