"""What `monitor` says of the rows themselves and of their age: nulls, odd weeks, landings, and runs that are slow."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.environment import FEATURES, SALES, STORES, Environment, copied, csv, new_environment

if TYPE_CHECKING:
    from pathlib import Path

FRIDAY = date(2010, 2, 5)
LEARNED = 8


def week(number: int, *, rows: int, cpi: str = "211.1") -> dict[str, str]:
    """Return a week's files, with so many rows of sales, and as many stores in the features."""
    day = FRIDAY + timedelta(weeks=number)
    measured = f"42.31,2.572,NA,NA,NA,NA,NA,{cpi},8.106,FALSE"
    return {
        f"sales/{day}.csv": csv(SALES, *(f"1,{dept},{day},1.00,FALSE" for dept in range(1, rows + 1))),
        f"features/{day}.csv": csv(FEATURES, *(f"{store},{day},{measured}" for store in range(1, rows + 1))),
    }


def found(env: Environment, name: str, *words: str) -> tuple[object, ...]:
    check = {check["name"]: check for check in env.stage("monitor", *words)["checks"]}[name]
    return check["value"], check["limit"], check["state"]


def config(env: Environment, text: str) -> tuple[str, str]:
    path = env.source / "config.toml"
    path.write_text(text)
    return "--config", str(path)


def ledger(env: Environment, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(env.home / "state.db", isolation_level=None)) as connection:
        assert connection.execute(statement, values).rowcount > 0


def ago(**age: float) -> str:
    return (datetime.now(UTC) - timedelta(**age)).isoformat(timespec="milliseconds")


