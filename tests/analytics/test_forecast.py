"""The forecast's rows, and what it makes of odd tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailstream.analytics.forecast import Features, Forecast, Sales, forecast, relation
from retailstream.analytics.forecast.calendar import day_years_before, easter, easter_weeks
from retailstream.analytics.forecast.history import Groups, history_of, week_of
from retailstream.analytics.forecast.intervals import Rehearsal
from retailstream.analytics.forecast.model import _patterns
from retailstream.analytics.forecast.unemployment import factor, known_rates
from retailstream.contracts import CONTRACTS
from tests.analytics.forecast_tables import FRIDAY, features_of, sales_of, series, week, weekly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = st.dictionaries(
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.one_of(st.integers(0, 60), st.integers(0, 900))),
    st.one_of(st.just(0.0), st.integers(-1000, 1000).map(float), st.sampled_from([-1e10, 0.01, 9999999999.99])),
    min_size=1,
    max_size=60,
)
KNOWN = st.dictionaries(
    st.tuples(st.integers(1, 6), st.integers(0, 1500)), st.one_of(st.just(np.nan), st.floats(0, 100)), max_size=40
)


def tables(rows: dict[tuple[int, int, int], float], known: dict[tuple[int, int], float]) -> tuple[Sales, Features]:
    """The tables of rows by store, department and day, and of rates by store and day."""
    keys = np.array(list(known), dtype=np.int64).reshape(-1, 2)
    return (
        sales_of(
            ((store, dept, FRIDAY + day, amount) for (store, dept, day), amount in rows.items()), holidays=[FRIDAY + 7]
        ),
        Features(keys[:, 0], FRIDAY + keys[:, 1], keys[:, 1] % 5 == 0, np.array(list(known.values()), dtype=float)),
    )


def always(amount: float) -> Callable[[int], float]:
    return lambda _: amount


def keys(found: Forecast) -> list[tuple[int, int, np.datetime64]]:
    return list(zip(found.store.tolist(), found.dept.tolist(), found.date, strict=True))


@settings(deadline=None)
@given(rows=ROWS, known=KNOWN, horizon=st.one_of(st.none(), st.integers(1, 5)))
def test_every_pair_has_a_finite_row_for_each_week_to_come_and_no_other(
    rows: dict[tuple[int, int, int], float], known: dict[tuple[int, int], float], horizon: int | None
) -> None:
    sales, features = tables(rows, known)

    found = forecast(sales, features, horizon)

    last = max(day for _, _, day in rows)
    coming = {
        store: sorted(day for other, day in known if other == store and day > last)[:horizon] for store, _ in known
    }
    assert keys(found) == [
        (store, dept, FRIDAY + day)
        for store, dept in sorted({(store, dept) for store, dept, _ in rows})
        for day in coming.get(store, [])
    ]
    assert np.isfinite([found.predicted, found.low, found.high]).all()
    assert (found.low <= found.predicted).all()
    assert (found.predicted <= found.high).all()
    for amounts in (found.predicted, found.low, found.high):
        np.testing.assert_array_equal(np.round(amounts, 2), amounts)
    assert (np.abs(found.predicted) <= 50 * max(abs(amount) for amount in rows.values())).all()


@settings(deadline=None, max_examples=25)
@given(rows=ROWS, known=KNOWN)
def test_the_order_of_the_rows_does_not_show(
    rows: dict[tuple[int, int, int], float], known: dict[tuple[int, int], float]
) -> None:
    sales, features = tables(rows, known)
    turned = [
        kind(**{name: values[::-1] for name, values in vars(table).items()})
        for kind, table in ((Sales, sales), (Features, features))
    ]

    first, second = forecast(sales, features), forecast(*turned)  # type: ignore[arg-type]

    for name, values in vars(first).items():
        if values.dtype.kind == "f":
            # A week's sum of several dates is a sum of doubles.
            np.testing.assert_allclose(vars(second)[name], values, rtol=1e-6, atol=0.011)
        else:
            np.testing.assert_array_equal(vars(second)[name], values)


@pytest.mark.parametrize("weeks", [1, 2, 12, 51, 52, 53, 54, 66, 76, 90, 120, 300])
def test_a_steady_series_goes_on_as_it_was(weeks: int) -> None:
    sales = weekly({(store, dept): always(100.0 * dept) for store in (1, 2) for dept in (1, 2)}, weeks)
    features = features_of([1, 2], [week(weeks + ahead) for ahead in range(60)])

    found = forecast(sales, features)

    np.testing.assert_allclose(found.predicted, 100.0 * found.dept, rtol=1e-3)
    assert (found.high - found.low < 100.0 * found.dept).all()


def test_a_season_comes_again_a_year_later() -> None:
    sales = weekly({(store, 1): lambda number: 500.0 if number % 52 == 20 else 100.0 for store in (1, 2, 3)}, 120)

    found = series(forecast(sales, features_of([1], [week(120 + ahead) for ahead in range(20)])), 1, 1)

    # Week 124 is 20 of its year; lag 52 falls a day or two beside the date, so its neighbour gets a share.
    assert found.argmax() == 4
    assert found[4] > 300
    assert np.median(found) == pytest.approx(100, rel=0.1)


def test_a_series_that_stopped_fades_and_one_that_rests_in_that_season_does_not() -> None:
    sales = weekly(
        {
            (1, 1): lambda number: 100.0,
            (1, 2): lambda number: 100.0 if number < 90 else None,
            (1, 3): lambda number: 100.0 if number % 52 < 26 else None,
        },
        150,
    )

    found = forecast(sales, features_of([1], [week(150 + ahead) for ahead in range(20)]))

    assert series(found, 1, 1).min() > 99
    assert series(found, 1, 2).max() < 5
    assert series(found, 1, 3).max() > 50


def test_a_department_that_takes_goods_back_is_forecast_below_zero_and_no_other_is() -> None:
    sales = weekly(
        {
            (1, 1): lambda number: -40.0 - number % 3,
            (1, 2): lambda number: 0.0,
            (1, 3): lambda number: 5.0 - 9.0 * (number % 4 == 0),
        },
        130,
    )

    found = forecast(sales, features_of([1], [week(130 + ahead) for ahead in range(30)]))

    assert -60 < series(found, 1, 1).min() <= series(found, 1, 1).max() < -20
    assert (series(found, 1, 2) == 0).all()
    assert series(found, 1, 3).min() >= 0


@pytest.mark.parametrize("weeks", [20, 80, 130])
def test_an_interval_goes_below_zero_only_as_far_as_sales_did(weeks: int) -> None:
    sales = weekly(
        {(1, 1): lambda number: 70.0 * (number % 7 == 0), (1, 2): lambda number: 70.0 * (number % 7 == 0) - 2}, weeks
    )

    found = forecast(sales, features_of([1], [week(weeks + ahead) for ahead in range(10)]))

    assert found.low[found.dept == 1].min() == 0
    assert found.low[found.dept == 2].min() == -2


def test_what_was_sold_more_than_five_years_ago_is_still_listed_at_nothing() -> None:
    sales = weekly({(1, 1): lambda number: 10.0, (2, 7): lambda number: 10.0 if number == 0 else None}, 300)

    found = forecast(sales, features_of([1, 2], [week(300)]))

    assert keys(found) == [(1, 1, week(300)), (2, 7, week(300))]
    assert found.predicted[1] == 0


def test_weeks_may_end_on_any_day() -> None:
    def chain(shift: int) -> Forecast:
        sales = weekly({(1, 1): lambda number: 50.0 + number % 52, (1, 2): lambda number: 100.0 + number % 52}, 110)
        features = features_of([1], [week(110 + ahead) for ahead in range(8)])
        moved = Sales(**{**vars(sales), "date": sales.date + shift})
        return forecast(moved, Features(**{**vars(features), "date": features.date + shift}))

    for shift in (1, 2):
        np.testing.assert_allclose(chain(shift).predicted, chain(0).predicted, rtol=0.02)
    assert list(chain(2).date) == [day + 2 for day in chain(0).date]


def test_a_date_within_a_week_has_a_row_of_its_own_at_the_level_of_one_date() -> None:
    days = [FRIDAY + day for day in range(7 * 80)]
    sales = sales_of((1, 1, day, 100.0) for day in days)

    found = forecast(sales, features_of([1], [days[-1] + ahead for ahead in (1, 2, 9)]))

    assert list(found.date) == [days[-1] + ahead for ahead in (1, 2, 9)]
    np.testing.assert_allclose(found.predicted, 100, rtol=1e-3)


def test_nothing_is_forecast_without_sales_without_features_and_for_a_store_without_them() -> None:
    sales = weekly({(1, 1): lambda number: 1.0}, 3)
    nothing = Sales(**{name: values[:0] for name, values in vars(sales).items()})
    past, other = features_of([1], [week(0), week(2)]), features_of([2], [week(5)])

    for found in (forecast(nothing, other), forecast(sales, past), forecast(sales, other)):
        assert keys(found) == []
        assert len(found.predicted) == len(found.low) == len(found.high) == 0


def test_a_week_is_known_by_the_weekday_of_the_last_sale() -> None:
    days = np.array(["2012-10-19", "2012-10-20", "2012-10-26", "2012-10-27", "2012-11-02"], dtype="datetime64[D]")
    assert week_of(days, np.datetime64("2012-10-26")).tolist() == [-1, 0, 0, 1, 1]


def test_a_history_cut_knows_of_later_weeks_only_what_the_features_flag() -> None:
    sales = sales_of([(1, 1, week(number), 1.0) for number in range(10)], holidays=[week(2), week(8)])
    features = features_of([1], [week(number) for number in range(12)])
    features.is_holiday[9] = True

    history = history_of(sales, features)

    assert np.flatnonzero(history.holidays).tolist() == [2, 8, 9]
    assert np.flatnonzero(history.until(5).holidays).tolist() == [2, 9]
    assert history.until(5).last == week(4)


@pytest.mark.parametrize("stores", [5, 30, 90])
def test_a_department_is_rebuilt_from_its_eight_strongest_patterns(stores: int) -> None:
    full = np.random.default_rng(1).normal(10, 1, (60, 2 * stores))
    scale = np.sqrt(np.abs(full).mean(axis=0))

    clean = _patterns(full, Groups(np.repeat([1, 2], stores)))

    for half in (slice(stores), slice(stores, None)):
        left, sizes, right = np.linalg.svd(full[:, half] / scale[half], full_matrices=False)
        np.testing.assert_allclose(clean[:, half], left[:, :8] * sizes[:8] @ right[:8] * scale[half], rtol=1e-9)


@pytest.mark.parametrize(
    ("year", "day"),
    [(1818, "03-22"), (1943, "04-25"), (2000, "04-23"), (2010, "04-04"), (2011, "04-24"), (2013, "03-31")],
)
def test_easter_is_where_the_church_has_it(year: int, day: str) -> None:
    assert easter(year) == np.datetime64(f"{year}-{day}")


def test_the_weeks_around_good_friday_are_marked() -> None:
    fridays = np.array(["2012-03-23", "2012-03-30", "2012-04-06", "2012-04-13", "2012-04-20"], dtype="datetime64[D]")
    marks = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert easter_weeks(fridays).tolist() == marks
    assert easter_weeks(fridays + 6).tolist() == marks


def test_the_same_day_of_earlier_years() -> None:
    dates = np.array(["2012-12-28", "2012-02-29"], dtype="datetime64[D]")
    assert day_years_before(dates, 1).tolist() == [
        d.astype(object) for d in np.array(["2011-12-28", "2011-03-01"], "M8[D]")
    ]


def test_a_rate_is_the_last_one_known_on_the_day() -> None:
    features = features_of([1, 2, 3], [week(0), week(1), week(2)])
    features.unemployment[:] = [5, np.nan, 9, 6, 7, 8, np.nan, np.nan, 4]

    rates = known_rates(features, np.array([1, 2, 3, 4]), week(1))

    np.testing.assert_array_equal(rates, [5, 7, np.nan, np.nan])


def test_unemployment_lowers_the_forecast_of_a_store_where_it_rose_and_sales_fell_short() -> None:
    sales = weekly({(store, 1): lambda _: 100.0 for store in (1, 2)}, 120)
    features = features_of([1, 2], [week(number) for number in range(120)])
    features.unemployment[:] = np.where((features.store == 1) & (features.date >= week(60)), 9.0, 7.0)
    history = history_of(sales, features)
    found = Rehearsal(80, np.full((4, 2), 100.0), np.tile([80.0, 100.0], (4, 1)))
    features.unemployment[(features.store == 1) & (features.date >= week(100))] = 11.0

    lower, upper = factor(history, features, [found])

    assert lower == pytest.approx(0.8**0.5, rel=1e-6)
    assert upper == pytest.approx(1 / lower, rel=1e-6)
    assert factor(history, features, []).tolist() == [1, 1]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with three empty tables."""
    with duckdb.connect() as connection:
        for contract in CONTRACTS.values():
            columns = ", ".join(f"{column.name} {column.sql_type}" for column in contract.columns)
            connection.execute(f"create table {contract.name} ({columns})")
        yield connection


def test_the_relation_has_the_forecast_of_the_tables_to_the_cent(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "insert into sales select 1, 7, date '2012-01-06' + 7 * i::integer, 10.01, i = 1, null from range(3) t(i)"
    )
    for store, day, rate in ((1, "2012-01-27", None), (2, "2012-01-27", 9.5), (1, "2012-01-13", 8.1)):
        connection.execute(
            "insert into features (store, date, unemployment, is_holiday) values ($1, $2, $3, false)",
            [store, day, rate],
        )

    relation.offer(connection)
    relation.offer(connection)

    rows = connection.execute("select store, dept, date::varchar, predicted::varchar from forecast").fetchall()
    assert rows == [(1, 7, "2012-01-27", "10.01")]
    types = [row[1] for row in connection.execute("describe forecast").fetchall()]
    assert types == ["INTEGER", "INTEGER", "DATE", *["DECIMAL(18,2)"] * 3]
    _, features = relation.read(connection)
    assert np.isnan(features.unemployment).tolist() == [False, True, False]


def test_a_relation_that_is_there_is_kept(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create view forecast as select 42 as store")
    relation.offer(connection)
    assert connection.execute("from forecast").fetchall() == [(42,)]
