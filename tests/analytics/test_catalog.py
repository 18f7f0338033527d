"""The catalog: what it lists, what it refuses, the header of a `.sql` file and the headlines."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from retailstream.analytics import catalog, use_case
from retailstream.analytics.headline import Headline
from retailstream.contracts import CONTRACTS
from retailstream.errors import UsageError
from tests.analytics import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = """-- Title
-- place: 7
-- question: Why
--   so?
-- reads: sales, features.cpi/unemployment
-- heading: year | the year
-- parameter: month integer = 4 at least 1 at most 12 | the month
-- parameter: type text = B among stores.type | the type
-- parameter: basket money at least 0.01 | the basket
-- headline (highest year, lowest rank): In {year}.
-- headline: Nothing.
-- empty: No rows.
select 1 as year
"""


def test_use_cases_are_listed_in_the_order_of_their_places() -> None:
    assert list(catalog.use_cases()) == [
        "customer-visits",
        "holiday-sales",
        "leap-year-sales",
        "unemployment-forecast",
        "monthly-sales",
        "weekly-top-stores",
        "department-performance",
        "fuel-prices",
        "yearly-stores",
        "offers-impact",
    ]


def test_every_use_case_says_what_it_is() -> None:
    for name, case in catalog.use_cases().items():
        assert case.name == name
        assert case.title
        assert case.question.endswith("?")
        assert all(parameter.help for parameter in case.parameters)
        assert case.empty.template.endswith(".")
        assert all(headline.template.endswith(".") for headline in case.headlines)


def test_import_is_cheap() -> None:
    code = "import sys; import retailstream.analytics.catalog as c; c.use_cases(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"duckdb", "pandas", "numpy", "sqlglot", "pyarrow"} & set(run.stdout.split())


@pytest.fixture
def nothing() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables without a row."""
    with duckdb.connect() as connection:
        for contract in CONTRACTS.values():
            columns = ", ".join(f"{column.name} {column.sql_type}" for column in contract.columns)
            connection.execute(f"create table {contract.name} ({columns})")
        yield connection


@pytest.mark.parametrize("name", catalog.use_cases())
def test_without_data_the_first_table_that_is_read_is_named(nothing: duckdb.DuckDBPyConnection, name: str) -> None:
    answer = tables.answer(nothing, name, {})
    first = catalog.find(name).reads[0]
    assert answer.rows == []
    assert not answer.speaks
    assert answer.absence == use_case.Absence(
        f"There are no {first} yet: retailstream run --source FOLDER brings them.", first
    )


SOLD = """
insert into sales by name select 1 as store, 1 as dept, date '2011-05-06' as date, 5 as weekly_sales, false as is_holiday;
insert into stores values (1, 'B', 10)
"""
FEATURES = "insert into features by name select 1 as store, date '2011-05-13' as date, false as is_holiday"


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [
        ("customer-visits", "", "No store of type B has sales in April."),
        ("holiday-sales", "", "No week with sales is flagged as a holiday."),
        ("leap-year-sales", "", "No leap year has sales."),
        (
            "unemployment-forecast",
            f"{FEATURES}, 7 as unemployment",
            "No week to come is known for a store with unemployment above 8 %.",
        ),
        (
            "unemployment-forecast",
            f"{FEATURES}, 9 as unemployment; update features set date = date '2011-05-06'",
            "No week to come is known: the sales of the stores go on to 2011-05-06, and their features end on 2011-05-06.",
        ),
        ("offers-impact", f"{FEATURES}, 3 as markdown2", "No week with sales has a features row."),
    ],
)
def test_an_answer_without_rows_has_its_sentence(
    nothing: duckdb.DuckDBPyConnection, name: str, more: str, sentence: str
) -> None:
    nothing.execute(f"{SOLD}; {more}")
    answer = tables.answer(nothing, name, {})
    assert answer.rows == []
    assert answer.headline == sentence
    assert answer.absence is None or answer.absence.lacks is None


@pytest.mark.parametrize("name", catalog.use_cases())
def test_what_an_analysis_reads_is_there(name: str) -> None:
    case = catalog.find(name)
    assert case.reads
    for read in (*case.reads, *(known.among for known in case.parameters if known.among)):
        table, _, columns = read.partition(".")
        known = {column.name for column in CONTRACTS[table].columns}
        assert set(filter(None, columns.split("/"))) <= known


