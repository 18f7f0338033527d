"""How good the forecast is: put back to earlier weeks, it forecasts weeks that are known by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from retailstream.analytics.forecast import model, unemployment
from retailstream.analytics.forecast.history import history_of
from retailstream.analytics.forecast.intervals import interval, rehearse
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from retailstream.analytics.forecast.history import Features, Flags, Floats, History, Sales

FOLDS: Final = 5
STEP: Final = 13
LONGEST_TEST: Final = 39
ENOUGH_TRAINING: Final = 78
HOLIDAY_WEIGHT: Final = 5.0


@dataclass(frozen=True)
class Fold:
    """One cut: what was known before it, what was forecast after it, and how far off that was.

    WMAE is the mean distance in money over the rows that came, a holiday week's counted five times; `ratio` is to the
    seasonal naive forecast, and `coverage` the share of rows within the 80 % interval.
    """

    fold: int
    train_weeks: int
    test_weeks: int
    cells: int
    wmae: float
    wmae_seasonal_naive: float
    ratio: float | None
    wmae_with_unemployment: float
    wmae_without_unemployment: float
    coverage: float


def backtest(sales: Sales, features: Features) -> list[Fold]:
    """Return a fold for each cut, the earliest first; UsageError where there are too few weeks to hold any out."""
    history = history_of(sales, features) if len(sales.date) else None
    folds = [] if history is None else [cut for cut in cuts_of(history.weeks) if _is_testable(history, cut)]
    if history is None or not folds:
        weeks = 0 if history is None else int(np.isfinite(history.sales).any(axis=1).sum())
        raise UsageError(
            f"a backtest needs {2 * STEP} weeks of sales, and there {'is' if weeks == 1 else 'are'} {weeks}",
            hint="retailstream forecast works without one",
        )
    return [fold_at(number, history, features, cut) for number, cut in enumerate(folds, start=1)]


def cuts_of(weeks: int) -> list[int]:
    """Return after how many weeks to cut: every quarter, 78 weeks in where there are as many.

    143 → 78, 91, 104, 117, 130: with 39 weeks each to forecast, as far as there are, they span more than a year, and so
    Thanksgiving and Christmas.
    """
    least = ENOUGH_TRAINING if weeks >= ENOUGH_TRAINING + STEP else STEP
    return sorted(range(weeks - STEP, least - 1, -STEP)[:FOLDS])


def seasonal_naive(history: History, weeks: int) -> Floats:
    """Return what a planner would say at once: the week of a year ago, else the series' mean, else 0."""
    sold = ~np.isnan(history.sales)
    mean = np.where(sold, history.sales, 0.0).sum(axis=0) / np.maximum(sold.sum(axis=0), 1)
    rows = np.arange(history.weeks, history.weeks + weeks) - model.YEAR
    last_year = np.where((rows >= 0)[:, None], history.sales[np.maximum(rows, 0)], np.nan)
    return np.where(np.isnan(last_year), mean, last_year)


def wmae(actual: Floats, predicted: Floats, holidays: Flags) -> float:
    """Return the mean distance over the cells that exist, holiday weeks weighted five."""
    weights = np.where(holidays, HOLIDAY_WEIGHT, 1.0)[:, None] * ~np.isnan(actual)
    distance = np.abs(np.nan_to_num(actual) - predicted)
    return float((weights * distance).sum() / weights.sum())


def fold_at(number: int, history: History, features: Features, cut: int) -> Fold:
    """Return how good the forecast is that could be made after so many weeks."""
    known = history.until(cut)
    seen = known.seen
    known = known.of(seen)
    test = slice(cut, min(cut + LONGEST_TEST, history.weeks))
    actual, holidays = history.sales[test], history.holidays[test]
    rehearsals = rehearse(known)
    without = model.forecast(known, len(actual))
    with_term = without * unemployment.factor(known, features, rehearsals)
    shipped = with_term if unemployment.SHIPPED else without
    low, high = (_spread(ends, seen) for ends in interval(known, rehearsals, shipped))
    ours, plus, minus, naive = (
        wmae(actual, _spread(values, seen), holidays)
        for values in (shipped, with_term, without, seasonal_naive(known, len(actual)))
    )
    sold = ~np.isnan(actual)
    return Fold(
        fold=number,
        train_weeks=cut,
        test_weeks=len(actual),
        cells=int(sold.sum()),
        wmae=ours,
        wmae_seasonal_naive=naive,
        ratio=ours / naive if naive > 0 else None,
        wmae_with_unemployment=plus,
        wmae_without_unemployment=minus,
        coverage=float(((low <= actual) & (actual <= high))[sold].mean()),
    )


def _is_testable(history: History, cut: int) -> bool:
    """Say whether something was sold both before a cut and in the weeks that are forecast."""
    sold = ~np.isnan(history.sales)
    return bool(sold[:cut].any() and sold[cut : cut + LONGEST_TEST].any())


def _spread(values: Floats, seen: Flags) -> Floats:
    """Return values for all series, 0 for those that had not sold before the cut."""
    spread = np.zeros((len(values), len(seen)))
    spread[:, seen] = values
    return spread
