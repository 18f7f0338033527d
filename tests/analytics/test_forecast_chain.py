"""The interval of the chain's total, which is calibrated on the totals of earlier forecasts."""

from __future__ import annotations

import numpy as np
import pytest

from retailstream.analytics.forecast.chain import ends_of_totals
from retailstream.analytics.forecast.intervals import Rehearsal


def rehearsal(*sold: float) -> Rehearsal:
    """One week ahead, two pairs, of which each forecast is 50."""
    return Rehearsal(64, np.full((len(sold), 2), 50.0), np.array([[part / 2, part / 2] for part in sold]))


def test_errors_that_cancel_out_make_no_interval() -> None:
    odd = Rehearsal(64, np.full((1, 2), 50.0), np.array([[10.0, 90.0]]))
    assert ends_of_totals([odd, odd], [0]) == [(1.0, 1.0)]


def test_half_the_range_of_the_middle_lies_on_both_sides() -> None:
    rehearsals = [rehearsal(amount) for amount in range(100, 111)]
    assert ends_of_totals(rehearsals, [0]) == [pytest.approx((0.96, 1.04))]


def test_a_pair_without_a_row_sold_nothing() -> None:
    gone = Rehearsal(64, np.full((1, 2), 50.0), np.array([[50.0, np.nan]]))
    assert ends_of_totals([gone, rehearsal(100.0)], [0]) == [pytest.approx((0.8, 1.2))]


def test_a_stretch_that_no_rehearsal_reached_has_the_interval_before_it() -> None:
    rehearsals = [rehearsal(amount) for amount in (90, 110)]
    near, far = ends_of_totals(rehearsals, [0, 30])
    assert far == near
    assert ends_of_totals([rehearsal(100.0)], [30]) == [(None, None)]
