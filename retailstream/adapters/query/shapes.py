"""What an answer looks like, as DuckDB has it, and the answers of others brought into that form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from retailstream.adapters.engine.duckdb_files import no_rows
from retailstream.contracts import CONTRACTS
from retailstream.errors import RetailStreamError
from retailstream.querying import found_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from retailstream.ports import Row
    from retailstream.querying import Found


def found_like(query: str, values: Mapping[str, object], rows: Iterable[Sequence[object]]) -> Found:
    """Return rows that another engine gave for a query as DuckDB would have given them.

    `("2012-10-26", Decimal("7.1"), 3)` → `(date(2012, 10, 26), Decimal("7.10"), 3)` where the types are DATE,
    DECIMAL(27,2) and BIGINT. Raises RetailStreamError for a value that its type cannot hold exactly.
    """
    with duckdb.connect(":memory:") as connection:
        for contract in CONTRACTS.values():
            connection.execute(f"create view {contract.name} as {no_rows(contract)}")
        shape = found_in(connection, query, values)
    casts = [_cast(type_) for type_ in shape.types]
    return replace(shape, rows=[_row(row, casts) for row in rows])


def _row(row: Sequence[object], casts: Sequence[Callable[[Any], object]]) -> Row:
    return tuple(None if value is None else cast(value) for value, cast in zip(row, casts, strict=True))


def _cast(type_: str) -> Callable[[Any], object]:
    if type_.startswith("DECIMAL"):
        digits = Decimal(1).scaleb(-int(type_.rstrip(")").rpartition(",")[2]))
        return lambda value: _exact(value, Decimal(value).quantize(digits))
    if type_.endswith("INT") or type_ == "INTEGER":
        return lambda value: _exact(value, int(value))
    if type_ == "DATE":
        return lambda value: value if isinstance(value, date) else date.fromisoformat(value)
    return {"DOUBLE": float, "BOOLEAN": bool, "VARCHAR": str}[type_]


def _exact(value: Any, cast: Decimal | int) -> object:  # noqa: ANN401 -- whatever an engine gives for a number
    if value != cast:
        raise RetailStreamError(f"the engine gave {value} where {cast} is exact", hint="use --engine duckdb")
    return cast
