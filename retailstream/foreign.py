"""What others put where readers of a table look: in no version, and yet whoever reads folders counts it (ADR 44)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from retailstream.ports import Foreign

if TYPE_CHECKING:
    from retailstream.manifests import Manifest
    from retailstream.ports import Lake, Table

ASIDE: Final = "_aside"
"""The folder, beside those of the tables, for files that were found among ours."""

NEXT: Final = "retailstream repair moves it aside; the next version of the table takes it away"
"""What becomes of such a file."""

_OURS: Final = re.compile(r"[^/]+/(month=[^/]+/)?[0-9a-f]{16}\.(parquet|orc)(\.part)?")
"""The keys of files that are published with a manifest."""

_IN_A_FOLDER: Final = re.compile(r"[^/]+/(month=[^/]+/)?[0-9a-f]{16}/rows\.(parquet|orc)(\.part)?")
"""The keys of files that are published with a Metastore, each in a folder of its own."""


def foreign_files(table: Table, manifest: Manifest) -> list[Foreign]:
    """Return the partitions of a version that others added or changed, and the files in the table's folder not ours.

    Ours are the files of the version, and those by such a name that no version names: of the one before, or of a run
    that was killed. In a folder of the version, which Hive reads, only the version's own file is.
    """
    if not manifest.partitions:
        return []
    name, parts = table.contract.name, manifest.partitions
    version = {part.file for part in parts.values() if part.sha256}
    folders = {file.rpartition("/")[0] for file in version if _IN_A_FOLDER.fullmatch(file)}

    def is_ours(key: str) -> bool:
        named = _OURS.fullmatch(key) or (_IN_A_FOLDER.fullmatch(key) and key.rpartition("/")[0] not in folders)
        return key in version or named is not None

    theirs = [Foreign(f"{name}/month={month}", is_partition=True) for month, part in parts.items() if not part.sha256]
    keys = table.lake.sizes(f"{name}/")
    return theirs + [Foreign(key) for key in keys if not _is_hidden(key) and not is_ours(key)]


def _is_hidden(key: str) -> bool:
    """Say whether Hive, Spark and most others pass a path by: `sales/_logs/x`, `sales/.x.crc` and folders → True."""
    return key.endswith("/") or any(part.startswith(("_", ".")) for part in key.split("/"))


def move_aside(lake: Lake, key: str) -> str:
    """Give a file a place where no reader looks, and return it; what lies there already stays."""
    taken = lake.sizes(f"{ASIDE}/{key}")
    wanted = (f"{ASIDE}/{key}{ending}" for ending in ("", *(f".{number}" for number in range(1, len(taken) + 1))))
    place = next(found for found in wanted if found not in taken)
    lake.put(place, lake.fetch(key))
    lake.delete([key])
    return place