def test_an_unknown_use_case_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no analysis 'holiday_sale'") as caught:
        catalog.find("holiday_sale")
    assert "holiday-sales?" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "given", "message", "hint"),
    [
        ("customer-visits", {"mont": 4}, "customer-visits has no parameter --mont", "--month?"),
        ("holiday-sales", {"top": 4}, "holiday-sales has no parameter --top", "it takes none"),
        ("customer-visits", {"month": 13}, "--month must be at most 12, not '13'", "month of the year"),
        ("customer-visits", {"month": "0"}, "--month must be at least 1, not '0'", "month of the year"),
        ("customer-visits", {"month": "4.5"}, "--month must be a whole number such as 3, not '4.5'", "month"),
        ("customer-visits", {"month": True}, "--month must be a whole number such as 3, not 'True'", "month"),
        ("customer-visits", {"basket": "0"}, "--basket must be at least 0.01, not '0'", "visit"),
        ("customer-visits", {"basket": "1e3"}, "--basket must be a sum of money such as 39.50, not '1e3'", "visit"),
        ("customer-visits", {"basket": "39.505"}, "--basket must be a sum of money such as 39.50", "visit"),
        ("customer-visits", {"type": ""}, "--type must be a text, not ''", "type"),
        ("weekly-top-stores", {"top": -1}, "--top must be at least 1, not '-1'", "ranks"),
    ],
)
def test_a_bad_parameter_is_refused(name: str, given: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        catalog.find(name).values(given)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_parameters_are_converted_and_have_defaults() -> None:
    case = catalog.find("customer-visits")
    assert case.values({}) == {"type": "B", "month": 4, "basket": None}
    assert case.values({"type": None, "month": None}) == {"type": "B", "month": 4, "basket": None}
    assert case.values({"month": "11", "basket": 39.5}) == {"type": "B", "month": 11, "basket": Decimal("39.5")}


def test_a_value_is_bound_and_never_read_as_sql(nothing: duckdb.DuckDBPyConnection) -> None:
    nothing.execute(SOLD)
    answer = tables.answer(nothing, "customer-visits", {"type": "' or true [--{month}]"})
    assert answer.headline == "The stores have no type ' or true [--{month}]; they have B."


def test_a_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "some_thing.sql"
    path.write_text(HEADER, encoding="utf-8")
    case = catalog.load(path)
    assert (case.name, case.place, case.title, case.question) == ("some-thing", 7, "Title", "Why so?")
    assert case.parameters == (
        use_case.Parameter("month", "integer", 4, "the month", Decimal(1), Decimal(12)),
        use_case.Parameter("type", "text", "B", "the type", among="stores.type"),
        use_case.Parameter("basket", "money", None, "the basket", Decimal("0.01")),
    )
    assert case.reads == ("sales", "features.cpi/unemployment")
    assert case.headings == {"year": "the year"}
    assert case.headlines == (
        Headline("In {year}.", (("highest", "year"), ("lowest", "rank"))),
        Headline("Nothing."),
    )
    assert case.empty == Headline("No rows.")
    assert case.sql == HEADER


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- place: 7\n", "", "some_thing.sql: the header lacks place"),
        ("-- headline:", "-- headlin:", "cannot be read: 'headlin: Nothing.'"),
        ("month integer", "month int", "cannot be read: 'month int = 4"),
        ("(highest year,", "(highest,", "cannot be read: 'highest'"),
        ("(highest year,", "(biggest year,", "unknown words: biggest"),
        ("{year}", "{year:roman}", "unknown words: roman"),
    ],
)
def test_a_header_with_a_mistake_is_an_error(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "some_thing.sql"
    path.write_text(HEADER.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        catalog.load(path)


ROWS: list[dict[str, object]] = [
    {
        "store": 1,
        "type": "A",
        "year": 2011,
        "pct": -1.5,
        "sales": Decimal("-1234.50"),
        "weeks": 1,
        "month": 4,
        "none": None,
    },
    {
        "store": 2,
        "type": None,
        "year": 2012,
        "pct": 0.0,
        "sales": Decimal("99.00"),
        "weeks": 1000,
        "month": 12,
        "none": None,
    },
    {
        "store": 3,
        "type": "B",
        "year": 2012,
        "pct": None,
        "sales": Decimal("98.00"),
        "weeks": 2,
        "month": 1,
        "none": None,
    },
    {
        "store": 4,
        "type": "B",
        "year": 2010,
        "pct": 2.5,
        "sales": Decimal("98.00"),
        "weeks": 2,
        "month": 1,
        "none": None,
    },
]


@pytest.mark.parametrize(
    ("steps", "template", "sentence"),
    [
        ((), "{store} {type}", "1 A"),
        ((("highest", "year"),), "{store}[ (type {type})][, tied with {tied}].", "2, tied with 1 other."),
        ((("lowest", "weeks"),), "{store}[ (type {type})][, tied with {tied}].", "1 (type A)."),
        ((("highest", "year"), ("lowest", "sales")), "{store}[, tied with {tied}]", "3"),
        ((("first", "type"),), "{store}[, tied with {tied}]", "1"),
        ((("highest", "type"),), "{store}[, tied with {tied}]", "3, tied with 1 other"),
        ((("highest", "pct"),), "{pct:positives} of {pct:known}, {store}", "1 of 3, 4"),
        ((("highest", "year"),), "{type} is null", None),
        ((("highest", "none"),), "Fixed.", None),
        ((), "{sales:money} {weeks:weeks} {month:month} {pct:percent}", "-$1,234.50 1 week April -1.50 %"),
        ((), "{pct:signed} {pct:change} {pct:above} {type:lower}", "-1.50 down 1.50 % 1.50 % below a"),
        ((("lowest", "sales"),), "{asked}", "yes"),
        ((("highest", "weeks"),), "{pct:change}, {pct:above}, {weeks:weeks}", "unchanged, level with, 1,000 weeks"),
        ((("highest", "pct"),), "{pct:signed} {pct:change} {pct:above}", "+2.50 up 2.50 % 2.50 % above"),
    ],
)
def test_a_template_is_filled(steps: tuple[tuple[str, str], ...], template: str, sentence: str | None) -> None:
    assert Headline(template, steps).sentence(ROWS, {"asked": "yes"}) == sentence


def test_three_rows_that_tie_are_two_others() -> None:
    assert Headline("{tied}", (("highest", "year"),)).sentence([{"year": 1}] * 3, {}) == "2 others"


def test_an_answer_that_no_headline_fits_still_has_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "some_thing.sql"
    path.write_text(HEADER.replace("-- headline: Nothing.\n", ""), encoding="utf-8")
    answer = use_case.Answer(catalog.load(path), {}, ("year", "rank"), [(None, 1)])
    assert answer.headline == "Title: 1 rows."
