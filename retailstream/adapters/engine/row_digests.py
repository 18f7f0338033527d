"""Digests of the rows of Parquet files: the same for the same rows, whichever engine or version of one wrote the file.

Each row is written as text, its values in the order of the columns. Of the texts' MD5, each a number whose lowest byte
comes first, the digest takes the exclusive or, and the count: so it depends on no order. MD5 tells rows that differ by
chance or by damage; it is no protection from anyone who means harm. Names and types of the columns are part of it.
See docs/adr/0003-manifests.md.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from retailstream.adapters.engine.duckdb_files import only

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

SEPARATOR: Final = "\x1f"
"""What stands between two values; of the values only the name of a file may hold it, and it is the only text of a row
but single letters: so no two rows have one text. Null is the empty text, which no value is."""

FORM: Final = 1
"""The number of this form of a digest: any other form gives all files other names."""


def row_digests(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> list[str]:
    """Return the digest of each of some files, in hexadecimal digits; they all have the same columns."""
    if not paths:
        return []
    files = {"paths": [only(path) for path in paths]}
    columns = connection.execute(f"describe select * from {_FILES}", files).fetchall()[:-1]
    values = f", '{SEPARATOR}', ".join(f'"{name}"' for name, *_rest in columns)
    found = connection.execute(
        f"select file_index, count(*), bit_xor(md5_number(concat({values}))) from {_FILES} group by 1", files
    ).fetchall()
    figures = {index: (rows, digest % 2**128) for index, rows, digest in found}
    shape = [[name, type_] for name, type_, *_rest in columns]
    return [_digest(shape, *figures.get(index, (0, 0))) for index in range(len(paths))]


_FILES: Final = "read_parquet($paths, hive_partitioning = false, filename = true)"


def _digest(shape: Sequence[Sequence[str]], rows: int, digest: int) -> str:
    return hashlib.sha256(json.dumps([FORM, shape, rows, f"{digest:032x}"]).encode()).hexdigest()
