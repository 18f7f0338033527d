"""The model: last year's calendar-aligned season on a recent level, and last year times recent growth, blended.

Each part's docstring says what the blend loses without it, as WMAE on the real chain: A, its last 39 weeks held out
(1386 with all parts, seasonal naive 1808); B, the 39 weeks after 2011-10-28 with Thanksgiving and Christmas (1578 and
2012). Differences below 5 mean nothing. All constants were tuned on that chain, which leaves no clean hold-out; what
was tried and dropped stands in `docs/adr/0020-forecast-model.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from retailstream.analytics.forecast.calendar import day_years_before, easter_weeks, is_christmas_time
from retailstream.analytics.forecast.history import Groups, History

if TYPE_CHECKING:
    from retailstream.analytics.forecast.history import Flags, Floats, Ints

YEAR: Final = 52

# Tuned on the real chain. A fifth up or down, each of those that are not whole years moves A and B by 5 at most.
SMOOTHING: Final = 0.17
SECOND_YEAR: Final = 0.6
OWN_SEASON: Final = 0.7
OWN_TREND: Final = 0.6
STEEPEST_TREND: Final = 0.01
PATTERNS: Final = 8
GROWTH_WEEKS: Final = 39
GROWTH_HALF_LIFE: Final = 8.0
GROWTH_PRIOR_WEEKS: Final = 10.0
ADDED: Final = 0.6
EASTER_SHRINKAGE: Final = (0.35, 0.7)
EASTER_KNOWN_AFTER: Final = 66
SILENCE_HALF_LIFE: Final = 8.0


@dataclass(frozen=True)
class Chain:
    """A history without gaps and Easter, and what both forecasts need of it."""

    history: History
    target: Ints
    sold: Flags
    flat: Floats
    full: Floats
    depts: Groups
    stores: Groups

    @property
    def weeks(self) -> int:
        """How many weeks of sales there are."""
        return self.history.weeks


def forecast(history: History, weeks: int) -> Floats:
    """Return what each series will sell in the next weeks, weeks by series; 0 for a series without a row."""
    seen = history.seen
    predicted = np.zeros((weeks, len(seen)))
    if seen.any():
        predicted[:, seen] = _forecast(history.of(seen), weeks)
    return predicted


def _forecast(history: History, weeks: int) -> Floats:
    depts, stores = Groups(history.dept), Groups(history.store)
    sold = ~np.isnan(history.sales)
    target = np.arange(history.weeks, history.weeks + weeks)
    easter = easter_lift(history, depts)
    flat = np.where(sold, history.sales, 0.0) / easter[: history.weeks]
    chain = Chain(history, target, sold, flat, _without_gaps(flat, sold, depts), depts, stores)
    predicted = level_plus_season(chain)
    if history.weeks > YEAR + 1:
        predicted = ADDED * predicted + (1 - ADDED) * last_year_times_growth(chain)
    predicted *= easter[target]
    return np.maximum(predicted, _floor(chain)) * still_selling(sold)


def level_plus_season(chain: Chain) -> Floats:
    """Return a smoothed level plus the aligned season of the last two years. Without it: A 62, B 82 worse.

    The level is an exponential smoothing of the seasonally adjusted sales; the mean of all weeks in its place costs A
    79, B 62. The season is drawn to the department's (A 16, B 22), and comes from two years where there are two (A 16,
    B 6), from which the trend is taken out (A 21, B 6).
    """
    full, week = chain.full, np.arange(chain.weeks)
    usual = np.maximum(full[-YEAR:].mean(axis=0), 1.0)
    trend = _trend(chain, usual)
    level_season = full - trend * week[:, None]
    seasons = np.stack([level_season[start::YEAR].mean(axis=0) for start in range(min(YEAR, chain.weeks))])
    middle = seasons.mean(axis=0)
    adjusted = full - (seasons[week % YEAR] - middle)
    weights = SMOOTHING * (1 - SMOOTHING) ** (chain.weeks - 1.0 - week)
    weights[0] /= SMOOTHING
    level = (weights[:, None] * adjusted).sum(axis=0)
    total, known = np.zeros((len(chain.target), full.shape[1])), np.zeros((len(chain.target), 1))
    for years, weight in ((1, 1.0), (2, SECOND_YEAR)):
        source = Alignment.of(chain.history, chain.target, years)
        total += weight * source.known[:, None] * source.read(level_season)
        known += weight * source.known[:, None]
    season = np.where(known > 0, total / np.maximum(known, SECOND_YEAR) - middle, 0.0)
    shared = chain.depts.sums(season) / chain.depts.sums(usual)
    result: Floats = level + OWN_SEASON * season + (1 - OWN_SEASON) * usual * chain.depts.spread(shared)
    return result


def last_year_times_growth(chain: Chain) -> Floats:
    """Return last year's aligned weeks times recent growth. Without it: A 28, B 26 worse.

    Last year is read from the eight strongest patterns of each department, which drops the noise of single weeks (A
    19, B 21), and averaged with the year before where there is one.
    """
    clean = _patterns(chain.full, chain.depts)
    first, second = (Alignment.of(chain.history, chain.target, years) for years in (1, 2))
    base = first.read(clean)
    twice = second.known
    if twice.any():
        before = second.read(clean)[twice]
        smooth, smooth_before = _smooth(base[twice]), _smooth(before)
        change = np.clip(_ratio(smooth, smooth_before), 0.5, 2.0)
        base[twice] = 0.5 * base[twice] + 0.5 * before * change
    return base * _growth(chain, clean)


def _growth(chain: Chain, clean: Floats) -> Floats:
    """Return each series' recent sales by those of a year before, drawn to the chain's, department's and store's.

    Without growth: A 40, B 27 worse; without drawing a series to the others: A 6, B 12.
    """
    recent = np.arange(chain.weeks - min(GROWTH_WEEKS, chain.weeks - YEAR - 1), chain.weeks)
    last_year = Alignment.of(chain.history, recent, 1).read(clean)
    weights = 0.5 ** ((chain.weeks - 1.0 - recent) / GROWTH_HALF_LIFE)[:, None]
    weighted = weights * chain.sold[recent]
    now, before = (weighted * chain.flat[recent]).sum(axis=0), (weighted * last_year).sum(axis=0)
    usual = (weights * last_year).sum(axis=0) / weights.sum()
    overall = float(_ratio(now.sum(keepdims=True), before.sum(keepdims=True))[0])
    prior = np.full(len(now), overall)
    for groups in (chain.depts, chain.stores):
        base = np.maximum(groups.sums(before), 0.0)
        share = base / np.maximum(base + base.mean(), 1e-9)
        prior *= groups.spread(1 + (_ratio(groups.sums(now), base) / max(overall, 1e-9) - 1) * share)
    prior = np.clip(prior, 0.7, 1.4)
    growth = _ratio(now + GROWTH_PRIOR_WEEKS * prior * usual, before + GROWTH_PRIOR_WEEKS * usual)
    return np.clip(growth, 0.3, 3.0)


@dataclass(frozen=True)
class Alignment:
    """Where last year's counterpart of each week lies: between two rows, as the calendar moved by a day or two.

    Lag 52 is 364 days, so a date of last year lies one to three days further on: a week reads a share of the week
    before (without: A 29, B 17 worse). Around a holiday that would smear, so there weeks are taken whole, but not from
    12 December on, where the share is how many days of shopping Christmas week has won or lost (without: B 80).
    """

    rows: Ints
    share: Floats
    known: Flags

    @classmethod
    def of(cls, history: History, target: Ints, years: int) -> Alignment:
        """Return the counterparts of some weeks so many years back."""
        rows = target - YEAR * years
        known = rows >= 0
        rows = np.maximum(rows, 0)
        before = np.maximum(rows - 1, 0)
        dates = history.dates[target]
        share = (dates - 7 * YEAR * years - day_years_before(dates, years)).astype(float) / 7
        holidays = history.holidays
        whole = (holidays[target] | holidays[rows] | holidays[before]) & ~is_christmas_time(dates)
        return cls(rows, np.where(whole | (before == rows), 0.0, share), known)

    def read(self, values: Floats) -> Floats:
        """Return the counterparts' values, weeks by series."""
        share = self.share[:, None]
        result: Floats = (1 - share) * values[self.rows] + share * values[np.maximum(self.rows - 1, 0)]
        return result


