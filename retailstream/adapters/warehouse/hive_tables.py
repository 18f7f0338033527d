"""Contracts and versions in Hive's words: the columns of tables, and what is noted of each partition's files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from retailstream.adapters.warehouse.metastore import Placed, StoredTable
from retailstream.adapters.warehouse.metastore_structs import FORMATS
from retailstream.contracts import Column, Contract, Type
from retailstream.errors import RetailStreamError
from retailstream.manifests import WHOLE, Manifest, Partition

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPES: Final = {
    Type.INTEGER: "int",
    Type.MONEY: "decimal(12,2)",
    Type.NUMBER: "decimal(18,10)",
    Type.DATE: "date",
    Type.BOOLEAN: "boolean",
    Type.LETTER: "string",
}

_NAMES: Final = {"integer": "int", "varchar": "string", "blob": "binary"}
"""What Hive calls a type otherwise."""

MONTH: Final = ("month", "string")
"""The partition key of a table that is partitioned by month; its values are like `2012-10`."""

_SHA256: Final = "retailstream.sha256"
_ROWS_DIGEST: Final = "retailstream.rows.digest"
_SOURCE: Final = "retailstream.source"
_LANDING: Final = "retailstream.landing"
_READING: Final = "retailstream.reading"
_PREVIOUS: Final = "retailstream.previous"
_ROWS, _BYTES, _ACCURATE = "numRows", "totalSize", "COLUMN_STATS_ACCURATE"


def columns_of(contract: Contract) -> tuple[tuple[str, str], ...]:
    """Return the columns with their types in Hive."""
    return tuple((column.name, hive_type(column.sql_type)) for column in contract.columns)


def is_any_shape(contract: Contract) -> bool:
    """Say whether a table is a copy of one of the database, which may change, and not one of the pipeline."""
    return not all(isinstance(column, Column) for column in contract.columns)


def hive_type(sql_type: str) -> str:
    """`"varchar"` → `"string"`: DuckDB's name of a type as Hive has it."""
    return _NAMES.get(sql_type, sql_type)


def stored(contract: Contract, location: str) -> StoredTable:
    """Return the table of a contract, without partitions, noted as ours."""
    keys = (MONTH,) if contract.by_month else ()
    return StoredTable(contract.name, columns_of(contract), keys, Placed(location, {_LANDING: "0"}))


def partition_name(name: str) -> str:
    """`"2012-10"` → `"month=2012-10"`; the name of a whole table is empty."""
    return "" if name == WHOLE else f"{MONTH[0]}={name}"


def ddl(contract: Contract, database: str, location: str) -> str:
    """Return the statement that makes the table of a contract; without a location it lies in the database's folder."""
    columns = ",\n".join(f"  `{name}` {type_}" for name, type_ in columns_of(contract))
    lines = [f"create external table if not exists `{database}`.`{contract.name}` (\n{columns}\n)"]
    if contract.by_month:
        lines.append(f"partitioned by (`{MONTH[0]}` {MONTH[1]})")
    lines.append("stored as parquet")
    if location:
        lines.append(f"location '{location.rstrip('/')}/{contract.name}'")
    lines.append("tblproperties ('external.table.purge' = 'FALSE');")
    return "\n".join(lines)


def with_columns(table: StoredTable, contract: Contract, url: str) -> StoredTable:
    """Return a table with the contract's columns; RetailStreamError where it has one that the contract has not."""
    wanted = dict(columns_of(contract))
    for name, type_ in table.columns:
        if wanted.get(name) != type_:
            expected = f"and not {wanted[name]}" if name in wanted else "which is none of ours"
            raise RetailStreamError(
                f"table '{table.name}' in {url} has a column '{name}' of type {type_}, {expected}",
                hint="retailstream hive-ddl prints the tables as they must be",
            )
    if table.keys != ((MONTH,) if contract.by_month else ()):
        raise RetailStreamError(
            f"table '{table.name}' in {url} is partitioned in another way",
            hint="retailstream hive-ddl prints the tables as they must be",
        )
    if table.format not in FORMATS or (contract.by_month and table.format != "parquet"):
        raise RetailStreamError(
            f"table '{table.name}' in {url} is stored in another way: {table.format}",
            hint="retailstream hive-ddl prints the tables as they must be",
        )
    return replace(table, columns=columns_of(contract))


def placed(partition: Partition, folder: str, landing: int, before: Placed | None) -> Placed:
    """Return where a partition lies, with exact statistics, and with the folder that it takes the place of."""
    stays = before is not None and before.location == folder
    old = previous(before) if before and stays else before.location if before else ""
    return Placed(
        folder,
        {
            _SHA256: partition.sha256,
            _ROWS_DIGEST: partition.rows_digest,
            _SOURCE: partition.source,
            _LANDING: str(landing),
            _PREVIOUS: old or "",
            _ROWS: str(partition.rows),
            _BYTES: str(partition.bytes),
            "numFiles": "1",
            "rawDataSize": str(partition.bytes),
            _ACCURATE: json.dumps({"BASIC_STATS": "true"}),
        },
    )


def empty(folder: str) -> Placed:
    """Return what a partition without rows is."""
    return Placed(folder, {_SHA256: "", _PREVIOUS: "", _ROWS: "0", _BYTES: "0", _ACCURATE: "{}"})


def partition_of(place: Placed, file: str) -> Partition:
    """Return a partition as it was published; what others have put there has a size that no file has."""
    noted = place.parameters
    if not noted.get(_SHA256):
        return Partition(file, "", 0, -1, "")
    source, rows_digest = noted.get(_SOURCE, ""), noted.get(_ROWS_DIGEST, "")
    return Partition(file, noted[_SHA256], int(noted[_ROWS]), int(noted[_BYTES]), source, rows_digest)


def landing_of(*places: Placed) -> int:
    """Return the last landing whose rows are in any of these places."""
    return max(int(place.parameters.get(_LANDING) or 0) for place in places)


def reading_of(table: StoredTable) -> str:
    """Return how raw files were read for a table; empty where that is not noted."""
    return table.placed.parameters.get(_READING, "")


def noted(table: StoredTable, manifest: Manifest, whole: Placed | None) -> StoredTable:
    """Return a table that notes what a version says of all its rows, and lies where it is said to lie, if it is."""
    place = whole or table.placed
    said = {_LANDING: str(manifest.landing), _READING: manifest.reading}
    return replace(table, placed=Placed(place.location, {**place.parameters, **said}))


def previous(place: Placed) -> str:
    """Return the folder that a version took the place of; empty where there is none."""
    return place.parameters.get(_PREVIOUS, "")


def is_analyzed(place: Placed) -> bool:
    """Say whether Hive has statistics of the columns."""
    noted = place.parameters
    return not noted.get(_SHA256) or "COLUMN_STATS" in _document(noted.get(_ACCURATE, ""))


def _document(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
