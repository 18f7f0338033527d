"""Nothing damaged is read to make something new: it is made anew from what is before it, and that is told."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, copied
from tests.stages.months import rows, week

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Summary


def flip(env: Environment, pattern: str) -> None:
    """Change one bit in the middle of a file, whose size and time tell nothing of it."""
    (path,) = env.home.glob(pattern)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    env.overwrite(path, bytes(data))


def drop_tables(env: Environment) -> None:
    """Take the tables of the database away."""
    gone = [f"drop view if exists {name}_in_dollars; drop table {name}" for name in ("sales", "stores")]
    env.change_database("; ".join([*gone, "drop table retailstream_loads"]))


def rebuilt(summary: Summary) -> list[str]:
    return [warning["text"] for warning in summary["warnings"] if warning["code"] == "rebuilt"]


@pytest.fixture
def twin(months: Environment, tmp_path: Path) -> Environment:
    """The same environment, to which nothing happens but the weeks that come."""
    return copied(months, tmp_path / "twin")


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern", ["lake/clean/sales/month=2010-03/*.parquet", "warehouse/features/month=2010-03/*.parquet"]
)
def test_a_merge_lays_nothing_over_a_damaged_month(months: Environment, twin: Environment, pattern: str) -> None:
    flip(months, pattern)
    for env in (months, twin):
        env.write(week("2010-03", store=2))

    told = rebuilt(months.run())

    assert len(told) == 1
    assert "is not the one that was published: the table is made anew" in told[0]
    assert rebuilt(twin.run()) == []
    assert (months.files(), rows(months)) == (twin.files(), rows(twin))


def test_a_month_that_no_new_row_touches_is_not_read(months: Environment) -> None:
    flip(months, "lake/clean/sales/month=2010-02/*.parquet")
    months.write(week("2010-03", store=2))

    assert rebuilt(months.run()) == []
    assert "reconcile_sales_database" in months.failing()


def test_a_month_that_is_gone_is_made_anew_and_told(months: Environment) -> None:
    for path in months.home.glob("lake/clean/sales/month=2010-03/*"):
        path.unlink()
    (told,) = rebuilt(months.run())
    assert "a file of the published table 'sales' in file://" in told


def test_a_database_is_not_loaded_from_a_damaged_month(months: Environment) -> None:
    before, loaded = months.files(), rows(months)
    flip(months, "lake/clean/sales/month=2010-03/*.parquet")
    drop_tables(months)

    summary = months.run()

    assert summary["status"] == "ok"
    assert any("clean file 'sales/month=2010-03/" in text for text in rebuilt(summary))
    assert [stage["stage"] for stage in summary["stages"] if stage["status"] == "failed"] == ["load-rds"]
    assert (months.files(), rows(months)) == (before, loaded)
    assert months.failing() == []


def test_what_load_rds_alone_finds_damaged_the_next_merge_makes_anew(months: Environment) -> None:
    before = months.files()
    flip(months, "lake/clean/sales/month=2010-03/*.parquet")
    drop_tables(months)

    error = months.stage("load-rds", code=1)["error"]

    assert "is not the one that was published" in error
    assert "retailstream glue-merge" in error
    assert len(rebuilt(months.stage("glue-merge"))) == 1
    months.stage("load-rds")
    assert months.files() == before


@pytest.mark.slow
def test_rows_of_the_database_that_nobody_loaded_do_not_enter_the_warehouse(
    months: Environment, twin: Environment
) -> None:
    months.change_database("update sales set weekly_sales_cents = weekly_sales_cents + 1 where date = '2010-03-05'")
    months.change_database("insert into sales values (9, 9, '2031-01-03', 100, 0, null)")
    shutil.rmtree(months.home / "warehouse" / "sales")

    summary = months.run()

    assert any("has other rows than were loaded" in text for text in rebuilt(summary))
    twin.run()
    assert (months.files(), rows(months)) == (twin.files(), rows(twin))
    assert months.failing() == twin.failing()


def test_sqoop_alone_copies_no_rows_that_nobody_loaded_and_waits_for_the_load(months: Environment) -> None:
    before, loaded = months.files("warehouse"), rows(months)
    months.change_database("update sales set weekly_sales_cents = weekly_sales_cents + 1 where date = '2010-03-05'")
    for path in months.home.glob("warehouse/sales/month=2010-03/*"):
        path.unlink()

    assert "has other rows than were loaded" in months.stage("sqoop", code=1)["error"]
    assert "not loaded anew yet" in months.stage("sqoop", code=1)["error"]
    months.stage("load-rds")
    months.stage("sqoop")

    assert (months.files("warehouse"), rows(months)) == (before, loaded)


def test_no_question_is_answered_from_a_damaged_file(months: Environment) -> None:
    flip(months, "warehouse/sales/month=2010-03/*.parquet")
    outcome = months.command("analyze", "monthly-sales")
    assert outcome.exit_code == 1
    assert "file 'sales/month=2010-03/" in outcome.error
    assert "is not the one that was published" in outcome.error
