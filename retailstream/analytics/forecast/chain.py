"""The weeks to come of the whole chain, and how far its total may lie off.

The pairs' own intervals are no help: their sum takes all errors for one, and they cancel out in part. So the totals of
rehearsals are held against what was sold then. Early rehearsals, with one year behind them, lie off to one side, which
later ones do not: half the range of the middle 80 % is put on both sides of the forecast. Put back to every fourth week
from the 92nd of the real chain on, that covered 91 % of the weeks to come, and the quantiles as they are 74 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retailstream.analytics.forecast.forecasting import Forecast, forecast
from retailstream.analytics.forecast.history import AHEAD, history_of, week_of
from retailstream.analytics.forecast.intervals import LEAST_WEEKS, QUANTILES, STRETCHES, rehearse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.forecast.history import Features, Floats, Sales
    from retailstream.analytics.forecast.intervals import Rehearsal

Ends = tuple[float | None, float | None]
"""Where an 80 % interval begins and ends, as parts of the forecast; None where too little is known."""


@dataclass(frozen=True)
class ChainWeeks:
    """The forecast of each pair, and for each of its dates, in order, the ends of the interval of their total."""

    cells: Forecast
    ends: list[Ends]


def chain_weeks(sales: Sales, features: Features, horizon: int | None = None) -> ChainWeeks:
    """Return the forecast, as `forecast` does, with an interval of each week's total that is calibrated on totals."""
    cells = forecast(sales, features, horizon)
    dates = np.unique(cells.date)
    if not len(dates):
        return ChainWeeks(cells, [])
    history = history_of(sales, features)
    if history.weeks < LEAST_WEEKS:
        return ChainWeeks(cells, [(None, None)] * len(dates))
    ahead = week_of(dates, sales.date.max()) - 1
    return ChainWeeks(cells, ends_of_totals(rehearse(history), [int(week) % AHEAD for week in ahead]))


def ends_of_totals(rehearsals: Sequence[Rehearsal], ahead: Sequence[int]) -> list[Ends]:
    """Return the ends for so many weeks ahead, from how far sold ÷ forecast ranged over the rehearsals."""
    ratios = np.concatenate([_ratios(found) for found in rehearsals])
    weeks = np.concatenate([np.arange(len(found.predicted)) for found in rehearsals])
    ends: list[Ends] = []
    for week in ahead:
        start, end = next((stretch for stretch in STRETCHES if week < stretch[1]), STRETCHES[-1])
        known = ratios[(weeks >= start) & (weeks < end) & ~np.isnan(ratios)]
        if not len(known):
            ends.append(ends[-1] if ends else (None, None))
            continue
        low, high = np.quantile(known, QUANTILES)
        ends.append((1 - float(high - low) / 2, 1 + float(high - low) / 2))
    return ends


def _ratios(found: Rehearsal) -> Floats:
    """Return sold ÷ forecast for each week of a rehearsal; NaN where nothing was forecast."""
    sold, predicted = np.nansum(found.actual, axis=1), found.predicted.sum(axis=1)
    ratios: Floats = np.divide(sold, predicted, out=np.full(len(sold), np.nan), where=predicted > 0)
    return ratios
