"""Lines of text as typed columns, in the SQL that Hive and Spark share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.relations import NULL, Kind

if TYPE_CHECKING:
    from retailstream.relations import Field


def value_of(column: Field, field: str, *, type_: str) -> str:
    """Return an expression for the value of a field, which is text; the type's own name may differ between engines."""
    match column.kind:
        case Kind.STRING:
            value = f"cast(unhex(substr({field}, 2)) as string)"
        case Kind.BINARY:
            value = f"unhex(substr({field}, 2))"
        case Kind.BOOLEAN:
            value = f"{field} = '1'"
        case _:
            value = f"cast({field} as {type_})"
    return f"case when {field} <> '{NULL}' then {value} end"
