"""`forecast` on a small chain that went through the whole pipeline."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.environment import FEATURES, SALES, STORES, Environment, new_environment
from tests.environment import csv as lines

if TYPE_CHECKING:
    from pathlib import Path

WEEKS = 120
AHEAD = 6


@pytest.fixture(scope="module")
def two_stores(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Two stores with two departments over two years and more, and features for some weeks to come."""
    env = new_environment(tmp_path_factory.mktemp("forecast"))
    with duckdb.connect() as connection:
        sold = connection.execute(
            """
            select store, dept, cast(cast(date '2010-02-05' + interval (7 * w) day as date) as varchar), 100 * dept + 10 * store + (w % 52) as sales
            from range(1, 3) as s(store), range(1, 3) as d(dept), range(?) as t(w)
            where not (store = 2 and dept = 2 and w > 3)
            """,
            [WEEKS],
        ).fetchall()
        days = connection.execute(
            "select cast(cast(date '2010-02-05' + interval (7 * w) day as date) as varchar) from range(?) as t(w)",
            [WEEKS + AHEAD],
        ).fetchall()
    env.write(
        {
            "sales/all.csv": lines(SALES, *(f"{store},{dept},{day},{amount},0" for store, dept, day, amount in sold)),
            "stores/all.csv": lines(STORES, "1,A,100", "2,B,100"),
            "features/all.csv": lines(
                FEATURES, *(f"{store},{day},50,3.5,,,,,,200,{6 + store},0" for store in (1, 2) for (day,) in days)
            ),
        }
    )
    env.run()
    return env


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.slow
def test_every_pair_has_every_week_to_come(two_stores: Environment) -> None:
    found = rows(two_stores.command("forecast", "--format", "csv").stdout)
    assert list(found[0]) == ["store", "dept", "date", "predicted", "low", "high"]
    assert [(row["store"], row["dept"]) for row in found[::AHEAD]] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert len(found) == 4 * AHEAD
    assert all(Decimal(row["low"]) <= Decimal(row["predicted"]) <= Decimal(row["high"]) for row in found)


def test_a_horizon_keeps_the_first_weeks_as_they_are(two_stores: Environment) -> None:
    every = rows(two_stores.command("forecast", "--format", "csv").stdout)
    first = rows(two_stores.command("forecast", "--horizon", "2", "--format", "csv").stdout)
    assert first == [row for place, row in enumerate(every) if place % AHEAD < 2]


def test_every_form_holds_the_same_rows(two_stores: Environment, tmp_path: Path) -> None:
    want = rows(two_stores.command("forecast", "--format", "csv").stdout)
    document = json.loads(two_stores.command("forecast", "--format", "json").stdout, parse_float=Decimal)
    assert [{name: str(value) for name, value in row.items()} for row in document] == want
    two_stores.command("forecast", "--output", str(tmp_path / "f.parquet"))
    with duckdb.connect() as connection:
        stored = connection.execute("from read_parquet($file)", {"file": str(tmp_path / "f.parquet")}).fetchall()
    assert [tuple(map(str, row)) for row in stored] == [tuple(row.values()) for row in want]


def test_a_backtest_has_a_row_a_fold(two_stores: Environment) -> None:
    found = two_stores.command("forecast", "--backtest", "--format", "json").document
    columns = "fold train_weeks test_weeks cells wmae wmae_seasonal_naive ratio"
    columns += " wmae_with_unemployment wmae_without_unemployment coverage"
    assert list(found[0]) == columns.split()
    assert [row["fold"] for row in found] == list(range(1, len(found) + 1))
    assert all(row["train_weeks"] + row["test_weeks"] <= WEEKS for row in found)


def test_the_summary_tells_the_headline(two_stores: Environment) -> None:
    summary = two_stores.stage("forecast")
    assert summary["stage"] == "forecast"
    assert summary["rows"] == 4 * AHEAD
    assert summary["headline"].startswith("4 pairs of store and department, 6 weeks to 2012-06-29: sales of $")
    assert two_stores.stage("forecast", "--backtest")["headline"].startswith("With ")


def test_too_few_weeks_and_bad_horizons_are_usage_errors(env: Environment, two_stores: Environment) -> None:
    assert two_stores.command("forecast", "--horizon", "0").exit_code == 2
    env.write({"sales/one.csv": lines(SALES, "1,1,2012-02-10,5,0")})
    env.run()
    outcome = env.command("forecast", "--backtest")
    assert outcome.exit_code == 2
    assert outcome.error == "error: a backtest needs 26 weeks of sales, and there is 1"


@pytest.mark.slow
def test_no_week_to_come_is_said_in_a_sentence(env: Environment) -> None:
    env.write({"sales/one.csv": lines(SALES, "1,1,2012-02-10,5,0")})
    env.run()
    summary = env.stage("forecast")
    assert summary["rows"] == 0
    assert summary["lacks"] == "features"
    assert summary["headline"] == "There are no features yet: retailstream run --source FOLDER brings them."


@pytest.mark.slow
@pytest.mark.parametrize("output", [(), ("--output", "page.html"), ("--output", "rows.csv")])
def test_a_mistyped_year_of_sales_ends_in_an_error(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    env.write(
        {
            "sales/one.csv": lines(SALES, "1,1,2012-02-10,5,0", "1,1,2018-02-16,5,0"),
            "features/one.csv": lines(
                FEATURES, *(f"1,{day},50,3.5,,,,,,200,7,0" for day in ("2012-02-10", "2012-02-17"))
            ),
        }
    )
    env.run()
    outcome = env.command("forecast", *output)
    assert outcome.exit_code == 1
    assert outcome.error == (
        "error: No week to come is known: the sales of the stores go on to 2018-02-16, and their features end on"
        " 2012-02-17. The week of sales before that is 2012-02-10: the date of the last one may be mistyped"
    )
    assert "hint: " in outcome.stderr
    assert not list(tmp_path.glob("*.*ml")) + list(tmp_path.glob("*.csv"))
    told = env.stage("analyze", "unemployment-forecast")["headline"]
    assert "The week of sales before that is 2012-02-10" in told


@pytest.mark.slow
def test_a_page_has_the_weeks_of_the_chain(two_stores: Environment, tmp_path: Path) -> None:
    pairs = rows(two_stores.command("forecast", "--format", "csv").stdout)
    summary = two_stores.stage("forecast", "--output", str(tmp_path / "page.html"))
    assert summary["rows"] == AHEAD
    page = (tmp_path / "page.html").read_text()
    assert len(page) < 300_000
    week = [Decimal(row["predicted"]) for row in pairs if row["date"] == pairs[0]["date"]]
    low, high = (sum(Decimal(row[end]) for row in pairs if row["date"] == pairs[0]["date"]) for end in ("low", "high"))
    cells = [cell.split("</td>")[0].split(">")[-1] for cell in page.split("<tr>")[2].split("<td")[1:]]
    assert cells[:4] == [pairs[0]["date"], "2", "4", f"{sum(week):,}"]
    ends = [Decimal(cell.replace(",", "")) for cell in cells[4:6]]
    assert ends[0] <= sum(week) <= ends[1]
    assert abs(ends[0] + ends[1] - 2 * sum(week)) <= Decimal("0.02")
    assert ends != [low, high]
    assert "no sum of the pairs" in page
    assert two_stores.command("forecast", "--output", "forecast.xls").exit_code == 2


def test_a_backtest_is_a_page_too(two_stores: Environment, tmp_path: Path) -> None:
    two_stores.command("forecast", "--backtest", "--output", str(tmp_path / "page.html"))
    assert "<img" in (tmp_path / "page.html").read_text()
