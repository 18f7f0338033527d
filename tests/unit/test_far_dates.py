"""Which dates lie far from all others."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from retailstream.far_dates import far_in_file, far_in_table, groups

FRIDAY = date(2010, 2, 5)
WEEKS = [FRIDAY + timedelta(weeks=number) for number in range(10)]
LATE = date(2018, 10, 26)
GAP = 60


def test_a_gap_is_more_than_so_many_days() -> None:
    days = [FRIDAY, FRIDAY + timedelta(days=GAP), FRIDAY + timedelta(days=2 * GAP + 1)]
    assert groups(reversed(days), GAP) == [days[:2], days[2:]]
    assert groups([], GAP) == []


def test_fewer_than_four_dates_beside_four_or_more_are_far() -> None:
    late = [LATE + timedelta(weeks=number) for number in range(4)]
    assert far_in_table(dict.fromkeys([*WEEKS, *late[:3]], 1), GAP) == set(late[:3])
    assert far_in_table(dict.fromkeys([*WEEKS, *late], 1), GAP) == set()
    assert far_in_table(dict.fromkeys([*WEEKS[:4], LATE], 1), GAP) == {LATE}
    assert far_in_table(dict.fromkeys([*WEEKS[:3], LATE], 1), GAP) == set()
    assert far_in_table(dict.fromkeys([*WEEKS, FRIDAY - timedelta(days=GAP + 1)], 1), GAP) == {WEEKS[0] - timedelta(61)}
    assert far_in_table({}, GAP) == set()


def test_one_in_ten_rows_of_a_file_may_be_far_and_more_are_a_file_of_several_times() -> None:
    assert far_in_file({FRIDAY: 9, LATE: 1}, GAP) == {LATE}
    assert far_in_file({FRIDAY: 8, LATE: 1}, GAP) == set()
    assert far_in_file({LATE: 99, FRIDAY: 1}, GAP) == {FRIDAY}
    assert far_in_file(dict.fromkeys(WEEKS, 99) | {LATE: 1}, GAP) == {LATE}
    assert far_in_file({FRIDAY: 1}, GAP) == set()
    assert far_in_file({}, GAP) == set()


days = st.dictionaries(st.dates(date(2010, 1, 1), date(2012, 12, 31)), st.integers(1, 100), max_size=30)


@given(days, st.integers(0, 400))
def test_groups_hold_every_day_once_in_order(rows: dict[date, int], gap: int) -> None:
    parts = groups(rows, gap)
    assert [day for part in parts for day in part] == sorted(rows)
    for one, other in pairwise(parts):
        assert other[0] - one[-1] > timedelta(days=gap)


@given(days, st.integers(0, 400))
def test_never_are_all_dates_far(rows: dict[date, int], gap: int) -> None:
    assert not rows or far_in_table(rows, gap) < rows.keys()
    assert not rows or far_in_file(rows, gap) < rows.keys()
