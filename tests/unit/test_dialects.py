"""Queries as Hive and Spark read them, and values within them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from retailstream.adapters.query.dialects import translated, with_values

NO_ROWS = "select cast(null as varchar) as type where false"


def hive(query: str, **values: object) -> str:
    return with_values(query, values, {"sales": "retail.sales", "stores": NO_ROWS})


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "NULL"),
        (4, "4"),
        (-4, "-4"),
        (Decimal("39.50"), "CAST('39.50' AS DECIMAL(4, 2))"),
        (Decimal("-0.01"), "CAST('-0.01' AS DECIMAL(3, 2))"),
        (Decimal("1E+2"), "CAST('100' AS DECIMAL(3, 0))"),
        ("B", "'B'"),
        ("", "''"),
        ("it's", r"'it\'s'"),
        ("' or '1'='1", r"'\' or \'1\'=\'1'"),
        ("\\", r"'\\'"),
        ("\\' or 1=1 --", r"'\\\' or 1=1 --'"),
        ("a\nb", r"'a\nb'"),
        (":type $type ?", "':type $type ?'"),
        ("${hiveconf:x}", "CONCAT('$', '{hiveconf:x}')"),
        ("$${x}${y}", "CONCAT('$$', '{x}$', '{y}')"),
    ],
)
def test_a_value_is_a_literal_of_hive(value: object, literal: str) -> None:
    assert hive("select $type as type", type=value) == f"SELECT {literal} AS `type`"


def test_a_value_that_looks_like_a_parameter_is_none() -> None:
    text = hive("select $a as a, $b as b", a="$b", b="$a")
    assert text == "SELECT '$b' AS `a`, '$a' AS `b`"


def test_tables_are_those_of_the_database_and_keep_their_names() -> None:
    text = hive("select week.date, sales.date from sales as week join sales on sales.date = week.date")
    assert "FROM `retail`.`sales` AS `week` JOIN `retail`.`sales` AS `sales` ON" in text


def test_a_table_that_is_not_there_has_no_rows() -> None:
    assert hive("select type from stores") == (
        "SELECT `type` FROM (SELECT CAST(NULL AS STRING) AS `type` WHERE FALSE) AS `stores`"
    )


def test_what_a_query_names_itself_is_no_table() -> None:
    assert hive("with sales as (select 1 as a) select a from sales") == (
        "WITH `sales` AS (SELECT 1 AS `a`) SELECT `a` FROM `sales`"
    )


def test_nulls_stand_where_duckdb_puts_them() -> None:
    query = "select a from t order by a, b desc"
    assert hive(query).endswith("ORDER BY `a` NULLS LAST, `b` DESC")  # which Hive has last anyway
    assert translated(query, "spark").endswith("ORDER BY `a` NULLS LAST, `b` DESC")


def test_spark_is_given_its_values_beside_the_query() -> None:
    assert translated("select $type as type from sales", "spark") == "SELECT :type AS `type` FROM `sales`"
