"""The table of a report's section begins with the row that the headline above it speaks of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.analytics.catalog import use_cases
from retailstream.analytics.headline import STEPS, Headline
from retailstream.analytics.report import page
from tests.analytics import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from retailstream.analytics.use_case import Answer

FIXTURES = Path(__file__).parents[1] / "analytics" / "fixtures" / "chain"
REAL = Path(__file__).parents[3] / "shared" / "datasets" / "retail"


@pytest.fixture(scope="module", params=["chain", "real"])
def connection(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = FIXTURES if request.param == "chain" else REAL
    if not folder.is_dir():
        pytest.skip("the real set is not on this machine")
    with tables.connect(folder) as connection:
        yield connection


def spoken_of(answer: Answer) -> tuple[object, ...]:
    """The row whose values the headline would print, were it to print its place among the rows."""
    rows = [{**dict(zip(answer.columns, row, strict=True)), "place": place} for place, row in enumerate(answer.rows)]
    for headline in answer.use_case.headlines:
        if headline.sentence(rows, answer.parameters) is not None:
            place = Headline("{place}", headline.steps).sentence(rows, answer.parameters)
            assert place is not None
            return answer.rows[int(place)]
    raise AssertionError(f"{answer.use_case.name} has no headline")


@pytest.mark.slow
@pytest.mark.parametrize("count", [page.ROWS, 1])
@pytest.mark.parametrize("name", use_cases())
def test_the_row_of_the_headline_is_in_the_table(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, name: str, count: int
) -> None:
    monkeypatch.setattr(page, "ROWS", count)
    monkeypatch.setattr(page, "ALL_ROWS", count)
    found = tables.typed_answer(connection, name, {})
    section = page.Section(found, files=True)
    shown = section.rows
    assert len(shown) == min(count, len(found.answer.rows))
    whole = page.Section(found, files=False)
    monkeypatch.setattr(page, "ALL_ROWS_ALONE", len(found.answer.rows))
    row = whole.rows[found.answer.rows.index(spoken_of(found.answer))]
    assert row in shown
    assert len(found.answer.rows) <= count or row == shown[0]


VALUES = st.one_of(st.none(), st.integers(0, 3))
ROWS = st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), min_size=1, max_size=12)
PICKS = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from("ab")), max_size=2, unique_by=lambda s: s[1])


@given(rows=ROWS, steps=PICKS)
def test_the_order_begins_with_the_row_of_the_sentence(
    rows: list[dict[str, Any]], steps: list[tuple[str, str]]
) -> None:
    headline = Headline("{place}", tuple(steps))
    placed = [{**row, "place": place} for place, row in enumerate(rows)]
    order = headline.order(placed)
    assert sorted(order) == list(range(len(rows)))
    told = headline.sentence(placed, {})
    assert told is None or order[0] == int(told)


def test_what_the_table_begins_with_is_named() -> None:
    def words(*steps: tuple[str, str]) -> str | None:
        return Headline("x.", steps).begins_with

    assert words(("highest", "year"), ("lowest", "rank")) == "the newest year"
    assert words(("highest", "total_sales")) == "the highest total sales"
    assert words(("first", "holiday"), ("lowest", "rank")) == "the lowest rank"
    assert words() is None
