"""The page of the analyses, read from the headers of their files and from what their queries return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb

from retailstream.adapters.query.duckdb import DuckDbQueries
from retailstream.analytics import export
from retailstream.analytics.catalog import use_cases
from retailstream.cli.reference.tables import code, table
from retailstream.contracts import CONTRACTS

if TYPE_CHECKING:
    from retailstream.analytics.use_case import Parameter, UseCase

_INTRODUCTION: Final = """\
# Analyses

Each is one `.sql` file in `retailstream/analytics/sql/`, a command `retailstream analyze NAME`, and a call
`retailstream.analyze("NAME")`. [How to add one](../how-to/add-an-analysis.md).

Words that all of them use:

- A date is the day that ends a week. A *store-week* is the sum of one store's sales on one date; it is a holiday one if
  any of its rows is.
- *Comparable weeks* are dates for which the same store (or store and department) also has a row exactly 364 days
  earlier.
- A percentage is null where its base is not above zero or has no rows.
- A rank orders by the figure as printed; equal figures tie and share the smallest number.
- Money and percentages have 2 decimals, prices 3, `sales_per_size` 4; half rounds away from zero. A quotient of money
  is rounded once, from the exact figure.
- An answer without a row to speak of says why: which table or column has no data, which values could have been asked
  for, or that no row matches. The JSON summary's `lacks` names the table or column, and the exit code is 0.
- In a report, and wherever a table is cut, it begins with the row that the headline speaks of.
- A store that the store file does not know has no type and no size, and is in all totals and ranks.
- Rows come in a fixed order, so the same data always gives the same bytes.
"""

_KINDS: Final = {"VARCHAR": "text", "DATE": "date", "DOUBLE": "double"}


def analyses_page() -> str:
    """Return the page: every analysis with its question, parameters and columns, in the order of all lists."""
    with duckdb.connect(":memory:") as connection:
        for contract in CONTRACTS.values():
            columns = ", ".join(f"{column.name} {column.sql_type}" for column in contract.columns)
            connection.execute(f"create table {contract.name} ({columns})")
        return "\n".join([_INTRODUCTION, *(_analysis(case, connection) for case in use_cases().values())])


def _analysis(case: UseCase, connection: duckdb.DuckDBPyConnection) -> str:
    found = export.ask(DuckDbQueries(connection), case.name, {})
    columns = ", ".join(
        f"{code(name)} {_kind(type_)}{_called(case, name)}"
        for name, type_ in zip(found.answer.columns, found.types, strict=True)
    )
    text = f"## {case.name}\n\n**{case.title}.** {case.question}\n\n{case.method}\n\nColumns: {columns}.\n"
    if not case.parameters:
        return text
    rows = [
        (code(f"--{known.name}"), known.type, _default(known), _bounds(known), known.help) for known in case.parameters
    ]
    return f"{text}\n{table(('parameter', 'type', 'default', 'bounds', 'meaning'), rows)}"


def _called(case: UseCase, column: str) -> str:
    return f" (headed “{case.headings[column]}”)" if column in case.headings else ""


def _kind(type_: str) -> str:
    """`DECIMAL(27,2)` → `decimal`."""
    return "decimal" if type_.startswith("DECIMAL") else _KINDS.get(type_, "integer")


def _default(known: Parameter) -> str:
    return "none" if known.default is None else code(str(known.default))


def _bounds(known: Parameter) -> str:
    limits = (("≥", known.at_least), ("≤", known.at_most))
    return ", ".join(f"{sign} {limit}" for sign, limit in limits if limit is not None)
