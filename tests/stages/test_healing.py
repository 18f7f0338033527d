"""What is damaged below a home comes back as it was, or is named where it cannot."""

from __future__ import annotations

import shutil

import pytest

from tests.environment import SALES, STORES, Environment, csv
from tests.stages.months import rows, week

DAMAGES = {
    "a clean month is gone": ("lake/clean/sales/month=2010-03/*.parquet", None),
    "a clean month is cut short": ("lake/clean/sales/month=2010-03/*.parquet", b"PAR1"),
    "the clean stores are gone": ("lake/clean/stores/*.parquet", None),
    "the clean manifest is gone": ("lake/clean/sales/_manifest.json", None),
    "a warehouse month is gone": ("warehouse/sales/month=2010-04/*.parquet", None),
    "a warehouse month is empty": ("warehouse/sales/month=2010-04/*.parquet", b""),
    "the warehouse manifest is gone": ("warehouse/stores/_manifest.json", None),
    "the features of a month are gone": ("warehouse/features/month=2010-02/*.parquet", None),
    "the features manifest is gone": ("warehouse/features/_manifest.json", None),
    "the database is gone": ("retail.db", None),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_rebuilt_to_the_same_bytes(months: Environment, damage: str) -> None:
    before, loaded = months.files(), rows(months)
    pattern, content = DAMAGES[damage]
    for path in months.home.glob(pattern):
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    assert (months.files(), (months.home / "retail.db").exists()) != (before, True)

    assert months.run()["status"] == "ok"

    assert months.files() == before
    assert rows(months) == loaded


def test_what_a_killed_run_left_behind_is_swept(months: Environment) -> None:
    before = months.files()
    for place in ("lake/clean/sales/month=2010-02", "lake/clean/stores", "warehouse/sales", "warehouse/features"):
        (months.home / place / "0123456789abcdef.parquet").write_bytes(b"PAR1")
        (months.home / place / "fedcba9876543210.parquet.part").write_bytes(b"PA")

    months.run()

    assert months.files() == before


def test_a_manifest_that_is_no_json_is_named_with_the_way_out(months: Environment) -> None:
    before = months.files()
    path = months.home / "lake" / "clean" / "sales" / "_manifest.json"
    path.write_bytes(b"{")

    assert "the manifest of table 'sales' in file://" in months.run(code=1)["error"]
    path.unlink()
    months.run()
    assert months.files() == before


def test_a_landed_file_that_changed_in_the_raw_bucket_is_not_read(months: Environment) -> None:
    shutil.rmtree(months.home / "lake" / "clean")
    path = months.home / "lake/raw/sales/landing-000001/2010-02-1.csv"
    path.write_bytes(path.read_bytes().replace(b"2010-02-05", b"2010-02-12"))

    error = months.run(code=1)["error"]

    assert "landed file 'sales/landing-000001/2010-02-1.csv'" in error
    assert "no longer has the bytes it landed with" in error
    assert months.clean("sales") == []


@pytest.mark.slow
def test_damage_that_shows_only_in_reading_is_made_good_before_it_is_read(months: Environment) -> None:
    before = months.files()
    (path,) = (months.home / "lake" / "clean" / "sales" / "month=2010-03").iterdir()
    path.write_bytes(b"x" * path.stat().st_size)
    assert months.run()["status"] == "noop"
    assert months.failing() == ["reconcile_sales_database", "orphan_stores"]

    months.write(week("2010-03", store=2))
    assert "rebuilt" in [warning["code"] for warning in months.run()["warnings"]]

    assert months.failing() == ["missing_stores"]  # store 2 came in March alone
    assert set(before) - set(months.files()) == {name for name in before if "month=2010-03/" in name}


@pytest.mark.slow
def test_a_lost_memory_is_read_back_from_the_raw_buckets(months: Environment) -> None:
    before = months.files()
    for path in months.home.glob("state.db*"):
        path.unlink()

    assert months.run()["status"] == "ok"  # what was rejected is known again once all is read again
    assert months.files() == before
    assert months.run()["status"] == "noop"

    months.write({"sales/late.csv": csv(SALES, "1,1,2010-02-05,99.99,FALSE")})
    counts = months.run()["datasets"]["sales"]
    assert (counts["rows_in"], counts["rows_out"], counts["rows_replaced"]) == (1, 1, 1)
    assert ("99.99",) in {(str(row[3]),) for row in months.clean("sales")}


@pytest.mark.slow
def test_tables_that_are_made_anew_have_the_bytes_that_they_had(env: Environment) -> None:
    """February came without a null, March with one: made together, they are as they were when made alone."""
    visits = f"{SALES},Customers"
    env.write({"stores/s.csv": csv(STORES, "1,A,100"), "sales/1.csv": csv(visits, "1,1,2010-02-05,1.00,FALSE,7")})
    env.run()
    env.write({"sales/2.csv": csv(visits, "1,1,2010-03-05,2.00,FALSE,")})
    env.run()
    before = env.files("lake/clean", "warehouse")
    shutil.rmtree(env.home / "lake" / "clean")
    shutil.rmtree(env.home / "warehouse")

    env.run()

    assert env.files("lake/clean", "warehouse") == before
