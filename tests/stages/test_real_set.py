"""The whole pipeline over the real data set, which lies beside the checkout and nowhere in it."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.warehouse.folder import FolderWarehouse
from retailstream.analytics import catalog
from retailstream.stages import ORDER
from tests.analytics import tables
from tests.environment import Environment, Summary

if TYPE_CHECKING:
    from tests.environment import Row

REAL = Path(__file__).parents[3] / "shared" / "datasets" / "retail"
ROWS = {"sales": 421_570, "stores": 45, "features": 8_190}
TOTAL = Decimal("6737218987.11")

ANSWERS: dict[str, tuple[int, dict[str, object], dict[str, object]]] = {
    "customer-visits": (17, {}, {}),
    "holiday-sales": (
        225,
        {"holiday": "All holidays", "store": 20},
        {"weeks": 10, "avg_weekly_sales": Decimal("2249035.08"), "lift_pct": 7.25, "rank": 1},
    ),
    "leap-year-sales": (
        45,
        {"rank": 1},
        {"year": 2012, "store": 33, "weeks": 43, "total_sales": Decimal("11435551.03"), "change_pct": 6.67},
    ),
    "unemployment-forecast": (81, {"dept": 92}, {"stores": 11, "weeks": 39}),
    "monthly-sales": (2_594, {}, {}),
    "weekly-top-stores": (429, {}, {}),
    "department-performance": (
        81,
        {"rank": 1},
        {"dept": 92, "total_sales": Decimal("483943341.87"), "yoy_pct": 5.95, "best_store": 14},
    ),
    "fuel-prices": (468, {}, {}),
    "yearly-stores": (135, {}, {}),
    "offers-impact": (
        45,
        {"store": 1},
        {"weeks_with_offers": 51, "weeks_without_offers": 92, "lift_pct": 6.18, "seasonal_lift_pct": 1.62},
    ),
}
"""For each analysis its rows, which of them is known, and what is known of it."""


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, Summary]:
    """The real set, run once."""
    if not REAL.is_dir():
        missing = f"the real data set is not at {REAL}"
        if os.environ.get("RETAILSTREAM_REQUIRE") == "all":
            pytest.fail(missing)
        pytest.skip(missing)
    env = Environment(REAL, tmp_path_factory.mktemp("real") / "home")
    return env, env.run()


def test_every_row_arrives_and_none_is_quarantined(real: tuple[Environment, Summary]) -> None:
    env, summary = real
    assert summary["status"] == "ok"
    assert {name: (counts["rows_in"], counts["rows_out"]) for name, counts in summary["datasets"].items()} == {
        name: (rows, rows) for name, rows in ROWS.items()
    }
    assert (summary["rows_quarantined"], summary["files_quarantined"]) == (0, 0)
    assert env.quarantine("--all") == []
    assert {stage["stage"]: stage["rows_out"] for stage in summary["stages"]} == {
        "ingest": 0,
        "glue-merge": ROWS["sales"] + ROWS["stores"],
        "load-rds": ROWS["sales"] + ROWS["stores"],
        "features": ROWS["features"],
        "sqoop": ROWS["sales"] + ROWS["stores"],
    }


def test_sales_sum_to_the_cent_in_the_database_and_the_warehouse(real: tuple[Environment, Summary]) -> None:
    env, _ = real
    assert env.database("select sum(weekly_sales_cents), count(*) from sales") == [(int(TOTAL * 100), ROWS["sales"])]
    assert asked(env, "select sum(weekly_sales), count(*) from sales") == [(TOTAL, ROWS["sales"])]
    assert asked(env, "select count(*) from features") == [(ROWS["features"],)]
    assert asked(env, "select count(*) from stores") == [(ROWS["stores"],)]


def asked(env: Environment, query: str) -> list[Row]:
    """Return the answer of the warehouse."""
    warehouse = FolderWarehouse(FolderLake(env.home / "warehouse"))
    return warehouse.ask(lambda connection: connection.execute(query).fetchall())


def test_the_result_is_healthy(real: tuple[Environment, Summary]) -> None:
    env, summary = real
    assert summary["health"]["healthy"] is True
    assert {check["state"] for check in env.checks().values()} == {"ok"}
    assert env.command("monitor", "--check").exit_code == 0


@pytest.mark.parametrize("name", ANSWERS)
def test_an_analysis_of_the_warehouse_gives_the_known_figures(real: tuple[Environment, Summary], name: str) -> None:
    env, _ = real
    count, which, known = ANSWERS[name]
    warehouse = FolderWarehouse(FolderLake(env.home / "warehouse"))

    answer = warehouse.ask(lambda connection: tables.answer(connection, name, {}))

    assert len(answer.rows) == count
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    if known:
        (row,) = (row for row in rows if {key: row[key] for key in which} == which)
        assert {key: row[key] for key in known} == known


def test_every_analysis_has_known_figures() -> None:
    assert set(ANSWERS) == set(catalog.use_cases())


def test_a_second_run_finds_nothing_to_do(real: tuple[Environment, Summary]) -> None:
    env, _ = real
    before = env.times()

    summary = env.run()

    assert {stage["stage"]: stage["status"] for stage in summary["stages"]} == dict.fromkeys(ORDER, "noop")
    assert env.times() == before
