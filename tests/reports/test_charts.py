"""Each chart draws all rows of its table and nothing else, names its units, and is not drawn without rows."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import retailstream
from retailstream.analytics import export, use_case
from retailstream.analytics.catalog import use_cases
from retailstream.analytics.charts import drawing
from retailstream.analytics.charts.rows import most_often, ordered, total_by
from retailstream.analytics.charts.scales import unit_of
from tests.analytics import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from tests.environment import Environment

CHAIN = Path(__file__).parents[1] / "analytics" / "fixtures" / "chain"


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with tables.connect(CHAIN) as connection:
        yield connection


def spec_of(answer: use_case.Answer) -> dict[str, Any]:
    chart = drawing.draw(answer)
    assert chart is not None
    spec: dict[str, Any] = chart.to_dict()
    return spec


def every(spec: object, key: str) -> Iterator[Any]:
    """Yield what stands under a key anywhere in a specification."""
    if isinstance(spec, dict):
        for name, value in spec.items():
            if name == key:
                yield value
            yield from every(value, key)
    elif isinstance(spec, list):
        for value in spec:
            yield from every(value, key)


@pytest.mark.parametrize("name", use_cases())
def test_the_data_of_a_chart_is_its_table(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    found = tables.typed_answer(connection, name, {})
    spec = spec_of(found.answer)
    table = json.loads(export.json_text(found))
    drawn = [data["values"] for data in every(spec, "data") if "values" in data]
    drawn += [list(rows) for rows in spec.get("datasets", {}).values()]
    assert drawn
    assert all(rows == table for rows in drawn)


@pytest.mark.parametrize("name", use_cases())
def test_a_chart_has_a_title_and_its_axes_have_words(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    spec = spec_of(tables.answer(connection, name, {}))
    assert spec["title"]["text"]
    titles = [
        channel["title"] for axis in ("x", "y") for channel in every(spec, axis) if channel and channel.get("title")
    ]
    assert titles
    assert not [title for title in titles if "_" in title]


@pytest.mark.slow
@pytest.mark.parametrize("name", use_cases())
def test_a_chart_becomes_a_picture(connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str) -> None:
    chart = drawing.draw(tables.answer(connection, name, {}))
    assert chart is not None
    drawing.write(chart, tmp_path / "chart.svg")
    drawing.write(chart, tmp_path / "chart.png")
    svg = re.sub(r' aria-label="[^"]*"', "", (tmp_path / "chart.svg").read_text())
    assert svg.startswith("<svg")
    assert not re.search(r"NaN|undefined|null", svg)
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", use_cases())
def test_without_rows_nothing_is_drawn(name: str) -> None:
    answer = use_case.Answer(use_cases()[name], {}, ("store",), [])
    assert drawing.draw(answer) is None


def test_an_analysis_without_a_chart_of_its_own_gets_a_plain_one() -> None:
    columns = ("store", "note", "total_sales")
    rows: list[tuple[object, ...]] = [(7, "a", Decimal("1.50")), (8, "b", Decimal("2.50"))]
    case = next(iter(use_cases().values()))
    answer = use_case.Answer(replace(case, name="nobody-drew-this", headlines=()), {}, columns, rows)
    spec = spec_of(answer)
    assert spec["title"]["text"] == ["Total sales by store"]
    assert spec["encoding"]["y"]["sort"] == [8, 7]


def test_the_library_gives_a_chart(chain: Environment) -> None:
    chart = retailstream.chart("weekly-top-stores", home=chain.home, top=1)
    assert chart is not None
    [data] = [data for data in every(chart.to_dict(), "data") if "values" in data] or [None]
    rows = data["values"] if data else next(iter(chart.to_dict()["datasets"].values()))
    assert {row["rank"] for row in rows} == {1}


def test_a_unit_keeps_figures_short() -> None:
    assert unit_of([None, -3_000_000.0, 5]).name == " million"
    assert unit_of([2_000]).factor == 1_000
    assert unit_of([1_999.99, None]).factor == 1
    assert unit_of([]).name == ""


def test_orders_put_the_unknown_last() -> None:
    rows: list[dict[str, Any]] = [{"s": 1, "v": None}, {"s": 2, "v": 5}, {"s": 3, "v": 9}, {"s": 2, "v": 1}]
    assert ordered(rows, "s", by="v") == [2, 3, 1]
    assert ordered(rows, "s", by="v", descending=True) == [3, 2, 1]
    assert most_often(rows, "s")[0] == 2
    assert total_by(rows, "s", "v") == [{"s": 1, "v": 0}, {"s": 2, "v": 6}, {"s": 3, "v": 9}]


@pytest.mark.parametrize(
    ("name", "rows", "column"),
    [
        (
            "offers-impact",
            [(1, "A", 5, 5, 9.0, 8.0, 12.5, -3.0), (2, "B", 5, 5, 7.0, 8.0, -12.5, 4.0)],
            "seasonal_lift_pct",
        ),
        ("offers-impact", [(1, "A", 5, 5, 7.0, 8.0, -12.5, None), (2, "B", 5, 5, 9.0, 8.0, 12.5, None)], "lift_pct"),
    ],
)
def test_offers_are_drawn_by_the_lift_that_the_headline_speaks_of(
    connection: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[object, ...]], column: str
) -> None:
    asked = tables.answer(connection, name, {})
    answer = replace(asked, rows=rows)
    spec = spec_of(answer)
    assert "store 2 (type B)" in answer.headline
    assert column in {axis["field"] for axis in every(spec, "x") if "field" in axis}
    assert [axis["sort"] for axis in every(spec, "y") if "sort" in axis] == [[2, 1]]


def test_the_department_of_the_headline_is_drawn_on_top(connection: duckdb.DuckDBPyConnection) -> None:
    asked = tables.answer(connection, "unemployment-forecast", {})
    money = [Decimal(value) for value in ("900.00", "90.00", "80.00", "95.00", "85.00")]
    small = [Decimal(value) for value in ("300.00", "300.00", "290.00", "310.00", "295.00")]
    answer = replace(asked, rows=[(1, 1, 1, *small, 2.0), (2, 10, 1, *money, 2.0)])
    assert "department 2 will sell most" in answer.headline
    assert next(axis["sort"] for axis in every(spec_of(answer), "y") if "sort" in axis) == [2, 1]


def test_what_cannot_be_told_is_not_drawn(connection: duckdb.DuckDBPyConnection) -> None:
    asked = tables.answer(connection, "offers-impact", {})
    answer = replace(asked, rows=[(1, "A", 0, 5, None, Decimal("8.00"), None, None)])
    assert answer.headline.startswith("Whether offers help can not be told")
    assert drawing.draw(answer) is None
