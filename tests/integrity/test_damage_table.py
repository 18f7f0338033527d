"""The table of docs/reference/damage.md is what happens: `python -m tests.integrity` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integrity import page
from tests.integrity.cases import CHANGED, case_of, make_homes
from tests.integrity.damages import DAMAGES, KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integrity.damages import Homes

FEW = {
    ("raw sales file", "gone"),
    ("clean month of sales", "bit flipped"),
    ("manifest of clean sales", "zeroed"),
    ("database", "bit flipped"),
    ("database", "cut"),
    ("month of features in the warehouse", "other version"),
    ("manifest of sales in the warehouse", "older copy"),
    ("memory", "older copy"),
    ("memory", "zeroed"),
}
"""What is tried each time; all the others belong to the slow tests."""


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return make_homes(tmp_path_factory.mktemp("homes"))


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        pytest.param(kind, damage, marks=[] if (kind, damage) in FEW else pytest.mark.slow)
        for kind in KINDS
        for damage in DAMAGES
    ],
)
def test_what_the_page_says_of_a_damage_is_what_happens(homes: Homes, tmp_path: Path, kind: str, damage: str) -> None:
    case = case_of(homes, tmp_path, kind, damage)

    assert page.cell(kind, damage) == (case.cell if case else "—")
    if case:
        assert case.found != "NOT FOUND"
        assert case.named
        assert case.meanwhile != CHANGED
        assert case.meanwhile in page.meanwhile(kind)
