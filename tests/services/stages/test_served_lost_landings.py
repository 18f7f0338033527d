"""Raw objects of a bucket, and landings in a database, that are lost: what `tests/stages` asks of folders and a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stages.months import week

if TYPE_CHECKING:
    from tests.services.stages.served import Served

MARCH = "sales/landing-000001/2010-03-1.csv"


def test_objects_that_are_gone_or_of_another_length_land_again_in_place(months: Served) -> None:
    months.set_up()
    before = months.files("lake/raw")
    client, bucket = months.s3.client(), f"{months.name}-raw"
    client.delete_object(Bucket=bucket, Key=MARCH)
    client.put_object(Bucket=bucket, Key=MARCH.replace("-03-", "-02-"), Body=b"Store")
    assert months.checks()["raw_files"]["value"] == "2 of 4 missing or of another length"

    (warning,) = [found for found in months.run()["warnings"] if found["code"] == "landed_again"]

    assert warning["text"].startswith("2 raw files were missing or damaged, and landed again")
    assert months.files("lake/raw") == before
    assert (months.failing(), months.run()["status"]) == ([], "noop")


def test_landings_that_a_database_lost_are_read_back_and_the_next_is_above_them(months: Served) -> None:
    before = months.files("lake/raw", "lake/clean")
    for table in ("landings", "landed_files"):
        months.mariadb.sql(f"delete from retailstream_{table}", months.name)
    assert "landings_sales" in months.failing()

    assert months.run()["status"] == "ok"
    assert months.files("lake/raw", "lake/clean") == before
    months.write(week("2010-05"))
    assert months.run()["datasets"]["sales"]["rows_out"] == 4

    assert "lake/raw/sales/landing-000002/2010-05-1.csv" in months.files("lake/raw")
    assert (months.failing(), months.run()["status"]) == ([], "noop")