def easter_lift(history: History, depts: Groups) -> Floats:
    """Return by how much Easter lifts each week, weeks by series; without it: A 27, B 23 worse.

    Easter moves by up to five weeks, so what the weeks before, of and after Good Friday add to a department is
    estimated from its growth in those weeks, taken out of the history, and put back where Easter lies this year.
    """
    marks = easter_weeks(history.dates)
    if history.weeks < EASTER_KNOWN_AFTER:
        return np.ones((len(marks), len(depts.numbers)))
    sold = ~np.isnan(history.sales)
    both = sold[YEAR:] & sold[:-YEAR]
    now = depts.sums(np.where(both, history.sales[YEAR:], 0.0))
    before = depts.sums(np.where(both, history.sales[:-YEAR], 0.0))
    usable = (now > 0) & (before > 0)
    change = np.clip(np.log(np.where(usable, now, 1.0) / np.where(usable, before, 1.0)), -1, 1)
    moved = marks[YEAR : history.weeks] - marks[: history.weeks - YEAR]
    change, moved = change - _smooth(change), moved - _smooth(moved)
    weight = np.maximum(before.sum(axis=0), 0.0)
    weight /= max(weight.sum(), 1e-9)
    gram, (shrinkage, own_shrinkage) = moved.T @ moved, EASTER_SHRINKAGE
    shared = np.linalg.solve(gram + shrinkage * np.eye(3), moved.T @ (change @ weight))
    rest = moved.T @ (change - (moved @ shared)[:, None])
    own = shared[:, None] + np.linalg.solve(gram + own_shrinkage * np.eye(3), rest)
    return depts.spread(np.exp(np.clip(marks @ own, -1.5, 1.5)))