@pytest.fixture(scope="module")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Nine weeks of ten rows each, run once; tests take copies of it."""
    env = new_environment(tmp_path_factory.mktemp("nine"))
    env.write({"stores/s.csv": csv(STORES, *(f"{store},A,5" for store in range(1, 31)))})
    for number in range(LEARNED + 1):
        env.write(week(number, rows=10))
    env.run()
    return env


@pytest.fixture
def weeks(nine: Environment, tmp_path: Path) -> Environment:
    """A copy of the environment of nine weeks."""
    return copied(nine, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "change", "state"),
    [(10, 0.0, "ok"), (15, 0.5, "ok"), (16, 0.6, "warn"), (5, -0.5, "ok"), (4, -0.6, "warn"), (30, 2.0, "warn")],
)
def test_a_week_of_an_unusual_size_is_noticed(weeks: Environment, rows: int, change: float, state: str) -> None:
    weeks.write(week(LEARNED + 1, rows=rows))
    weeks.run()
    for dataset in ("sales", "features"):
        assert found(weeks, f"volume_{dataset}") == (change, "±50%", state)


def test_what_is_unusual_is_a_setting(weeks: Environment) -> None:
    weeks.write(week(LEARNED + 1, rows=30))
    weeks.run()
    assert found(weeks, "volume_sales", *config(weeks, "[quality]\nmax_volume_change = '200%'\n"))[2] == "ok"
    assert found(weeks, "volume_sales", *config(weeks, "[quality]\nmax_volume_change = ''\n")) == (2.0, None, "ok")


def test_the_usual_size_is_the_median_of_eight_weeks_so_that_an_odd_one_does_not_count(weeks: Environment) -> None:
    weeks.write(week(LEARNED + 1, rows=30) | week(LEARNED + 2, rows=10))
    weeks.run()
    assert found(weeks, "volume_sales") == (0.0, "±50%", "ok")


@pytest.mark.slow
@pytest.mark.parametrize(("count", "state"), [(4, "ok"), (5, "warn")])
def test_nothing_is_usual_before_the_fourth_week(env: Environment, count: int, state: str) -> None:
    env.write({"stores/s.csv": csv(STORES, *(f"{store},A,5" for store in range(1, 31)))})
    for number in range(count - 1):
        env.write(week(number, rows=10))
    env.write(week(count - 1, rows=1))
    env.run()
    assert found(env, "volume_sales") == (None if state == "ok" else -0.9, "±50%", state)


@pytest.mark.slow
def test_nulls_are_counted_by_column_and_limited_where_a_limit_names_it(weeks: Environment) -> None:
    weeks.write(week(LEARNED + 1, rows=30, cpi="NA"))
    weeks.run()
    assert found(weeks, "null_share_features_cpi") == (0.25, "25%", "ok")
    weeks.write(week(LEARNED + 2, rows=1, cpi="NA"))
    weeks.run()
    assert found(weeks, "null_share_features_cpi") == (0.256198, "25%", "warn")
    assert weeks.failing() == []
    names = [check["name"] for check in weeks.stage("monitor")["checks"] if check["name"].startswith("null_share")]
    assert names == [f"null_share_features_{name}" for name in ("temperature", "fuel_price", "cpi", "unemployment")]

    own = config(weeks, "[quality]\nmax_nulls = 'markdown3 99.5%, customers 100%, cpi 30%'\n")
    checks = {check["name"]: check for check in weeks.stage("monitor", *own)["checks"]}
    assert checks["null_share_features_markdown3"]["state"] == "warn"
    assert checks["null_share_sales_customers"]["state"] == "ok"
    assert checks["null_share_features_cpi"]["state"] == "ok"
    assert "null_share_features_temperature" not in checks


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("max_nulls = 'cpu 5%'", "'cpu' is no column that may be null"),
        ("max_nulls = 'store 5%'", "'store' is no column that may be null"),
        ("max_nulls = 'cpi'", "'' is no share"),
        ("max_nulls = 'cpi 5'", "'5' is no share"),
        ("max_volume_change = 'half'", "'half' is no share"),
        ("max_landing_age_days = -1", "greater than or equal to 0"),
        ("max_week_age_days = 'old'", "valid integer"),
    ],
)
def test_a_limit_that_is_none_is_told(env: Environment, setting: str, told: str) -> None:
    outcome = env.command("monitor", *config(env, f"[quality]\n{setting}\n"))
    assert outcome.exit_code == 2
    assert told in outcome.error


@pytest.mark.slow
def test_landings_age_and_old_ones_are_unhealthy_but_for_stores(weeks: Environment) -> None:
    for dataset in ("sales", "stores", "features"):
        assert found(weeks, f"landed_age_{dataset}")[0] == "0 days"
    ledger(weeks, "update runs set ended_at = ?", ago(days=13.9))
    assert found(weeks, "landed_age_sales") == ("13.9 days", "14 days", "ok")
    ledger(weeks, "update runs set ended_at = ?", ago(days=15))
    assert found(weeks, "landed_age_sales") == ("15 days", "14 days", "fail")
    assert found(weeks, "landed_age_features") == ("15 days", "14 days", "fail")
    assert found(weeks, "landed_age_stores") == ("15 days", None, "ok")
    assert found(weeks, "landed_age_sales", *config(weeks, "[quality]\nmax_landing_age_days = 0\n"))[1:] == (None, "ok")

    weeks.run()  # a run that finds nothing new lands nothing
    assert weeks.failing() == ["landed_age_sales", "landed_age_features"]
    weeks.write({"sales/more.csv": week(LEARNED, rows=10)[f"sales/{FRIDAY + timedelta(weeks=LEARNED)}.csv"] + "\n"})
    weeks.run()
    assert weeks.failing() == ["landed_age_features"]


def test_a_file_that_landed_counts_even_where_its_run_failed_and_so_does_a_replay(weeks: Environment) -> None:
    ledger(weeks, "update runs set ended_at = ?", ago(days=20))
    header, *rows = week(LEARNED + 1, rows=10)[f"features/{FRIDAY + timedelta(weeks=LEARNED + 1)}.csv"].splitlines()
    weeks.write({"features/spoilt.csv": csv(header, *(row.replace("42.31", "warm") for row in rows))})
    weeks.stage("features", "--source", str(weeks.source), code=3)
    assert found(weeks, "landed_age_features")[0] == "0 days"
    assert found(weeks, "landed_age_sales")[0] == "20 days"

    weeks.write({"sales/spoilt.csv": csv(SALES, "1,1,2010-06-04,x,FALSE")})
    weeks.run("--max-rejects", "100%")
    ledger(weeks, "update runs set ended_at = ?", ago(days=20))
    weeks.write({"fixed.csv": csv(SALES, "1,1,2010-06-04,1,FALSE")})
    weeks.stage("quarantine", "replay", "--file", str(weeks.source / "fixed.csv"), "--dataset", "sales")
    assert found(weeks, "landed_age_sales")[0] == "0 days"


def test_old_data_is_healthy_unless_a_limit_says_else(weeks: Environment) -> None:
    newest = FRIDAY + timedelta(weeks=LEARNED)
    age = (datetime.now(UTC).date() - newest).days
    told = f"{newest}, {age:,} days old"
    assert found(weeks, "newest_week_sales") == (told, None, "ok")
    assert weeks.command("monitor", "--check").exit_code == 0
    limit = config(weeks, f"[quality]\nmax_week_age_days = {age - 1}\n")
    assert found(weeks, "newest_week_sales", *limit) == (told, f"{age - 1} days", "fail")
    assert weeks.command("monitor", "--check", *limit).exit_code == 3


@pytest.mark.slow
def test_a_slow_run_is_one_that_took_twice_its_usual_and_a_minute_more(weeks: Environment) -> None:
    for number in range(1, 4):
        weeks.write(week(LEARNED + number, rows=10))
        weeks.run()
    ledger(weeks, "update runs set seconds = 1")  # whatever this machine took
    ledger(weeks, "update runs set seconds = 100 where stage = 'sqoop'")
    assert found(weeks, "run_duration")[1:] == ("2 times usual and a minute", "ok")
    slowest = "update runs set seconds = ? where rowid = (select max(rowid) from runs where stage = 'sqoop')"
    ledger(weeks, slowest, 200)
    assert found(weeks, "run_duration") == ("sqoop: 2.0 times usual", "2 times usual and a minute", "ok")
    ledger(weeks, slowest, 201)
    assert found(weeks, "run_duration") == ("sqoop: 2.0 times usual", "2 times usual and a minute", "fail")
    three = config(weeks, "[monitoring]\nmax_slowdown = 3\n")
    assert found(weeks, "run_duration", *three)[1:] == ("3 times usual and a minute", "ok")
    assert found(weeks, "run_duration", *config(weeks, "[monitoring]\nmax_slowdown = 0\n"))[1:] == (None, "ok")
    ledger(weeks, "update runs set seconds = 10 where stage = 'sqoop'")
    ledger(weeks, slowest, 69)
    assert found(weeks, "run_duration")[2] == "ok"


def test_a_damaged_table_is_told_once_and_its_rows_are_not_judged(weeks: Environment) -> None:
    (path,) = weeks.home.glob("warehouse/features/month=2010-02/*.parquet")
    path.write_bytes(b"x" * path.stat().st_size)
    checks = weeks.checks()
    assert checks["reconcile_features_warehouse"]["state"] == "fail"
    assert "volume_features" not in checks
    assert checks["volume_sales"]["state"] == "ok"


def test_checks_have_numbers_for_metrics_and_text_for_people(weeks: Environment) -> None:
    path = weeks.source / "x.prom"
    checks = {check["name"]: check["value"] for check in weeks.stage("monitor", "--metrics-file", str(path))["checks"]}
    told = {
        (sample.name, sample.labels.get("check", sample.labels.get("dataset"))): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }
    assert {check for name, check in told if name == "retailstream_check_failed"} == set(checks)
    assert told["retailstream_volume_ratio", "sales"] == 1
    age = (datetime.now(UTC).date() - FRIDAY - timedelta(weeks=LEARNED)).days
    assert told["retailstream_check_value", "newest_week_sales"] == age
    assert f"{age:,} days old" in str(checks["newest_week_sales"])
    assert told["retailstream_check_limit", "reject_share_sales"] == 0.05
    assert ("retailstream_check_limit", "newest_week_sales") not in told
    assert ("retailstream_check_value", "reconcile_sales_database") not in told


def stores(env: Environment, number: int, *present: int) -> None:
    """Run the week of these stores."""
    day = FRIDAY + timedelta(weeks=number)
    env.write({f"sales/{day}-stores.csv": csv(SALES, *(f"{store},1,{day},1.00,FALSE" for store in present))})
    env.run()


@pytest.mark.slow
def test_stores_that_are_missing_in_the_newest_week_are_named(weeks: Environment) -> None:
    stores(weeks, LEARNED, *range(1, 7))
    assert found(weeks, "missing_stores") == ("none", 0, "ok")
    stores(weeks, LEARNED + 1, 2)
    assert found(weeks, "missing_stores") == ("stores 1, 3, 4 and 2 more", 0, "fail")
    hint = weeks.checks()["missing_stores"]["hint"]
    assert hint.startswith("no sales after 2010-04-02: put their files into SOURCE/sales and run again")
    assert weeks.failing() == ["missing_stores"]
    five = config(weeks, "[quality]\nmax_missing_stores = 5\n")
    assert found(weeks, "missing_stores", *five) == ("stores 1, 3, 4 and 2 more", 5, "ok")
    stores(weeks, LEARNED + 1, 1, 3, 4, 5, 6)
    assert found(weeks, "missing_stores") == ("none", 0, "ok")


@pytest.mark.slow
def test_a_store_that_is_silent_for_eight_weeks_has_closed(weeks: Environment) -> None:
    stores(weeks, LEARNED, 1, 2)
    stores(weeks, LEARNED + 8, 1)
    assert found(weeks, "missing_stores") == ("store 2", 0, "fail")
    stores(weeks, LEARNED + 9, 1)
    assert found(weeks, "missing_stores") == ("none", 0, "ok")


def test_a_week_is_seven_days_whatever_the_day_a_store_names_it_by(weeks: Environment) -> None:
    thursday = FRIDAY + timedelta(weeks=LEARNED, days=-1)
    weeks.write({"sales/t.csv": csv(SALES, f"2,1,{thursday},1.00,FALSE", f"3,1,{thursday - timedelta(6)},1.00,FALSE")})
    weeks.run()
    assert found(weeks, "missing_stores") == ("store 3", 0, "fail")
