"""`unemployment-forecast` over a forecast that is given, against plain Python and exact fractions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from random import Random
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailstream.analytics import catalog
from retailstream.contracts import CONTRACTS
from tests.analytics import tables
from tests.analytics.chain import YEAR, change, mean, money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Cell = tuple[int, int, date]
Expected = tuple[Decimal, Decimal, Decimal]

LAST = date(2012, 10, 26)
WEEKS = st.integers(-60, 0).map(lambda number: LAST + timedelta(days=7 * number))
CENTS = st.one_of(st.integers(-300, 1000), st.integers(-5, 5)).map(lambda cents: Decimal(cents).scaleb(-2))
SALES = st.dictionaries(st.tuples(st.integers(1, 4), st.integers(1, 3), WEEKS), CENTS, max_size=40)
FORECAST = st.dictionaries(
    st.tuples(
        st.integers(1, 4), st.integers(1, 3), st.integers(1, 55).map(lambda week: LAST + timedelta(days=7 * week))
    ),
    st.tuples(CENTS, CENTS.map(abs), CENTS.map(abs)),
    max_size=40,
)
RATES = st.dictionaries(
    st.tuples(st.integers(1, 5), st.integers(-3, 3).map(lambda week: LAST + timedelta(days=7 * week))),
    st.one_of(st.none(), st.sampled_from([Decimal("7.999"), Decimal(8), Decimal("8.0000000001"), Decimal(12)])),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for contract in CONTRACTS.values():
            columns = ", ".join(f"{column.name} {column.sql_type}" for column in contract.columns)
            connection.execute(f"create table {contract.name} ({columns})")
        money_ = "decimal(18, 2)"
        connection.execute(
            f"create table forecast (store int, dept int, date date, predicted {money_}, low {money_}, high {money_})"
        )
        yield connection


def fill(
    connection: duckdb.DuckDBPyConnection,
    sales: Mapping[Cell, Decimal],
    rates: Mapping[tuple[int, date], Decimal | None],
    cells: Mapping[Cell, Expected],
) -> None:
    """Put rows into the tables, in place of those that are there."""
    rows: dict[str, list[list[object]]] = {
        "sales (store, dept, date, weekly_sales, is_holiday)": [[*key, amount, False] for key, amount in sales.items()],
        "features (store, date, unemployment, is_holiday)": [[*key, rate, False] for key, rate in rates.items()],
        "forecast": [[*key, value, value - below, value + above] for key, (value, below, above) in cells.items()],
    }
    for table, values in rows.items():
        connection.execute(f"delete from {table.split()[0]}")
        if values:
            connection.executemany(f"insert into {table} values ({', '.join('?' * len(values[0]))})", values)


def expected(
    sales: Mapping[Cell, Decimal],
    rates: Mapping[tuple[int, date], Decimal | None],
    cells: Mapping[Cell, Expected],
    threshold: Decimal,
) -> Iterator[tuple[object, ...]]:
    last = max((day for _, _, day in sales), default=date.min)
    known = {store: rate for (store, day), rate in sorted(rates.items()) if rate is not None and day <= last}
    kept = {key: cell for key, cell in cells.items() if known.get(key[0], Decimal(0)) > threshold}
    recent = sorted({day for _, _, day in sales})[-52:]
    for dept in sorted({dept for _, dept, _ in kept}):
        own = {key: cell for key, cell in kept.items() if key[1] == dept}
        stores, weeks = {key[0] for key in own}, {key[2] for key in own}
        total = Fraction(sum(value for value, _, _ in own.values()))
        narrower = sqrt(0.1 + 0.15 / len(stores) + 0.75 / len(own)) / len(own)
        below, above = (float(sum(cell[place] for cell in own.values())) * narrower for place in (1, 2))
        past = [Fraction(sales[key]) for key in sales if key[1] == dept and key[0] in stores and key[2] in recent]
        both = [
            (cell[0], sales[earlier]) for key, cell in own.items() if (earlier := (*key[:2], key[2] - YEAR)) in sales
        ]
        yield (
            dept,
            len(stores),
            len(weeks),
            money(total),
            money(total / len(own)),
            pytest.approx(float(total / len(own)) - below, abs=0.0051),
            pytest.approx(float(total / len(own)) + above, abs=0.0051),
            money(mean(past)) if past else None,
            change(
                sum((Fraction(now) for now, _ in both), Fraction()),
                sum((Fraction(then) for _, then in both), Fraction()),
            )
            if both
            else None,
        )


@settings(deadline=None, max_examples=25)
@given(sales=SALES, rates=RATES, cells=FORECAST, threshold=st.sampled_from(["7.5", "8", "11.99"]))
def test_equals_plain_python(
    connection: duckdb.DuckDBPyConnection,
    sales: dict[Cell, Decimal],
    rates: dict[tuple[int, date], Decimal | None],
    cells: dict[Cell, Expected],
    threshold: str,
) -> None:
    assert_equal(connection, (sales, rates, cells), threshold)


@pytest.mark.slow
@pytest.mark.parametrize("threshold", ["7.9", "8", "8.0000000001"])
def test_equals_plain_python_where_rows_are_many(connection: duckdb.DuckDBPyConnection, threshold: str) -> None:
    random = Random(1)
    pairs = [(store, dept) for store in range(1, 9) for dept in (1, 2)]

    def days(first: int, end: int) -> list[date]:
        return [LAST + timedelta(days=7 * number) for number in range(first, end)]

    def cents() -> Decimal:
        return Decimal(random.randint(0, 99_999)).scaleb(-2)

    sales = {(*pair, day): cents() for pair in pairs for day in days(-60, 1) if random.random() < 0.9}
    cells = {
        (*pair, day): (cents(), cents(), cents()) for pair in pairs for day in days(1, 40) if random.random() < 0.9
    }
    known = [None, Decimal("7.5"), Decimal(8), Decimal("8.0000000001"), Decimal(12)]
    rates = {(store, day): random.choice(known) for store in range(1, 9) for day in days(-4, 4)}

    assert_equal(connection, (sales, rates, cells), threshold)


def assert_equal(
    connection: duckdb.DuckDBPyConnection,
    chain: tuple[Mapping[Cell, Decimal], Mapping[tuple[int, date], Decimal | None], Mapping[Cell, Expected]],
    threshold: str,
) -> None:
    fill(connection, *chain)

    answer = tables.answer(connection, "unemployment-forecast", {"threshold": threshold})

    rows = [tuple(float(value) if place in {5, 6} else value for place, value in enumerate(row)) for row in answer.rows]  # type: ignore[arg-type]
    assert rows == list(expected(*chain, Decimal(threshold)))
    for row in answer.rows:
        low, middle, high = (row[answer.columns.index(name)] for name in ("low", "predicted_avg_weekly_sales", "high"))
        assert low <= middle <= high  # type: ignore[operator]


def test_an_interval_of_one_cell_is_the_cells_own(connection: duckdb.DuckDBPyConnection) -> None:
    cell = (1, 1, LAST + timedelta(days=7))
    fill(connection, {(1, 1, LAST): Decimal(5)}, {(1, LAST): Decimal(9)}, {cell: (Decimal(7), Decimal(2), Decimal(4))})

    answer = tables.answer(connection, "unemployment-forecast", {})

    assert answer.rows == [(1, 1, 1, Decimal(7), Decimal(7), Decimal(5), Decimal(11), Decimal(5), None)]
    assert answer.headline == (
        "Where unemployment is above 8 %, department 1 will sell most over 1 week to come: $7.00 a week and store on "
        "average (80 % interval: $5.00 to $11.00)."
    )


def test_a_rate_from_after_the_last_sale_is_not_known(connection: duckdb.DuckDBPyConnection) -> None:
    coming = LAST + timedelta(days=7)
    rates = {(1, LAST): Decimal(9), (1, coming): Decimal(3), (2, LAST): Decimal(3), (2, coming): Decimal(9)}
    cells = {(store, store, coming): (Decimal(1), Decimal(0), Decimal(0)) for store in (1, 2)}
    fill(connection, {(1, 1, LAST): Decimal(5)}, rates, cells)

    assert [row[0] for row in tables.answer(connection, "unemployment-forecast", {}).rows] == [1]


def test_a_header_cannot_need_what_nothing_makes(tmp_path: Path) -> None:
    path = tmp_path / "odd.sql"
    path.write_text(
        "-- Odd\n-- place: 1\n-- question: Why?\n-- needs: moon\n-- headline: So.\n-- empty: No.\nselect 1 as one\n"
    )
    with pytest.raises(ValueError, match=r"odd\.sql: nothing makes the relation 'moon'"):
        catalog.load(path)


def test_only_this_analysis_needs_a_forecast() -> None:
    assert {name: case.needs for name, case in catalog.use_cases().items() if case.needs} == {
        "unemployment-forecast": "forecast"
    }
