"""Answers of other engines in the form that DuckDB gives them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from retailstream.adapters.query.shapes import found_like
from retailstream.errors import RetailStreamError

QUERY = """
select
  date,
  cast(count(*) as decimal(24, 0)) * 0.01 as money,
  count(*) as weeks,
  sum(store) as stores,
  1e0 as share,
  is_holiday,
  'text' as text
from sales
where dept = $dept
group by date, is_holiday
"""


def test_an_answer_has_the_columns_types_and_values_of_duckdb() -> None:
    rows = [("2012-10-26", Decimal("7.1"), Decimal(3), 4, 2, 1, "x"), (None,) * 7]
    found = found_like(QUERY, {"dept": 1}, rows)
    assert found.columns == ("date", "money", "weeks", "stores", "share", "is_holiday", "text")
    assert found.types == ("DATE", "DECIMAL(27,2)", "BIGINT", "HUGEINT", "DOUBLE", "BOOLEAN", "VARCHAR")
    assert found.rows == [(date(2012, 10, 26), Decimal("7.10"), 3, 4, 2.0, True, "x"), (None,) * 7]
    assert [type(value) for value in found.rows[0]] == [date, Decimal, int, int, float, bool, str]
    assert str(found.rows[0][1]) == "7.10"


def test_a_date_may_be_one_already() -> None:
    assert found_like("select date from sales", {}, [(date(2012, 10, 26),)]).rows == [(date(2012, 10, 26),)]


@pytest.mark.parametrize(("query", "value"), [("cast(1 as decimal(4, 1))", "1.25"), ("1", "1.5")])
def test_a_value_that_would_have_to_be_rounded_is_an_error(query: str, value: str) -> None:
    with pytest.raises(RetailStreamError, match=rf"^the engine gave {value} where 1(\.2)? is exact$"):
        found_like(f"select {query} as a", {}, [(Decimal(value),)])
