"""The backtest: its folds, that nothing later than a cut is used, and the accuracy promised on the real set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.forecast_accuracy import MARKERS, PAGE, rewritten
from retailstream.analytics.forecast import Features, Fold, Sales, backtest, forecast
from retailstream.analytics.forecast.backtesting import cuts_of, fold_at, seasonal_naive, wmae
from retailstream.analytics.forecast.history import History, history_of
from retailstream.analytics.forecast.relation import read
from retailstream.errors import UsageError
from tests.analytics import tables
from tests.analytics.forecast_tables import (
    features_of,
    sales_of,
    upto,
    week,
    weekly,
    with_garbage_after,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from retailstream.analytics.forecast.history import Flags, Floats

REAL = Path(__file__).parents[3] / "shared" / "datasets" / "retail"


def lively(weeks: int) -> tuple[Sales, Features]:
    """A chain with seasons, growth, noise, holidays and rates that differ; and a year of features to come."""
    random = np.random.default_rng(7)

    def shop(level: float) -> Callable[[int], float]:
        noise = random.normal(0, 0.05, weeks)
        return lambda number: level * (1 + number / 500 + 0.3 * np.sin(number / 52 * 6.283) + noise[number])

    sales = weekly({(store, dept): shop(100.0 * store * dept) for store in (1, 2, 3) for dept in (1, 2)}, weeks)
    features = features_of([1, 2, 3], [week(number) for number in range(weeks + 52)])
    features.unemployment[:] = 6 + features.store + random.normal(0, 1, len(features.store))
    features.is_holiday[:] = np.isin(features.date, [week(number) for number in range(1, weeks + 52, 17)])
    sales.is_holiday[:] = np.isin(sales.date, features.date[features.is_holiday])
    return sales, features


@pytest.mark.parametrize("weeks", [60, 110, 143])
def test_nothing_dated_after_the_cut_is_used_but_the_calendar(weeks: int) -> None:
    sales, features = lively(160)
    cut = week(weeks - 1)
    known = upto(sales, cut)

    found = forecast(known, features)
    other_sales, other_features = with_garbage_after(sales, features, cut)
    again = forecast(upto(other_sales, cut), other_features)

    for name, values in vars(found).items():
        np.testing.assert_array_equal(vars(again)[name], values)


@pytest.mark.parametrize("cut", [70, 100, 130])
def test_a_fold_forecasts_the_same_whatever_came_later(cut: int) -> None:
    sales, features = lively(143)
    garbage = with_garbage_after(sales, features, week(cut - 1))

    first, second = (forecasts_of(*chain, cut) for chain in ((sales, features), garbage))

    for mine, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, other)


def forecasts_of(sales: Sales, features: Features, cut: int) -> list[Floats]:
    """All that a fold makes of the weeks before its cut."""
    made = []

    def listening(actual: Floats, predicted: Floats, holidays: Flags) -> float:
        made.append(predicted)
        return wmae(actual, predicted, holidays)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("retailstream.analytics.forecast.backtesting.wmae", listening)
        fold_at(1, history_of(sales, features), features, cut)
    return made


def test_the_calendar_of_later_weeks_is_used() -> None:
    sales, features = lively(143)
    before = forecasts_of(sales, features, 120)[0]
    features.is_holiday[features.date > week(119)] = False
    assert (forecasts_of(sales, features, 120)[0] != before).any()


def test_folds_tell_what_they_hold() -> None:
    folds = backtest(*lively(143))

    assert [(fold.fold, fold.train_weeks, fold.test_weeks, fold.cells) for fold in folds] == [
        (1, 78, 39, 234),
        (2, 91, 39, 234),
        (3, 104, 39, 234),
        (4, 117, 26, 156),
        (5, 130, 13, 78),
    ]
    for fold in folds:
        assert fold.ratio == fold.wmae / fold.wmae_seasonal_naive
        assert fold.ratio < 0.8
        assert fold.wmae == fold.wmae_without_unemployment != fold.wmae_with_unemployment
        assert 0.5 < fold.coverage <= 1


@pytest.mark.parametrize(
    ("weeks", "cuts"),
    [(25, []), (26, [13]), (52, [13, 26, 39]), (90, [25, 38, 51, 64, 77]), (91, [78]), (143, [78, 91, 104, 117, 130])],
)
def test_cuts_leave_enough_to_learn_from(weeks: int, cuts: list[int]) -> None:
    assert cuts_of(weeks) == cuts


@pytest.mark.parametrize("weeks", [26, 40, 60, 80])
def test_a_short_history_has_a_backtest(weeks: int) -> None:
    folds = backtest(*lively(weeks))
    assert folds
    assert all(np.isfinite([fold.wmae, fold.wmae_with_unemployment, fold.coverage]).all() for fold in folds)


def test_a_history_too_short_for_a_backtest_says_how_much_it_takes() -> None:
    features = features_of([1], [week(40)])
    nothing = Sales(**{name: values[:0] for name, values in vars(lively(1)[0]).items()})
    apart = sales_of([(1, 1, week(0), 1.0), (1, 1, week(400), 1.0)])
    for sales, count in ((lively(25)[0], "are 25"), (lively(1)[0], "is 1"), (nothing, "are 0"), (apart, "is 1")):
        with pytest.raises(UsageError, match=f"needs 26 weeks of sales, and there {count}$"):
            backtest(sales, features)


def test_a_fold_of_nothing_has_no_ratio() -> None:
    sales = weekly({(1, 1): lambda number: 0.0}, 40)
    assert {fold.ratio for fold in backtest(sales, features_of([1], [week(0)]))} == {None}


def test_wmae_counts_a_holiday_week_five_times_and_only_what_was_sold() -> None:
    actual = np.array([[10.0, np.nan], [20.0, 30.0]])
    predicted = np.array([[12.0, 99.0], [20.0, 24.0]])
    assert wmae(actual, predicted, np.array([True, False])) == pytest.approx((5 * 2 + 0 + 6) / 7)


def test_seasonal_naive_is_last_year_then_the_mean_then_nothing() -> None:
    matrix = np.full((53, 3), np.nan)
    matrix[1, 0], matrix[2, 0], matrix[0, 1] = 4.0, 8.0, 5.0
    flags = np.zeros(53 + 52, dtype=bool)
    history = History(matrix, np.ones(3), np.ones(3), week(0) + 7 * np.arange(105), flags, flags[:53])  # type: ignore[arg-type]

    np.testing.assert_array_equal(seasonal_naive(history, 3), [[4, 5, 0], [8, 5, 0], [6, 5, 0]])


def test_the_page_of_figures_is_rewritten_between_its_markers() -> None:
    page = PAGE.read_text(encoding="utf-8")
    fold = Fold(1, 78, 39, 115_829, 1617.17, 1990.74, 0.8123, 1617.58, 1617.17, 0.7791)

    once = rewritten(page, [fold])

    assert "| 1 | 78 | 39 | 115,829 | 1,617.2 | 1,990.7 | 0.812 | 1,617.6 | 1,617.2 | 77.9% |" in once.splitlines()
    assert rewritten(once, [fold]) == once
    assert once.split(MARKERS[0])[0] == page.split(MARKERS[0])[0]
    assert once.split(MARKERS[1])[1] == page.split(MARKERS[1])[1]


@pytest.fixture(scope="module")
def real() -> tuple[Sales, Features]:
    if not REAL.is_dir():
        missing = f"the real data set is not at {REAL}"
        if os.environ.get("RETAILSTREAM_REQUIRE") == "all":
            pytest.fail(missing)
        pytest.skip(missing)
    with tables.connect(REAL) as connection:
        return read(connection)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cut", "cells", "naive", "most"),
    [(104, 115_588, 1807.7, 0.767), (91, 115_856, 2012.3, 0.785)],
    ids=["the last 39 weeks", "the 39 weeks after 2011-10-28, with Thanksgiving and Christmas"],
)
def test_the_real_chain_is_forecast_as_well_as_promised(
    real: tuple[Sales, Features], cut: int, cells: int, naive: float, most: float
) -> None:
    sales, features = real
    history = history_of(sales, features)

    fold = fold_at(1, history, features, cut)

    assert (fold.test_weeks, fold.cells) == (39, cells)
    assert fold.wmae_seasonal_naive == pytest.approx(naive, abs=0.05)
    assert fold.ratio is not None
    assert fold.ratio <= most
    assert 0.7 <= fold.coverage <= 0.9
    assert fold.wmae == min(fold.wmae_with_unemployment, fold.wmae_without_unemployment)


@pytest.mark.slow
def test_every_pair_of_the_real_chain_has_a_forecast_of_every_week_to_come(real: tuple[Sales, Features]) -> None:
    found = forecast(*real)
    assert len(found.store) == 3331 * 39
    assert (found.date.min(), found.date.max()) == (np.datetime64("2012-11-02"), np.datetime64("2013-07-26"))
    assert (found.low <= found.predicted).all()
    assert (found.predicted <= found.high).all()
    assert found.predicted.sum() == pytest.approx(1.92e9, rel=0.01)
