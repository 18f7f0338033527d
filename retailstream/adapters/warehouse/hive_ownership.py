"""Whether a table of Hive is ours: what we make notes that, and what we find noted otherwise is somebody's.

A table without a note and without anything in it is free to take: statements that were printed for us made it, or a
run of ours that was stopped. See docs/adr/0042-nothing-of-others.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.ownership import files_not_ours

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retailstream.adapters.warehouse.metastore import Placed, StoredTable
    from retailstream.ports import Lake

PREFIX = "retailstream."
"""What the names of all parameters begin with that we note."""


def strangers(url: str, table: StoredTable, parts: Iterable[Placed], root: str, lake: Lake) -> str:
    """Say what a table of the Metastore has that is not ours; empty where it is ours, or free to take.

    `parts` are its partitions, `root` is the folder of our tables, and `lake` the same folder.
    """
    places = [table.placed, *parts]
    if any(name.startswith(PREFIX) for place in places for name in place.parameters):
        return ""
    said = f"table '{table.name}' in {url} is not ours"
    if not table.external or len(places) > 1:
        return said
    ours, location = f"{root}/{table.name}", table.placed.location
    # Hadoop writes the same URL in several ways, so its end must do.
    if location.split("/")[3:][-len(ours.split("/")[3:]) :] != ours.split("/")[3:]:
        return said
    return said if files_not_ours(lake.url, table.name, lake.sizes(f"{table.name}/")) else ""
