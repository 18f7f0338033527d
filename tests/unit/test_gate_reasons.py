"""What closes the gate, in words."""

from __future__ import annotations

import pytest

from retailstream.gate_reasons import all_refused, over
from retailstream.rejects import Reject
from retailstream.runs import Limit

HALF, FIVE = Limit.parse("50%"), Limit.parse("5%")


@pytest.mark.parametrize(
    ("rejected", "records", "whole", "told"),
    [
        (35, 70, "5%", None),
        (36, 70, "5%", "36 of 70 sales records of store 7"),
        (70, 70, "5%", "all 70 sales records of store 7"),
        (70, 70, "100%", None),
        (63, 70, "90%", None),
        (70, 70, "70", None),
        (70, 70, "69", "all 70 sales records of store 7"),
        (1, 1, "5%", None),
        (2, 2, "5%", "all 2 sales records of store 7"),
        (0, 0, "5%", None),
    ],
)
def test_a_part_may_have_what_its_limit_or_that_of_all_allows(
    rejected: int, records: int, whole: str, told: str | None
) -> None:
    found = over("sales", [("store 7", rejected, records), ("store 8", 0, 70)], HALF, Limit.parse(whole))
    sentence = f"{told} are rejected, the limit of one file or store is 50%"
    assert [reason.text for reason in found] == ([sentence] if told else [])


def test_only_some_parts_are_named() -> None:
    (reason,) = over("sales", [(f"store {number}", 9, 9) for number in range(1, 9)], HALF, FIVE)
    assert "all 9 sales records of store 5 and 3 more files and stores are rejected" in reason.text
    assert "store 6" not in reason.text


def refused(*names: str) -> list[Reject]:
    return [Reject("sales", 1, name, None, "empty_file", None, "0 bytes", None) for name in names]


def test_files_are_told_where_not_one_can_be_read() -> None:
    assert all_refused("sales", 0, []) == []
    assert all_refused("sales", 2, refused("sales/a.csv")) == []
    (reason,) = all_refused("sales", 1, refused("sales/a b.csv"))
    assert reason.text == "the only new sales file is refused (sales/a b.csv: empty_file, 0 bytes)"
    assert "retailstream quarantine discard 'sales/a b.csv' --reason TEXT" in reason.hint
    (reason,) = all_refused("sales", 7, refused(*(f"sales/{number}.csv" for number in range(7))))
    assert reason.text.startswith("all 7 new sales files are refused (sales/0.csv: empty_file, 0 bytes; ")
    assert reason.text.endswith("sales/4.csv: empty_file, 0 bytes and 2 more files)")
