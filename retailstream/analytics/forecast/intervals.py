"""The 80 % interval: how wrong the model was when it was put back to earlier weeks of the same history.

The residuals of each series are measured in its own scale, their 10 % and 90 % quantiles are taken over all series for
each stretch of weeks ahead, and widened by a tenth, as the weeks gone by held fewer surprises than those to come.
Measured coverage stands in `docs/explanation/forecast-accuracy.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from retailstream.analytics.forecast.history import Groups
from retailstream.analytics.forecast.model import YEAR, forecast

if TYPE_CHECKING:
    from retailstream.analytics.forecast.history import Floats, History

FIRST_ORIGIN: Final = 64
ORIGIN_STEP: Final = 4
LEAST_WEEKS: Final = 90
LONGEST: Final = 39
STRETCHES: Final = ((0, 8), (8, 20), (20, 39))
PSEUDO_WEEKS: Final = 10.0
WIDER: Final = 1.1
WIDER_IN_FIRST_YEAR: Final = 2.0
QUANTILES: Final = (0.1, 0.9)


@dataclass(frozen=True)
class Rehearsal:
    """One forecast from an earlier week of the history, and what was sold then."""

    origin: int
    predicted: Floats
    actual: Floats


def rehearse(history: History) -> list[Rehearsal]:
    """Return a forecast from every fourth week since the 64th; none for a shorter history."""
    found = []
    for origin in range(FIRST_ORIGIN, history.weeks - ORIGIN_STEP + 1, ORIGIN_STEP):
        ahead = min(LONGEST, history.weeks - origin)
        predicted = forecast(history.until(origin), ahead)
        found.append(Rehearsal(origin, predicted, history.sales[origin : origin + ahead]))
    return found


def interval(history: History, rehearsals: list[Rehearsal], predicted: Floats) -> tuple[Floats, Floats]:
    """Return the lower and upper ends for a forecast, weeks by series."""
    if history.weeks >= LEAST_WEEKS:
        scale, ends = _scale_and_quantiles(history, rehearsals, len(predicted))
    else:
        scale, ends = _scale_of_short_history(history)
    usual = _usual(history)
    width = scale * np.clip(np.abs(predicted) / usual, 0.3, 4.0)
    least = np.minimum(np.nanmin(history.sales, axis=0, initial=0.0), predicted)
    return np.maximum(predicted + ends[0] * width, least), predicted + ends[1] * width


def _scale_and_quantiles(history: History, rehearsals: list[Rehearsal], weeks: int) -> tuple[Floats, Floats]:
    """Return each series' scale, and the quantiles of scaled residuals for each week ahead, 2 by weeks by 1."""
    usual = _usual(history)
    residuals = np.concatenate([found.actual - found.predicted for found in rehearsals])
    sizes = np.concatenate([np.clip(np.abs(found.predicted) / usual, 0.3, 4.0) for found in rehearsals])
    ahead = np.concatenate([np.arange(len(found.predicted)) for found in rehearsals])
    scale = _shrunk(np.abs(residuals), Groups(history.dept))
    scaled = residuals / (scale * sizes)
    ends = np.zeros((2, max(weeks, LONGEST), 1))
    for start, end in STRETCHES:
        known = scaled[(ahead >= start) & (ahead < end)]
        known = known[~np.isnan(known)]
        if len(known):
            ends[:, start:] = WIDER * np.quantile(known, QUANTILES)[:, None, None]
    ends[0], ends[1] = np.minimum(ends[0], 0.0), np.maximum(ends[1], 0.0)
    return scale, ends[:, :weeks]


def _scale_of_short_history(history: History) -> tuple[Floats, Floats]:
    """Return each series' mean distance from its own mean, at least a tenth of that mean.

    Rehearsals over less than half a year miss too much: after 78 weeks they cover 74 %, this covers 79 %. In the first
    year there is no season yet to forecast from, so what comes lies further off than what was.
    """
    sales = history.sales
    usual = _usual(history)
    wider = 1.0 if history.weeks >= YEAR else WIDER_IN_FIRST_YEAR
    scale = _shrunk(np.abs(sales - _mean(sales)), Groups(history.dept))
    return np.maximum(scale, 0.1 * usual), np.array([-1.0, 1.0])[:, None, None] * wider


def _shrunk(distances: Floats, depts: Groups) -> Floats:
    """Return each series' mean distance, drawn to its department's as if that had been seen for ten weeks more."""
    known = ~np.isnan(distances)
    sums, counts = np.where(known, distances, 0.0).sum(axis=0), known.sum(axis=0)
    overall = sums.sum() / max(int(counts.sum()), 1)
    dept = depts.spread((depts.sums(sums) + overall) / (depts.sums(counts) + 1))
    drawn: Floats = (sums + PSEUDO_WEEKS * dept) / (counts + PSEUDO_WEEKS)
    return np.maximum(drawn, 0.01)


def _usual(history: History) -> Floats:
    """Return the mean of each series' sales, at least 1."""
    return np.maximum(_mean(history.sales), 1.0)


def _mean(sales: Floats) -> Floats:
    known = ~np.isnan(sales)
    mean: Floats = np.where(known, sales, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return mean
