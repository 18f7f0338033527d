"""Queries in DuckDB's SQL as Spark and Hive read them: the same meaning, down to where nulls stand."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import sqlglot
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Mapping

Dialect = Literal["spark", "hive"]


def translated(query: str, dialect: Dialect) -> str:
    """Return a query as an engine reads it; `$name` becomes `:name`."""
    return _text(sqlglot.parse_one(query, read="duckdb"), dialect)


def with_values(query: str, values: Mapping[str, object], sources: Mapping[str, str]) -> str:
    """Return a query as Hive reads it, which binds no values, over these sources of its tables.

    A value takes its place as a literal in the tree of the query, never as text in text: `$type` → `'B'`. A source is
    a query in DuckDB's SQL, or a name: `sales` → `` `retail`.`sales` AS `sales` ``.
    """
    tree = sqlglot.parse_one(query, read="duckdb")
    inner = {cte.alias for cte in tree.find_all(exp.CTE)}
    for place in list(tree.find_all(exp.Placeholder)):
        place.replace(_literal(values[place.name]))
    for table in list(tree.find_all(exp.Table)):
        if table.name in sources and table.name not in inner:
            table.replace(_source(sources[table.name], table.alias_or_name))
    return _text(tree, "hive")


def _text(tree: exp.Expr, dialect: Dialect) -> str:
    return tree.sql(dialect=dialect, identify=True, comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


def _source(source: str, alias: str) -> exp.Expr:
    if source.startswith("select"):
        return sqlglot.parse_one(source, read="duckdb", into=exp.Select).subquery(alias)
    database, _, name = source.rpartition(".")
    return exp.alias_(exp.table_(name, db=database), alias, table=True)


def _literal(value: object) -> exp.Expr:
    if isinstance(value, Decimal):
        text = f"{value:f}"
        whole, _, fraction = text.lstrip("-").partition(".")
        return exp.cast(exp.Literal.string(text), f"decimal({len(whole) + len(fraction)}, {len(fraction)})")
    if isinstance(value, str):
        # Hive puts the values of variables in the place of ${name}, even within a text.
        parts: list[exp.Expr] = [exp.Literal.string(part) for part in re.split(r"(?<=\$)(?=\{)", value)]
        return parts[0] if len(parts) == 1 else exp.Concat(expressions=parts)
    return exp.convert(value)
