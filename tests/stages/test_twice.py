"""Twice is once, new files cost what is new, and what was damaged comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.engine import duckdb_files
from retailstream.stages import ORDER
from tests.environment import FEATURES, SALES, Environment, Summary, csv, gzipped, new_environment
from tests.stages.months import history, rows, week

if TYPE_CHECKING:
    from pathlib import Path


def statuses(summary: Summary) -> dict[str, str]:
    return {stage["stage"]: stage["status"] for stage in summary["stages"]}


def test_a_second_run_finds_nothing_to_do_and_changes_nothing(months: Environment) -> None:
    before, times, database = months.files(), months.times(), (months.home / "retail.db").read_bytes()

    summary = months.run()

    assert summary["status"] == "noop"
    assert statuses(summary) == dict.fromkeys(ORDER, "noop")
    assert (summary["files_new"], summary["rows_in"], summary["rows_out"], summary["bytes"]) == (0, 0, 0, 0)
    assert (months.files(), months.times()) == (before, times)
    assert (months.home / "retail.db").read_bytes() == database


@pytest.mark.parametrize("stage", ORDER)
def test_a_second_run_of_a_stage_alone_is_a_noop_too(months: Environment, stage: str) -> None:
    times = months.times()

    words = ["--source", str(months.source)] if stage in {"ingest", "features"} else []
    assert months.stage(stage, *words)["status"] == "noop"
    assert months.stage(stage, *words, "--skip-if-empty", code=99)["status"] == "noop"
    assert months.times() == times


@pytest.mark.slow
def test_skip_if_empty_tells_a_run_with_work_from_one_without(months: Environment) -> None:
    assert months.run("--skip-if-empty", code=99)["status"] == "noop"
    months.write(week("2010-05"))
    assert months.run("--skip-if-empty")["status"] == "ok"
    assert months.run("--skip-if-empty", code=99)["status"] == "noop"


def test_a_run_is_no_noop_where_any_stage_had_work(months: Environment) -> None:
    months.write({"features/new.csv": week("2010-05")["features/2010-05-1.csv"]})

    summary = months.run()

    assert statuses(summary) == dict.fromkeys(ORDER, "noop") | {"features": "ok"}
    assert summary["status"] == "ok"


def test_an_exact_copy_of_a_known_file_is_never_new(months: Environment) -> None:
    times = months.times()
    for name, text in history().items():
        months.write({name.replace(".csv", "-again.csv"): text, name.replace("/", "/deep/er/"): text})
    (months.source / "sales" / "2010-02-1.csv").rename(months.source / "sales" / "renamed.csv")

    assert months.run()["status"] == "noop"
    assert months.times() == times


def test_equal_files_of_one_landing_are_read_once(months: Environment) -> None:
    text = week("2010-05")["sales/2010-05-1.csv"]
    months.write({"sales/z.csv": text, "sales/m.csv": text, "sales/n.csv.gz": gzipped(text)})

    counts = months.run()["datasets"]["sales"]

    assert (counts["files_new"], counts["rows_in"], counts["rows_duplicate"]) == (2, 8, 4)  # packed bytes are others
    assert "lake/raw/sales/landing-000002/m.csv" in months.files()
    assert "lake/raw/sales/landing-000002/z.csv" not in months.files()


@pytest.mark.slow
@pytest.mark.parametrize("month", ["2010-03", "2010-05"])
def test_a_new_weekly_file_rewrites_only_its_month(months: Environment, month: str) -> None:
    before, rest, old = months.files(), others(months, month), rows(months)
    months.write(week(month, store=2))

    summary = months.run()

    assert others(months, month) == rest
    written = {name for name in months.files() if name not in before and name.endswith(".parquet")}
    assert {name.rpartition("/")[0] for name in written} == {
        f"{place}/month={month}" for place in ("lake/clean/sales", "warehouse/sales", "warehouse/features")
    }
    assert len(written) == 3
    folders = [name.rpartition("/")[0] for name in months.files("lake/clean", "warehouse") if name.endswith(".parquet")]
    assert len(folders) == len(set(folders))  # the file that was replaced is gone
    new = [(2, dept, f"{month}-05", dept * 100 + 25, 0, None) for dept in range(1, 5)]
    assert sorted(rows(months), key=str) == sorted([*old, *new], key=str)
    loaded = next(stage for stage in summary["stages"] if stage["stage"] == "load-rds")
    assert loaded["datasets"]["sales"]["files_new"] == 1
    assert loaded["datasets"]["stores"]["rows_in"] == 0
    assert months.failing() == ["missing_stores"]  # two stores that were never there together


def others(env: Environment, month: str) -> dict[str, tuple[int, int]]:
    """Return the times of all data files of other months, and of the store table."""
    times = env.times("lake/clean", "warehouse")
    return {name: time for name, time in times.items() if name.endswith(".parquet") and f"={month}/" not in name}


@pytest.mark.slow
def test_rows_of_other_months_are_not_touched_in_the_database(months: Environment) -> None:
    watch = "create table touched (what text); " + "".join(
        f"create trigger t{event} before {event} on sales begin insert into touched values ({row}.date); end;"
        for event, row in (("insert", "new"), ("update", "new"), ("delete", "old"))
    )
    months.change_database(watch)
    months.write(week("2010-03", store=2))
    months.run()

    assert months.database("select what, count(*) from touched group by what") == [("2010-03-05", 4)]


def test_a_correction_leaves_the_other_rows_of_its_month_alone(months: Environment) -> None:
    months.change_database(
        "create table touched (what); create trigger t before insert on sales begin"
        " insert into touched values (new.dept); end"
    )
    months.write({"sales/late.csv": csv(SALES, "1,2,2010-03-05,7,FALSE")})
    months.run()

    assert months.database("select what from touched") == [(2,)]
    assert months.database("select weekly_sales_cents from sales where dept = 2 and date = '2010-03-05'") == [(700,)]


@pytest.mark.slow
def test_stages_run_alone_in_their_order_leave_the_bytes_of_one_run(first: Environment, tmp_path: Path) -> None:
    alone = replace(first, home=tmp_path / "alone")
    for stage in ORDER:
        words = ["--source", str(first.source)] if stage in {"ingest", "features"} else []
        assert alone.stage(stage, *words)["status"] == "ok"

    assert alone.files() == first.files()
    assert rows(alone) == rows(first)


@pytest.mark.slow
def test_a_run_begins_with_the_stage_it_is_told(months: Environment, tmp_path: Path) -> None:
    late = replace(months, home=tmp_path / "late")
    late.stage("ingest", "--source", str(months.source))

    assert list(statuses(late.run("--from", "glue-merge"))) == list(ORDER[1:])
    assert late.files() == months.files()
    late.write(week("2010-05"))
    assert statuses(late.run("--from", "load-rds")) == {"load-rds": "noop", "features": "ok", "sqoop": "noop"}
    assert "is no stage" in late.run("--from", "merge", code=2)["error"]


def test_sqoop_needs_tables_and_names_the_stage_that_makes_them(tmp_path: Path) -> None:
    env = new_environment(tmp_path)
    error = env.stage("sqoop", code=1)["error"]
    assert "table 'sales' is missing in sqlite:///" in error
    assert "retailstream load-rds" in error


def test_runs_over_a_source_whose_files_hold_no_rows_leave_empty_tables(tmp_path: Path) -> None:
    env = new_environment(tmp_path)
    env.write({"sales/a.csv": csv(SALES)})

    assert env.run()["status"] == "ok"
    assert env.database("select count(*) from sales") == [(0,)]
    assert env.run()["status"] == "noop"


# Dry runs


@pytest.mark.parametrize("stage", ["run", *ORDER])
def test_a_dry_run_makes_not_even_a_home(first: Environment, tmp_path: Path, stage: str) -> None:
    env = replace(first, home=tmp_path / "nowhere")
    words = ["--source", str(env.source)] if stage in {"run", "ingest", "features"} else []

    summary = env.stage(stage, *words, "--dry-run")

    assert summary["status"] == "dry-run"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_dry_run_says_what_would_be_done_and_does_nothing(months: Environment) -> None:
    months.write(week("2010-05"))
    everything = months.times(".")

    new = {"sales": 1, "stores": 0}
    assert planned(months, "ingest", "--source", str(months.source)) == new
    assert planned(months, "features", "--source", str(months.source)) == {"features": 1}
    stages = months.run("--dry-run")["stages"]
    assert [(stage["stage"], stage["status"]) for stage in stages] == [(stage, "dry-run") for stage in ORDER]
    assert [stage["files_new"] for stage in stages] == [1, 0, 0, 1, 0]  # what a stage before would hand on is not known
    assert months.times(".") == everything

    for stage, following in pairwise(name for name in ORDER if name != "features"):
        months.stage(stage, *(["--source", str(months.source)] if stage == "ingest" else []))
        before = months.times(".")
        assert planned(months, following) == new
        assert months.times(".") == before
    assert months.run("--dry-run", "--from", "load-rds")["files_new"] == 1


def planned(env: Environment, stage: str, *words: str) -> dict[str, int]:
    """Return the new files that each dataset of a dry run has."""
    summary = env.stage(stage, *words, "--dry-run")
    assert summary["status"] == "dry-run"
    return {dataset: counts["files_new"] for dataset, counts in summary["datasets"].items()}


def test_a_plan_names_new_files_and_what_would_be_refused(months: Environment) -> None:
    months.write({"sales/bad.csv": b"x", "sales/bad again.csv": b"x", "features/new.csv": csv(FEATURES)})
    months.write({"sales/good.csv": csv(SALES, "1,1,2010-05-07,1,0")})

    plan = months.run("--dry-run")

    assert plan["files"] == ["sales/bad.csv", "sales/good.csv", "features/new.csv"]
    assert {(found["code"], found["file"]) for found in plan["warnings"]} >= {
        ("would_be_refused", "sales/bad again.csv"),
        ("would_be_refused", "sales/bad.csv"),
    }
    said = months.command("run", "--source", str(months.source), "--dry-run").stdout
    assert "new: sales/good.csv" in said


def test_a_plan_of_a_merge_tells_what_would_be_rejected_and_records_nothing(months: Environment) -> None:
    months.write({"sales/bad.csv": b"x", "sales/new.csv": csv(SALES, "1,1,2010-05-07,1,0", "1,2,2010-05-07,x,0")})
    months.stage("ingest", "--source", str(months.source))
    everything = months.files(".")

    plan = months.stage("glue-merge", "--dry-run")

    counts = plan["datasets"]["sales"]
    assert (counts["files_quarantined"], counts["rows_in"], counts["rows_quarantined"]) == (1, 2, 1)
    assert {found["code"] for found in plan["warnings"]} == {"would_be_refused", "over_limit"}
    assert months.files(".") == everything
    merged = months.stage("glue-merge", "--max-rejects", "100%")["datasets"]["sales"]
    assert merged == counts


def test_a_plan_of_a_discard_settles_nothing(months: Environment) -> None:
    months.write({"sales/bad.csv": b"x"})
    months.run(code=3)

    assert months.stage("quarantine", "discard", "sales/bad.csv", "--reason", "x", "--dry-run")["status"] == "dry-run"

    assert [entry["state"] for entry in months.quarantine()] == ["open"]


@pytest.mark.slow
def test_a_table_made_anew_by_another_version_of_its_writer_is_the_same_version(
    months: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are called by their rows, so what hangs on them has nothing to do; bytes that are right stay."""
    before, loaded = months.files(), rows(months)
    (months.home / "lake" / "clean" / "sales" / "_manifest.json").unlink()
    next((months.home / "warehouse" / "features" / "month=2010-03").iterdir()).unlink()
    monkeypatch.setattr(duckdb_files, "COMPRESSION", "snappy")

    summary = months.run()

    assert statuses(summary) == {
        "ingest": "noop",
        "glue-merge": "ok",
        "load-rds": "noop",
        "features": "ok",
        "sqoop": "noop",
    }
    assert rows(months) == loaded
    after = months.files()
    assert set(after) == set(before)
    changed = {name for name in after if after[name] != before[name] and not name.endswith("_manifest.json")}
    assert {name.rpartition("/")[0] for name in changed} == {
        "lake/clean/sales/month=2010-02",
        "lake/clean/sales/month=2010-03",
        "lake/clean/sales/month=2010-04",
        "warehouse/features/month=2010-03",
    }
    assert months.run()["status"] == "noop"
