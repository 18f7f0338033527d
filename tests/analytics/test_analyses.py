"""Each `.sql` against expected CSVs, against plain Python on fixed, random and real data, and at its limits.

A case is two files in `expected/<use case>/`: `default` or the parameters as a name, `type=A,month=2.csv` with the
rows and `.txt` with the headline. `fixtures/README.md` says what the data holds.
"""

from __future__ import annotations

import csv
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailstream.analytics import catalog, use_case
from tests.analytics import reference, tables
from tests.analytics.chain import Chain, Row, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

HERE = Path(__file__).parent
CHAIN = HERE / "fixtures" / "chain"
EXPECTED = HERE / "expected"
REAL = HERE.parents[2] / "shared" / "datasets" / "retail"
CASES = sorted(EXPECTED.glob("*/*.csv"))

Asked = dict[str, object]
QUESTIONS: list[tuple[str, Asked]] = [
    *((name, Asked()) for name in reference.USE_CASES),
    *(("customer-visits", Asked(type=type_, month=month)) for type_ in "ABCZ" for month in range(1, 13)),
    *(("customer-visits", Asked(type=type_, basket=basket)) for type_ in "ABC" for basket in ("0.01", "7", "33.33")),
    *(("weekly-top-stores", Asked(top=top)) for top in (1, 2, 50)),
]
"""What is asked of the SQL and of the reference alike."""

MADE_OF_DOUBLES = {"month_index", "volatility_pct", "seasonal_lift_pct"}
"""Columns that the specification lets be double: one that falls on half a digit may go either way."""


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with tables.connect(CHAIN) as connection:
        yield connection


def parameters(case: Path) -> Asked:
    parts = [] if case.stem == "default" else case.stem.split(",")
    return {name: value for name, value in (part.split("=") for part in parts)}  # noqa: C416


def expected(chain: Chain, name: str, asked: Asked) -> list[Row]:
    return list(reference.USE_CASES[name](chain, **catalog.find(name).values(asked)))


