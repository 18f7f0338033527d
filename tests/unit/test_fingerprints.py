"""What a fingerprint says of another one, whichever of the two holds more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from retailstream.fingerprints import Fingerprint

ONE = Fingerprint(
    rows=2000,
    sums=(("weekly_sales", 1_000), ("customers", 5)),
    keys=7,
    ranges=(("weekly_sales", 100, 900), ("customers", None, None)),
    values=(1, 2, 3),
)


@pytest.mark.parametrize(
    ("other", "told", "told_of_the_other"),
    [
        (replace(ONE, rows=1999), "2,000 rows against 1,999", "1,999 rows against 2,000"),
        (
            replace(ONE, sums=(("weekly_sales", 1_000), ("customers", 6))),
            "a sum of customers of 5 against 6",
            "a sum of customers of 6 against 5",
        ),
        (
            replace(ONE, ranges=(("weekly_sales", 100, 901), ("customers", None, None))),
            "a range of weekly_sales of 100 to 900 against 100 to 901",
            "a range of weekly_sales of 100 to 901 against 100 to 900",
        ),
        (
            replace(ONE, ranges=(("weekly_sales", 100, 900), ("customers", 1, 4))),
            "a range of customers of None to None against 1 to 4",
            "a range of customers of 1 to 4 against None to None",
        ),
        (replace(ONE, keys=8), "other keys", "other keys"),
        *(
            (replace(ONE, values=values), "other values at some keys", "other values at some keys")
            for values in ((9, 2, 3), (1, 9, 3), (1, 2, 9))
        ),
        (
            replace(ONE, rows=1, sums=(("weekly_sales", 1), ("customers", 1)), keys=0),
            "2,000 rows against 1",
            "1 rows against 2,000",
        ),
    ],
)
def test_what_differs_first_is_told_from_both_sides(other: Fingerprint, told: str, told_of_the_other: str) -> None:
    assert ONE.difference(other) == told
    assert other.difference(ONE) == told_of_the_other


def test_the_same_rows_differ_in_nothing() -> None:
    assert ONE.difference(replace(ONE)) is None