def still_selling(sold: Flags) -> Floats:
    """Return how far to believe that a series goes on: halved for every eight weeks that it missed.

    Whether it missed a week is read from the year before, so a department of one season is expected in its season only.
    That is worth nothing on A and B, where silent series are a thousandth of sales, but a closed shop would count.
    """
    weeks = len(sold)
    first, last = sold.argmax(axis=0), weeks - 1 - sold[::-1].argmax(axis=0)
    usual = sold.sum(axis=0) / (last - first + 1)
    expected = sold.astype(float)
    for week in range(int(last.min()) + 1, weeks):
        year_before = expected[week - YEAR] if week >= YEAR else np.zeros(len(usual))
        known = week - YEAR >= first
        expected[week] = np.where(sold[week], 1.0, np.where(known, year_before, usual))
    missed = (expected * (np.arange(weeks)[:, None] > last)).sum(axis=0)
    result: Floats = 0.5 ** (missed / SILENCE_HALF_LIFE)
    return result


def _trend(chain: Chain, usual: Floats) -> Floats:
    """Return what each series gains a week, from changes to the year before, drawn to its department's and store's."""
    if chain.weeks <= YEAR:
        return np.zeros(len(usual))
    own = (chain.full[YEAR:] - chain.full[:-YEAR]).mean(axis=0) / YEAR
    rates = [groups.spread(groups.sums(own) / groups.sums(usual)) for groups in (chain.depts, chain.stores)]
    shared = np.clip(rates[0] + rates[1] - own.sum() / usual.sum(), -STEEPEST_TREND, STEEPEST_TREND)
    result: Floats = OWN_TREND * own + (1 - OWN_TREND) * usual * shared
    return result


def _without_gaps(flat: Floats, sold: Flags, depts: Groups) -> Floats:
    """Return sales where weeks without a row have the series' mean times the department's profile of that week."""
    mean = flat.sum(axis=0) / sold.sum(axis=0)
    positive = sold & (mean > 0)
    profile = _ratio(depts.sums(np.where(positive, flat, 0.0)), depts.sums(np.where(positive, mean, 0.0)))
    return np.where(sold, flat, mean * depts.spread(np.clip(profile, 0.0, 5.0)))


def _patterns(full: Floats, depts: Groups) -> Floats:
    """Return sales rebuilt from each department's eight strongest patterns over its stores (a truncated SVD)."""
    clean = np.empty_like(full)
    scale = np.sqrt(np.maximum(np.abs(full).mean(axis=0), 1e-6))
    for series in depts.members:
        values = full[:, series] / scale[series]
        if PATTERNS < len(series) <= len(values):
            strongest = np.linalg.eigh(values.T @ values)[1][:, -PATTERNS:]
            values = (values @ strongest) @ strongest.T
        elif len(series) > PATTERNS:
            strongest = np.linalg.eigh(values @ values.T)[1][:, -PATTERNS:]
            values = strongest @ (strongest.T @ values)
        clean[:, series] = values * scale[series]
    return clean


def _floor(chain: Chain) -> Floats:
    """Return the least to forecast: 0, or what a series that mostly takes goods back had on average (A 3, B 1)."""
    mean: Floats = chain.flat.sum(axis=0) / chain.sold.sum(axis=0)
    return np.minimum(mean, 0.0)


def _smooth(values: Floats) -> Floats:
    """Return the centred mean over 17 weeks, of fewer at the ends."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])
    week = np.arange(len(values))
    first, end = np.maximum(week - 8, 0), np.minimum(week + 9, len(values))
    result: Floats = (sums[end] - sums[first]) / (end - first)[:, None]
    return result


def _ratio(part: Floats, base: Floats) -> Floats:
    """Return part ÷ base, 1 where the base is not above zero."""
    usable = base > 1e-6
    return np.where(usable, part / np.where(usable, base, 1.0), 1.0)