def test_every_analysis_has_expected_answers() -> None:
    assert {case.parent.name for case in CASES if case.stem == "default"} == set(catalog.use_cases())
    assert {case.with_suffix(".txt") for case in CASES} == set(EXPECTED.glob("*/*.txt"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_answer_is_the_expected_bytes(case: Path, connection: duckdb.DuckDBPyConnection) -> None:
    answer = tables.answer(connection, case.parent.name, parameters(case))
    assert tables.rendered(answer.columns, answer.rows).encode() == case.read_bytes()
    assert answer.headline == case.with_suffix(".txt").read_text(encoding="utf-8").removesuffix("\n")


def test_answers_equal_plain_python(connection: duckdb.DuckDBPyConnection) -> None:
    chain = read(CHAIN)
    for name, asked in QUESTIONS:
        assert tables.answer(connection, name, asked).rows == expected(chain, name, asked), (name, asked)


@pytest.mark.slow
def test_the_order_of_the_rows_of_a_table_does_not_show(connection: duckdb.DuckDBPyConnection) -> None:
    with tables.connect(CHAIN) as shuffled:
        for table in ("sales", "features", "stores"):
            shuffled.execute(f"create or replace table {table} as from {table} order by hash({table}::varchar)")
        for name, asked in QUESTIONS:
            assert tables.answer(shuffled, name, asked).rows == tables.answer(connection, name, asked).rows


def test_the_largest_sales_do_not_overflow() -> None:
    with tables.connect(CHAIN) as connection:
        connection.execute("update sales set weekly_sales = 9999999999.99")
        totals = tables.answer(connection, "department-performance", {}).rows
        (count,) = connection.execute("select count(*) from sales").fetchone() or (0,)
        assert sum(row[4] for row in totals if isinstance(row[4], Decimal)) == count * Decimal("9999999999.99")
        for name in catalog.use_cases():
            assert tables.answer(connection, name, {"basket": "0.01"} if name == "customer-visits" else {}).rows


def test_a_hundred_times_the_sales_has_the_same_percentages(connection: duckdb.DuckDBPyConnection) -> None:
    with tables.connect(CHAIN) as larger:
        larger.execute("update sales set weekly_sales = 100 * weekly_sales")
        for name in catalog.use_cases():
            before, after = tables.answer(connection, name, {}), tables.answer(larger, name, {})
            places = [place for place, column in enumerate(before.columns) if column.endswith("_pct")]
            figures = [
                sorted(str([row[place] for place in places]) for row in answer.rows) for answer in (before, after)
            ]
            assert figures[0] == figures[1], name


@pytest.mark.parametrize(
    ("counted", "by_department", "basis", "visits"),
    [
        ((70, 80), (30, 30), "measured-store", "75.0"),  # a store's own counts beat the sum over its departments
        ((70, None), (30, 30), "measured", "60.0"),  # one week is not enough of them
        ((70, None), (30, None), "measured", None),
        ((70, None), (None, None), "measured-store", None),
        ((None, None), (30, 30), "measured", "60.0"),
        ((None, None), (None, None), "sales-proxy", None),
    ],
)
def test_the_visits_of_a_store_are_preferred_to_those_of_its_departments(
    counted: tuple[int | None, ...], by_department: tuple[int | None, ...], basis: str, visits: str | None
) -> None:
    with tables.connect(CHAIN) as chain:
        chain.execute(
            "delete from sales; delete from features; delete from stores; insert into stores values (1, 'B', 10)"
        )
        for day, of_store, of_dept in zip(("2011-04-01", "2011-04-08"), counted, by_department, strict=True):
            for dept in (1, 2):
                chain.execute(
                    "insert into sales by name select 1 as store, $dept as dept, cast($day as date) as date,"
                    " 5 as weekly_sales, false as is_holiday, $visits as customers",
                    {"dept": dept, "day": day, "visits": of_dept},
                )
            chain.execute(
                "insert into features by name select 1 as store, cast($day as date) as date, false as is_holiday,"
                " $visits as customers",
                {"day": day, "visits": of_store},
            )
        answer = tables.answer(chain, "customer-visits", {})
    [row] = answer.rows
    assert (row[-1], row[-2]) == (basis, None if visits is None else Decimal(visits))


KEYS = st.tuples(st.integers(1, 4), st.integers(1, 2), st.sampled_from([*range(0, 29, 7), *range(364, 393, 7)]))
CENTS = st.one_of(st.integers(-300, 1000), st.integers(-5, 5))
SALES = st.dictionaries(KEYS, st.tuples(CENTS, st.booleans(), st.one_of(st.none(), st.integers(0, 9))), min_size=1)
PRICES = st.one_of(st.none(), st.sampled_from(["2.5", "2.501", "2.5005", "3"]))
CPIS = st.one_of(st.none(), st.sampled_from(["200", "210.5", "126.4420645"]))
MARKDOWNS = st.one_of(st.none(), st.integers(-1, 1))
COUNTS = st.one_of(st.none(), st.integers(0, 9))
FEATURES = st.dictionaries(KEYS, st.tuples(PRICES, CPIS, MARKDOWNS, COUNTS))
STORES = st.dictionaries(st.integers(1, 5), st.tuples(st.sampled_from("AB"), st.integers(1, 300)))


@pytest.mark.slow
@settings(max_examples=15, deadline=None, derandomize=True)
@given(sales=SALES, features=FEATURES, stores=STORES, first=st.sampled_from([date(2000, 3, 17), date(2011, 4, 1)]))
def test_answers_equal_plain_python_on_random_chains(
    sales: dict[tuple[int, int, int], tuple[int, bool, int | None]],
    features: dict[tuple[int, int, int], tuple[str | None, str | None, int | None, int | None]],
    stores: dict[int, tuple[str, int]],
    first: date,
) -> None:
    def day(offset: int) -> str:
        return date.fromordinal(first.toordinal() + offset).strftime("%d/%m/%Y")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(
            folder / "sales",
            ["Store", "Dept", "Date", "Weekly_Sales", "IsHoliday", "Customers"],
            [
                [store, dept, day(offset), Decimal(cents).scaleb(-2), flag, customers]
                for (store, dept, offset), (cents, flag, customers) in sales.items()
            ],
        )
        _write(
            folder / "features",
            ["Store", "Date", "Fuel_Price", "CPI", *(f"MarkDown{number}" for number in range(1, 6)), "Customers"],
            [
                [store, day(offset), price, cpi, *([None] * 4), markdown, customers]
                for (store, offset), (price, cpi, markdown, customers) in {
                    (key[0], key[2]): features[key] for key in features
                }.items()
            ],
        )
        _write(folder / "stores", ["Store", "Type", "Size"], [[store, *rest] for store, rest in stores.items()])
        chain = read(folder)
        with tables.connect(folder) as connection:
            for use_case, asked in [*QUESTIONS[:9], ("customer-visits", Asked(basket="0.77"))]:
                answer = tables.answer(connection, use_case, asked)
                _assert_alike(answer, expected(chain, use_case, asked))


def _write(folder: Path, header: list[str], rows: list[list[object]]) -> None:
    folder.mkdir()
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def _assert_alike(answer: use_case.Answer, rows: list[Row]) -> None:
    assert len(answer.rows) == len(rows)
    for found, wanted in zip(answer.rows, rows, strict=True):
        for column, mine, theirs in zip(answer.columns, found, wanted, strict=True):
            if column in MADE_OF_DOUBLES and isinstance(mine, float) and isinstance(theirs, float):
                assert mine == pytest.approx(theirs, abs=0.011), (answer.use_case.name, column)
            else:
                assert mine == theirs, (answer.use_case.name, column, found, wanted)


@pytest.fixture(scope="module")
def real() -> Iterator[duckdb.DuckDBPyConnection]:
    if not REAL.is_dir():
        pytest.skip(f"the real data set is not at {REAL}")
    with tables.connect(REAL) as connection:
        yield connection


ROW_COUNTS = {
    "customer-visits": 17,
    "holiday-sales": 225,
    "leap-year-sales": 45,
    "monthly-sales": 2594,
    "weekly-top-stores": 429,
    "department-performance": 81,
    "fuel-prices": 468,
    "yearly-stores": 135,
    "offers-impact": 45,
}
SPOTS: list[tuple[str, Asked]] = [
    (
        "holiday-sales",
        {"holiday": "All holidays", "store": 20, "weeks": 10}
        | {"avg_weekly_sales": Decimal("2249035.08"), "lift_pct": 7.25, "rank": 1},
    ),
    (
        "leap-year-sales",
        {"rank": 1, "store": 33, "weeks": 43, "total_sales": Decimal("11435551.03"), "change_pct": 6.67},
    ),
    (
        "department-performance",
        {"dept": 92, "rank": 1, "total_sales": Decimal("483943341.87"), "yoy_pct": 5.95, "best_store": 14},
    ),
    (
        "offers-impact",
        {"store": 1, "weeks_with_offers": 51, "weeks_without_offers": 92, "lift_pct": 6.18, "seasonal_lift_pct": 1.62},
    ),
]


@pytest.mark.parametrize(("name", "count"), ROW_COUNTS.items())
def test_real_row_counts(name: str, count: int, real: duckdb.DuckDBPyConnection) -> None:
    assert len(tables.answer(real, name, {}).rows) == count


@pytest.mark.parametrize(("name", "spot"), SPOTS, ids=[name for name, _ in SPOTS])
def test_real_spot_values(name: str, spot: Asked, real: duckdb.DuckDBPyConnection) -> None:
    answer = tables.answer(real, name, {})
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    assert [row for row in rows if spot.items() <= row.items()]


@pytest.mark.slow
def test_real_answers_equal_plain_python(real: duckdb.DuckDBPyConnection) -> None:
    chain = read(REAL)
    for name in reference.USE_CASES:
        assert tables.answer(real, name, {}).rows == expected(chain, name, {}), name
