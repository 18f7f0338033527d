"""Rejects that are gathered are the same rejects, told by fewer."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream import gathering
from retailstream.gathering import gather
from retailstream.ports import FoundReject
from retailstream.read_limits import ReadLimits
from retailstream.record_ranges import Ranges, are_ranges, count, holds, numbers
from retailstream.rejects import SUPERSEDED, Reject

PLACES = st.tuples(st.integers(1, 2), st.sampled_from(["sales/a.csv", "sales/b.csv"]), st.integers(1, 40))
FOUND = st.dictionaries(PLACES, st.sampled_from(["columns", "form", SUPERSEDED])).map(
    lambda rules: [FoundReject(*place, rules[place], None, None) for place in sorted(rules)]
)


@given(st.sets(st.integers(1, 60)))
def test_ranges_are_the_numbers_they_were_made_of(given_numbers: set[int]) -> None:
    ranges = Ranges()
    for number in sorted(given_numbers):
        ranges.add(number)

    assert list(numbers(ranges.text)) == sorted(given_numbers)
    assert count(ranges.text) == len(given_numbers)
    assert {number for number in range(1, 61) if holds(ranges.text, number)} == given_numbers
    assert are_ranges(ranges.text) == bool(given_numbers)
    assert len(ranges) == len(ranges.text.split(",")) * bool(given_numbers)


@pytest.mark.parametrize("text", ["", "3-", "a", "1,,2", "0", "1;2", "1-2-3"])
def test_what_is_no_ranges_is_told(text: str) -> None:
    assert not are_ranges(text)


@given(FOUND, st.integers(1, 5), st.integers(1, 12), st.integers(1, 3))
def test_each_reject_is_told_by_one_of_its_own_file_and_rule(
    found: list[FoundReject], of_file: int, of_run: int, ranges: int
) -> None:
    limits = ReadLimits(records=of_file, records_of_run=of_run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering, "RANGES", ranges)
        told = list(gather(iter(found), limits))

    covered = [
        (each.first.landing, each.first.file, record, each.first.rule)
        for each in told
        for record in (each.first.record, *numbers(each.others or ""))
    ]
    assert Counter(covered) == Counter((one.landing, one.file, one.record, one.rule) for one in found)
    assert all(len((each.others or "").split(",")) <= ranges for each in told)
    assert not any(each.others for each in told if each.first.rule == SUPERSEDED)
    alone = Counter((each.first.landing, each.first.file, each.first.rule) for each in told if not each.others)
    few = [one for one in alone if one[2] != SUPERSEDED]
    assert all(alone[one] <= of_file + 1 for one in few)
    reject = Reject("sales", 1, "f", 3, "form", None, None, None, "5-7")
    assert [reject.covers(number) for number in (None, 3, 4, 6)] == [False, True, False, True]
