"""Names of columns as a Metastore keeps them: one whose database knows Latin letters alone keeps others as `?`.

Files have the right names, so Hive and Spark would find nothing under the wrong ones, and read null in every row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from retailstream.adapters.warehouse.metastore import Placed, StoredTable
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.adapters.warehouse.metastore import Metastore


def check_names(metastore: Metastore, table: StoredTable) -> None:
    """Raise UsageError where the Metastore would keep a column of a table under another name.

    It is tried with a table that is there for that moment alone.
    """
    if all(name.isascii() for name, _type in table.columns):
        return
    tried = f"retailstream_names_{uuid4().hex[:12]}"
    metastore.create_table(StoredTable(tried, table.columns, (), Placed(table.placed.location)))
    try:
        found = metastore.table(tried)
    finally:
        metastore.drop_table(tried)
    names, kept = ([name for name, _type in columns] for columns in (table.columns, found.columns if found else ()))
    refuse_lost_names(metastore.url, names, kept)


def refuse_lost_names(url: str, names: Sequence[str], kept: Sequence[str]) -> None:
    """Raise UsageError, naming it, where a column is kept under another name than its own."""
    for name, other in zip(names, kept, strict=True):
        if name != other:
            raise UsageError(
                f"the Metastore of {url} keeps the name of column '{name}' as '{other}', so that Hive and Spark would"
                " read null in every row",
                hint=f"give it another name with --rename {name}=NAME",
            )
