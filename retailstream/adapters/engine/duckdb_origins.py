"""Where clean rows came from, looked up by DuckDB in the files of a published table."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from retailstream import cleaning
from retailstream.adapters.engine.duckdb_check import DIALECT
from retailstream.adapters.engine.duckdb_errors import mapped
from retailstream.adapters.engine.duckdb_files import only, parquet, rows_by_partition
from retailstream.adapters.engine.duckdb_merge import LINEAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract
    from retailstream.ports import Origin


@contextmanager
def open_origins() -> Iterator[DuckDbOrigins]:
    """Open DuckDB in memory."""
    import duckdb  # noqa: PLC0415 -- a sixth of a second that `--help` does not need

    with mapped(), duckdb.connect(":memory:") as connection:
        yield DuckDbOrigins(connection)


class DuckDbOrigins:
    """Questions to one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def of_key(self, contract: Contract, paths: Sequence[Path], key: Mapping[str, str]) -> list[Origin]:
        """Return where the row of a key came from, the key in whatever form files may have it; none where it is not."""
        if not paths:
            return []
        given = ", ".join(f"cast(${name} as varchar) as {name}" for name in contract.key)
        typed = ", ".join(f"{cleaning.value(contract.column(name), DIALECT)} as v_{name}" for name in contract.key)
        same = " and ".join(f"stored.{name} = v_{name}" for name in contract.key)
        return self._connection.execute(
            f"select {', '.join(LINEAGE)} from {parquet('$paths')} as stored"
            f" join (select {typed} from (select {given})) on {same}",
            {"paths": [only(path) for path in paths], **key},
        ).fetchall()

    def rows_from(self, contract: Contract, paths: Sequence[Path], origin: Origin) -> dict[str, int]:
        """Return how many rows of each partition came from a record, or from a whole file."""
        if not paths:
            return {}
        landing, file, record = origin
        wanted = dict(zip(LINEAGE, (landing, file, record), strict=True))
        same = " and ".join(f"{name} = ${name}" for name, value in wanted.items() if value is not None)
        self._connection.execute(
            f"create or replace temp table found as select {contract.key[-1]} from {parquet('$paths')} where {same}",
            {"paths": [only(path) for path in paths], **{k: v for k, v in wanted.items() if v is not None}},
        )
        return rows_by_partition(self._connection, contract, "found")
