"""Each `.sql` turns into Spark and Hive, and keeps to what means the same there."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from retailstream.adapters.query.dialects import translated, with_values
from retailstream.analytics.catalog import use_cases
from retailstream.contracts import CONTRACTS


def parsed(sql: str, dialect: str = "duckdb") -> exp.Query:
    query = sqlglot.parse_one(sql, read=dialect)
    assert isinstance(query, exp.Query)
    return query


@pytest.mark.parametrize("name", use_cases())
def test_spark_reads_it_with_the_same_columns_and_parameters(name: str) -> None:
    case = use_cases()[name]
    again = parsed(translated(case.sql, "spark"), "spark")
    assert again.named_selects == parsed(case.sql).named_selects
    assert {found.name for found in again.find_all(exp.Placeholder)} == {item.name for item in case.parameters}


@pytest.mark.parametrize("name", use_cases())
def test_hive_reads_it_with_the_same_columns_and_the_values_in_their_places(name: str) -> None:
    case = use_cases()[name]
    sources = {table: f"retail.{table}" for table in CONTRACTS}
    again = parsed(with_values(case.sql, case.values({}), sources), "hive")
    assert again.named_selects == parsed(case.sql).named_selects
    assert not list(again.find_all(exp.Placeholder))
    assert {table.db for table in again.find_all(exp.Table) if table.name in CONTRACTS} == {"retail"}


@pytest.mark.parametrize("name", use_cases())
def test_keeps_to_the_portable_subset(name: str) -> None:
    query = parsed(use_cases()[name].sql)
    unportable = (exp.Filter, exp.Qualify, exp.GroupingSets, exp.Rollup, exp.Cube, exp.Avg, exp.Stddev, exp.StddevSamp)
    assert not list(query.find_all(*unportable))
    assert not [join for join in query.find_all(exp.Join) if join.args.get("using")]
    assert not [column for column in query.selects if column.is_star]
    for division in query.find_all(exp.Div):
        rounded = division.find_ancestor(exp.Round) or isinstance(division.this, exp.Round)
        assert rounded, f"{division.sql()} is a double that is not rounded"


@pytest.mark.parametrize("name", use_cases())
def test_money_is_never_a_double(name: str) -> None:
    query = parsed(use_cases()[name].sql)
    for column in query.selects:
        if "sales" in column.alias_or_name or "price" in column.alias_or_name:
            assert not list(column.find_all(exp.Div)), column.alias_or_name
