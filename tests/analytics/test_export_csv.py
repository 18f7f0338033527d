"""CSV for spreadsheets: what begins like a formula is text there, and numbers stay numbers."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from types import MappingProxyType

import pytest

from retailstream.analytics.catalog import use_cases
from retailstream.analytics.export import TypedAnswer, csv_text
from retailstream.analytics.use_case import Answer


def written(*rows: tuple[object, ...]) -> list[list[str]]:
    case = use_cases()["yearly-stores"]
    answer = Answer(case, MappingProxyType({}), ("text", "money"), list(rows))
    return list(csv.reader(io.StringIO(csv_text(TypedAnswer(answer, ("VARCHAR", "DECIMAL(27,2)"))))))[1:]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=", "-"])
def test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert written((text, Decimal("1.00"))) == [[f"'{text}", "1.00"]]


@pytest.mark.parametrize("text", ["A", "a=1", "'=1", "2012-10-26", "", " =1"])
def test_other_text_stays(text: str) -> None:
    assert written((text, Decimal("1.00"))) == [[text, "1.00"]]


def test_numbers_below_zero_stay_numbers() -> None:
    assert written(("A", Decimal("-39.50")), ("B", -1.5), ("C", -7)) == [["A", "-39.50"], ["B", "-1.5"], ["C", "-7"]]
