"""Each check of `monitor`, well and not well."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from retailstream.health.checks import Check
from retailstream.stages import ORDER
from tests.environment import FEATURES, SALES, STORES, Environment, csv, new_environment, sealed
from tests.stages.months import rows, week

if TYPE_CHECKING:
    from pathlib import Path

RECONCILED = [
    "reconcile_sales_database",
    "reconcile_sales_warehouse",
    "reconcile_stores_database",
    "reconcile_stores_warehouse",
    "reconcile_features_warehouse",
]
NAMES = [
    *RECONCILED,
    "rows_sales",
    "orphan_stores",
    "reject_share_sales",
    "reject_share_stores",
    "reject_share_features",
    "open_quarantined_files",
    "volume_sales",
    "newest_week_sales",
    "null_share_features_temperature",
    "null_share_features_fuel_price",
    "null_share_features_cpi",
    "null_share_features_unemployment",
    "volume_features",
    "missing_stores",
    "far_dates",
    "landings_sales",
    "landings_stores",
    "landings_features",
    "raw_files",
    "feature_files",
    "foreign_files",
    "landed_age_sales",
    "landed_age_stores",
    "landed_age_features",
    *(f"last_run_{stage}" for stage in ORDER),
    "run_duration",
    "unread_files",
    "warnings",
]


def found(env: Environment, name: str) -> tuple[object, ...]:
    """Return value, limit and state of a check."""
    check = env.checks()[name]
    return check["value"], check["limit"], check["state"]


def only_file(env: Environment, pattern: str) -> Path:
    (path,) = env.home.glob(pattern)
    return path


def test_a_healthy_environment(months: Environment) -> None:
    summary = months.stage("monitor")

    assert (summary["stage"], summary["status"], summary["healthy"], summary["error"]) == ("monitor", "ok", True, None)
    assert [list(check) for check in summary["checks"]] == [["name", "value", "limit", "state", "hint"]] * len(NAMES)
    assert [check["name"] for check in summary["checks"]] == NAMES
    assert {check["state"] for check in summary["checks"][:-1]} == {"ok"}
    assert summary["checks"][-1]["state"] == "warn"  # Mondays
    assert {check["name"]: check["value"] for check in summary["checks"]} == {
        "reconcile_sales_database": "12 rows",
        "reconcile_sales_warehouse": "12 rows",
        "reconcile_stores_database": "2 rows",
        "reconcile_stores_warehouse": "2 rows",
        "reconcile_features_warehouse": "3 rows",
        "rows_sales": 12,
        "orphan_stores": 0,
        "reject_share_sales": 0.0,
        "reject_share_stores": 0.0,
        "reject_share_features": 0.0,
        "open_quarantined_files": 0,
        "volume_sales": None,  # three weeks have no usual size
        "volume_features": None,
        "missing_stores": "none",
        "far_dates": "none",
        "landings_sales": "landing 1",
        "landings_stores": "landing 1",
        "landings_features": "landing 1",
        "raw_files": "4 files",
        "feature_files": "3 files",
        "foreign_files": 0,
        "newest_week_sales": f"2010-04-05, {(datetime.now(UTC).date() - date(2010, 4, 5)).days:,} days old",
        **{f"null_share_features_{column}": 0.0 for column in ("temperature", "fuel_price", "cpi", "unemployment")},
        **{f"landed_age_{dataset}": "0 days" for dataset in ("sales", "stores", "features")},
        **{f"last_run_{stage}": "ok" for stage in ORDER},
        "run_duration": None,  # one run has no habits
        "unread_files": 0,
        "warnings": "glue-merge: sales: 4 rows have a date that is no Friday; they are kept; "
        "features: features: 1 rows have a date that is no Friday; they are kept",
    }


@pytest.mark.parametrize(
    ("name", "value", "limit", "shown"),
    [
        ("reject_share_sales", 0.026256, "5%", "2.63%"),
        ("reject_share_sales", 0.5, "20", "50.00%"),
        ("volume_sales", -0.001687, "±50%", "-0.17%"),
        ("volume_sales", None, "±50%", ""),
        ("orphan_stores", 3, 0, "3"),
        ("last_run_ingest", "ok", "ok", "ok"),
    ],
)
def test_people_read_shares_in_percent(name: str, value: str | float | None, limit: str | float, shown: str) -> None:
    assert Check(name, value, limit, "ok").shown == shown


def test_a_look_writes_nothing(months: Environment) -> None:
    everything = months.times(".")
    months.checks()
    assert months.times(".") == everything


def test_an_environment_that_is_not_there_says_what_to_do_and_is_not_made(env: Environment) -> None:
    summary = env.stage("monitor", "--check", code=3)

    states = {check["name"]: check["state"] for check in summary["checks"]}
    assert [name for name in NAMES if states[name] == "warn"] == [
        *(name for name in RECONCILED if name != "reconcile_features_warehouse"),
        *(f"landed_age_{dataset}" for dataset in ("sales", "stores", "features")),
        *(f"last_run_{stage}" for stage in ORDER),
    ]
    assert {check["value"] for check in summary["checks"] if check["name"].startswith("last_run_")} == {"never ran"}
    assert [name for name in NAMES if states[name] == "fail"] == ["rows_sales"]
    assert env.command("monitor").stdout.splitlines()[-2:] == [
        "rows_sales: no sales yet: retailstream run --source FOLDER",
        f"not healthy: 1 of {len(NAMES)} checks fail",
    ]
    assert not env.home.exists()


@pytest.mark.slow
def test_stores_that_agree_on_nothing_are_not_healthy(env: Environment) -> None:
    env.write({"stores/s.csv": csv(STORES, "1,A,5")})
    assert env.run()["health"]["healthy"] is False
    assert found(env, "rows_sales") == (0, "at least 1", "fail")
    env.write({"sales/a.csv": csv(SALES, "1,1,2010-05-07,1,0")})
    assert env.run()["health"]["healthy"] is True


def test_check_ends_with_3_only_where_something_fails_and_only_if_asked(months: Environment) -> None:
    assert months.command("monitor", "--check").exit_code == 0
    months.change_database("update sales set weekly_sales_cents = 0 where dept = 1")

    assert months.command("monitor").exit_code == 0
    outcome = months.command("monitor", "--check")
    assert outcome.exit_code == 3
    assert outcome.stdout.splitlines()[-1] == f"not healthy: 2 of {len(NAMES)} checks fail"
    assert months.stage("monitor", "--check", code=3)["healthy"] is False
    assert months.run()["health"]["healthy"] is False  # and yet the run ends 0


TAMPERING = {
    "delete from sales where dept = 4 and date = '2010-02-05'": "sales: 11 rows against 12",
    "update sales set weekly_sales_cents = 26 where dept = 2 and date = '2010-02-05'": (
        "sales: a sum of weekly_sales of 3,101 against 3,300"
    ),
    "update sales set weekly_sales_cents = weekly_sales_cents + 1 where dept = 1 and date = '2010-02-05'": (
        "sales: a sum of weekly_sales of 3,301 against 3,300"
    ),
    "update sales set is_holiday = 1 where dept = 1": "sales: a sum of is_holiday of 3 against 0",
    "update sales set customers = 1 where dept = 1": "sales: a sum of customers of 3 against 0",
    "update sales set dept = 9 where dept = 4": "sales: other keys",
    "update sales set date = '2010-02-06' where dept = 4 and date = '2010-02-05'": "sales: other keys",
    "update stores set size = size + (case store when 1 then 1 else -2 end)": (
        "stores: a sum of size of 353,621 against 353,622"
    ),
    "update stores set store = 7 where store = 2": "stores: other keys",
}


@pytest.mark.slow
@pytest.mark.parametrize("statement", TAMPERING)
def test_a_changed_row_of_the_database_is_noticed(months: Environment, statement: str) -> None:
    dataset, _, difference = TAMPERING[statement].partition(": ")
    months.change_database(statement)

    checks = months.checks()

    assert months.failing() == [f"reconcile_{dataset}_database", f"reconcile_{dataset}_warehouse"]
    check = checks[f"reconcile_{dataset}_database"]
    assert check["value"] == difference
    assert check["limit"] == "equal to the clean bucket"
    assert checks[f"reconcile_{dataset}_warehouse"]["limit"] == "equal to the database"


def test_a_table_that_is_not_loaded_yet_is_a_warning(months: Environment) -> None:
    months.change_database("drop view if exists sales_in_dollars; drop table sales; drop table retailstream_loads")
    assert found(months, "reconcile_sales_database") == ("not loaded yet", "equal to the clean bucket", "warn")
    assert found(months, "reconcile_sales_warehouse") == ("12 rows against none", "equal to the database", "fail")


LOST = {
    "lake/clean/sales/month=2010-02/*.parquet": ["reconcile_sales_database", "orphan_stores"],
    "lake/clean/stores/*.parquet": ["reconcile_stores_database", "orphan_stores"],
    "warehouse/sales/month=2010-02/*.parquet": ["reconcile_sales_warehouse"],
    "warehouse/stores/*.parquet": ["reconcile_stores_warehouse"],
    "warehouse/features/month=2010-02/*.parquet": ["reconcile_features_warehouse"],
}


@pytest.mark.slow
def test_each_failing_check_names_the_thing_and_the_command(months: Environment) -> None:
    months.write({"sales/bad.csv": csv(SALES, *(f"1,{dept},2010-04-05,x,0" for dept in range(5, 9)))})
    months.run("--max-rejects", "100%")
    months.write({"sales/x.csv": b"", "sales/y.csv": csv(SALES), "sales/orphan.csv": orphans()["orphan.csv"]})
    months.run()
    months.change_database("delete from sales where dept = 4")
    fail_features(months)
    (opened,) = months.quarantine("--file", "sales/x.csv")
    hints = {
        "reconcile_sales_database": "retailstream load-rds; if that changes nothing, rows were changed by hand",
        "reconcile_sales_warehouse": "retailstream run; if that changes nothing, rows were changed by hand",
        "orphan_stores": "store 9 has sales and no line in any store file",
        "reject_share_features": "1 of 1 records: retailstream quarantine list --dataset features",
        "open_quarantined_files": f"sales/x.csv (empty_file): retailstream quarantine show {opened['id']}",
        "last_run_features": "1 of 1 features records are rejected, the limit is 5%; nothing was published (hint: ",
    }
    checks = months.checks()
    assert [name for name, check in checks.items() if check["state"] == "fail"] == list(hints)
    for name, hint in hints.items():
        assert checks[name]["hint"].startswith(hint)
    assert {check["hint"] for check in checks.values() if check["state"] == "ok"} == {None}

    lines = months.command("monitor").stdout.splitlines()
    told = [f"{name}: {checks[name]['hint']}" for name in hints]
    assert lines[-len(hints) - 1 :] == [*told, f"not healthy: {len(hints)} of {len(NAMES)} checks fail"]


def test_a_run_prints_what_to_do_about_each_failing_check(months: Environment) -> None:
    months.write({"sales/orphan.csv": orphans()["orphan.csv"]})
    lines = months.command("run", "--source", str(months.source)).stdout.splitlines()
    hint = months.checks()["orphan_stores"]["hint"]
    assert lines[-2:] == [f"orphan_stores: {hint}", "not healthy: orphan_stores; see retailstream monitor"]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["gone", "cut", "same size"])
@pytest.mark.parametrize("pattern", LOST)
def test_a_lost_or_damaged_file_is_noticed(months: Environment, pattern: str, damage: str) -> None:
    path = only_file(months, pattern)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        months.overwrite(path, data[:-1] if damage == "cut" else b"x" * len(data))

    checks = months.checks()

    assert [name for name, check in checks.items() if check["state"] == "fail"] == LOST[pattern]
    assert {checks[name]["value"] for name in LOST[pattern]} == {"a file is missing or damaged"}
    assert f"{months.address(path)}: retailstream repair" in checks[LOST[pattern][0]]["hint"]


@pytest.mark.parametrize(("table", "failing"), [("lake/clean/sales", "database"), ("warehouse/sales", "warehouse")])
def test_other_rows_than_the_neighbour_has_are_noticed(months: Environment, table: str, failing: str) -> None:
    change_manifest(months, table, "2010-02", "2010-03")

    assert months.failing() == [f"reconcile_sales_{failing}"]
    assert months.checks()[f"reconcile_sales_{failing}"]["value"] == "other keys"


def change_manifest(env: Environment, table: str, partition: str, other: str, **values: object) -> None:
    """Make one partition of a published table another one, and change what is said of it."""
    path = env.home / table / "_manifest.json"
    document = json.loads(path.read_text())
    document["partitions"][partition] = document["partitions"][other] | values
    env.overwrite(path, sealed(document))


def test_features_are_compared_with_what_was_published(months: Environment) -> None:
    change_manifest(months, "warehouse/features", "2010-02", "2010-02", rows=7)

    assert found(months, "reconcile_features_warehouse") == ("3 rows", "9 rows published", "fail")


@pytest.mark.slow
def test_stores_with_sales_that_nobody_knows_are_counted(months: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    months.write(week("2010-05", store=8) | {f"sales/{name}": text for name, text in orphans().items()})
    months.run()

    assert found(months, "orphan_stores") == (2, 0, "fail")
    monkeypatch.setenv("RETAILSTREAM__QUALITY__MAX_ORPHAN_STORES", "2")
    assert months.command("monitor", "--check").exit_code == 0
    monkeypatch.undo()
    months.write({"stores/more.csv": csv(STORES, "8,A,5", "9,B,5")})
    months.run()
    assert found(months, "orphan_stores") == (0, 0, "ok")


def orphans() -> dict[str, str]:
    return {"orphan.csv": csv(SALES, "9,1,2010-05-05,1,0", "9,2,2010-05-05,1,0", "1,2,2010-05-05,1,0")}


@pytest.mark.slow
def test_sales_without_any_store_file_are_orphans(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, "1,1,2010-05-05,1,0")})
    env.run()
    assert found(env, "orphan_stores") == (1, 0, "fail")


@pytest.mark.slow
def test_the_reject_share_is_of_the_last_run_that_had_rows(env: Environment) -> None:
    good = [f"1,{dept},2010-05-07,1,0" for dept in range(1, 20)]
    env.write({"sales/a.csv": csv(SALES, *good, "1,20,2010-05-07,x,0"), "stores/s.csv": csv(STORES, "1,A,5")})
    env.run()
    assert found(env, "reject_share_sales") == (0.05, "5%", "ok")
    env.run()
    assert found(env, "reject_share_sales") == (0.05, "5%", "ok")

    env.write({"sales/b.csv": csv(SALES, "1,1,2010-05-14,x,0", "1,2,2010-05-14,1,0", "1,3,2010-05-14,1,0")})
    env.run("--max-rejects", "50%")
    assert found(env, "reject_share_sales") == (0.333333, "5%", "fail")
    assert env.failing() == ["reject_share_sales"]
    env.stage("quarantine", "discard", "sales/b.csv", "--reason", "a test till")
    assert found(env, "reject_share_sales") == (0.0, "5%", "ok")


@pytest.mark.slow
def test_superseded_rows_are_no_rejects(env: Environment) -> None:
    env.write(
        {
            "sales/a.csv": csv(SALES, "1,1,2010-05-07,1,0"),
            "sales/b.csv": csv(SALES, "1,1,2010-05-07,2,0"),
            "stores/s.csv": csv(STORES, "1,A,5"),
        }
    )
    env.run()
    assert found(env, "reject_share_sales") == (0.0, "5%", "ok")


@pytest.mark.slow
def test_open_quarantined_files_are_counted(months: Environment) -> None:
    months.write({"sales/x.csv": b"", "features/x.csv": b"\0", "stores/x.csv": b"Store\n"})
    months.write({"sales/y.csv": csv(SALES), "features/y.csv": csv(FEATURES), "stores/y.csv": csv(STORES)})
    months.run()
    assert found(months, "open_quarantined_files") == (3, 0, "fail")
    months.stage("quarantine", "discard", "sales/x.csv", "features/x.csv", "--reason", "x")
    assert found(months, "open_quarantined_files") == (1, 0, "fail")


def fail_ingest(env: Environment) -> None:
    manifest = env.home / "lake" / "clean" / "sales" / "_manifest.json"
    data = manifest.read_bytes()
    env.overwrite(manifest, b"{")  # nobody knows which landings it holds
    env.stage("ingest", "--source", str(env.source), code=1)
    env.overwrite(manifest, data)


def fail_glue_merge(env: Environment) -> None:
    env.write({"sales/spoilt.csv": csv(SALES, "x,1,2010-05-05,1,0")})
    env.run(code=3)


def fail_load_rds(env: Environment) -> None:
    (path,) = env.home.glob("lake/clean/sales/month=2010-02/*.parquet")
    path.rename(env.home / "elsewhere")
    env.change_database("delete from retailstream_loads")
    env.stage("load-rds", code=1)
    (env.home / "elsewhere").rename(path)


def fail_features(env: Environment) -> None:
    env.write({"features/spoilt.csv": week("2010-05")["features/2010-05-1.csv"].replace("\n1,", "\nx,")})
    env.run(code=3)


def fail_sqoop(env: Environment) -> None:
    env.change_database("drop view if exists sales_in_dollars; drop table sales")
    env.stage("sqoop", code=1)


FAILURES = dict(zip(ORDER, (fail_ingest, fail_glue_merge, fail_load_rds, fail_features, fail_sqoop), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("stage", FAILURES)
def test_a_last_run_that_failed_is_unhealthy_until_the_next_one_ends_well(months: Environment, stage: str) -> None:
    FAILURES[stage](months)

    assert found(months, f"last_run_{stage}") == ("failed", "ok", "fail")
    months.run("--max-rejects", "100%")
    assert found(months, f"last_run_{stage}")[2] == "ok"


def test_a_clock_that_was_ahead_hides_no_failure(months: Environment) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="milliseconds")
    months.change_state("update runs set started_at = ?, ended_at = ?", ahead, ahead)
    check = months.checks()["landed_age_sales"]
    assert (check["value"], check["state"]) == ("-30 days", "warn")
    assert check["hint"].startswith("the clock went wrong")

    fail_glue_merge(months)

    assert found(months, "last_run_glue-merge") == ("failed", "ok", "fail")
    assert months.command("runs", "--limit", "1", "--format", "json").document[0]["exit_code"] == 3
    assert found(months, "landed_age_sales") == ("0 days", "14 days", "ok")


def test_a_last_run_that_was_killed_is_unhealthy_before_and_after_it_is_marked(months: Environment) -> None:
    months.change_state(
        "update runs set status = 'running', ended_at = null, process_id = ? where stage = 'load-rds'", dead()
    )
    assert found(months, "last_run_load-rds") == ("killed", "ok", "fail")
    months.stage("ingest", "--source", str(months.source))  # whoever takes the lock marks what died with it
    months.change_state("update runs set process_id = ? where stage = 'load-rds'", os.getpid())
    assert found(months, "last_run_load-rds") == ("killed", "ok", "fail")
    months.run()
    assert found(months, "last_run_load-rds") == ("noop", "ok", "ok")


def dead() -> int:
    """Return the id of a process that is no more."""
    if (process := os.fork()) == 0:
        os._exit(0)
    os.waitpid(process, 0)
    return process


@pytest.mark.parametrize("host", ["", "another"])
def test_a_run_that_is_at_work_is_not_the_last_one(months: Environment, host: str) -> None:
    months.stage("load-rds", "--run-id", "working")
    process = dead() if host else os.getpid()
    months.change_state("update runs set status = 'running', process_id = ? where run_id = 'working'", process)
    if host:
        months.change_state("update runs set host = ? where run_id = 'working'", host)
    assert found(months, "last_run_load-rds") == ("ok", "ok", "ok")


def test_a_dry_run_is_no_last_run(tmp_path: Path) -> None:
    env = new_environment(tmp_path)
    env.write({"stores/s.csv": csv(STORES, "1,A,5")})
    env.run("--dry-run")
    assert found(env, "last_run_ingest") == ("never ran", "ok", "warn")


def test_health_is_looked_at_after_a_run_and_changes_neither_status_nor_code(months: Environment) -> None:
    months.change_database("delete from sales where dept = 1")
    before = rows(months)

    summary = months.run()

    assert summary["status"] == "noop"
    assert summary["health"]["healthy"] is False
    assert [check["name"] for check in summary["health"]["checks"]] == NAMES
    assert rows(months) == before


def test_store_types_that_changed_places_are_noticed(months: Environment) -> None:
    months.write({"stores/two.csv": "Store,Type,Size\n7,A,10\n8,B,10\n"})
    months.run()
    months.change_database("update stores set type = case store when 7 then 'B' else 'A' end where store in (7, 8)")
    assert found(months, "reconcile_stores_database")[2] == "fail"
