"""A file that is finer than its table, such as single sales, closes the gate; every way out of it works."""

from __future__ import annotations

import csv as files_of_csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.environment import SALES, STORES, Environment, Summary, csv

if TYPE_CHECKING:
    from collections.abc import Iterator

TILL = [f"1,{dept},05/02/2010,{dept}.{receipt:02},0,{receipt}" for dept in (1, 2) for receipt in range(50)]
HEADER = f"{SALES},Receipt"
WEEKS = csv(SALES, *(f"1,{dept},05/02/2010,{dept}00,0" for dept in range(1, 9)))
CHAINS = Path(__file__).parents[2].parent / "shared" / "datasets" / "chains"


@pytest.fixture
def closed(env: Environment) -> Environment:
    """An environment whose gate a file of receipts beside one of weeks has closed."""
    env.write({"sales/other.csv": WEEKS, "sales/week-05.csv": csv(HEADER, *TILL), "stores/s.csv": csv(STORES, "1,A,5")})
    env.stage("run", "--source", str(env.source), code=3)
    return env


def whole(env: Environment, *words: str) -> list[Summary]:
    return [entry for entry in env.quarantine(*words) if entry["record"] is None]


def amounts(env: Environment) -> dict[object, str]:
    return {row[1]: f"{row[3]}" for row in env.clean("sales")}


def test_it_says_how_many_of_which_file_and_what_to_do(closed: Environment) -> None:
    outcome = closed.command("glue-merge")

    assert outcome.exit_code == 3
    assert outcome.error == (
        "error: 100 of 100 records of 'sales/week-05.csv' share their store, dept and date with another of its records,"
        " the limit is 1%; are these single sales or days?; nothing was published"
    )
    assert "retailstream quarantine discard sales/week-05.csv --reason" in outcome.stderr
    assert (closed.clean("sales"), closed.clean("stores")) == ([], [])
    (entry,) = closed.quarantine()
    assert (entry["file"], entry["rule"], entry["value"]) == ("sales/week-05.csv", "shared_keys", "100 of 100 records")


def test_a_higher_limit_takes_it_in_for_good(closed: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("RETAILSTREAM__QUALITY__MAX_SUPERSEDED_IN_FILE", "100%")
        assert closed.run()["datasets"]["sales"]["rows_superseded"] == 100 + 8 - 8

    assert amounts(closed)[1] == "1.49"
    assert whole(closed) == []
    assert [entry["state"] for entry in whole(closed, "--all")] == ["accepted"]
    files = closed.files("lake/clean")
    (closed.home / "lake" / "clean" / "sales" / "_manifest.json").unlink()
    closed.run()  # what came in once does so again, whatever the limit
    assert closed.files("lake/clean") == files


def test_a_discarded_file_stays_out(closed: Environment) -> None:
    closed.stage("quarantine", "discard", "sales/week-05.csv", "--reason", "receipts")
    assert closed.run()["datasets"]["sales"]["rows_out"] == 8
    assert amounts(closed)[1] == "100.00"
    assert closed.failing() == []


def test_a_corrected_file_takes_its_place(closed: Environment) -> None:
    closed.write({"sales/week-05.csv": csv(SALES, "1,1,05/02/2010,61.25,0", "1,2,05/02/2010,112.25,0")})
    assert closed.run()["datasets"]["sales"]["files_quarantined"] == 1

    assert (amounts(closed)[1], amounts(closed)[3]) == ("61.25", "300.00")
    assert whole(closed) == []
    assert [entry["reason"] for entry in whole(closed, "--all")] == ["corrected by landing 2"]
    assert closed.run()["status"] == "noop"
    assert closed.failing() == []


def test_a_correction_that_is_as_fine_corrects_nothing(closed: Environment) -> None:
    closed.write({"sales/week-05.csv": csv(HEADER, *TILL[1:])})
    error = closed.command("run", "--source", str(closed.source)).error
    assert "100 of 100 records of 'sales/week-05.csv'" in error
    assert "as in 1 more file," in error


def test_one_record_of_a_hundred_is_let_through(env: Environment) -> None:
    lines = [f"1,{dept},05/02/2010,1,0" for dept in range(1, 199)]
    env.write({"sales/a.csv": csv(SALES, *lines, "2,1,05/02/2010,1,0", "2,1,05/02/2010,2,0")})
    assert env.run()["datasets"]["sales"]["rows_superseded"] == 1
    env.write({"sales/b.csv": csv(SALES, *lines[1:], "2,1,05/02/2010,1,0", "2,1,05/02/2010,2,0")})
    env.run(code=3)


def weekly(path: Path) -> Iterator[str]:
    """Yield the lines of a supermarket's file as rows of weeks."""
    with path.open(newline="", encoding="latin-1") as stream:
        for sale in files_of_csv.DictReader(stream):
            day = datetime.strptime(sale["Order Date"], "%m/%d/%Y").date()  # noqa: DTZ007 -- a day of the file's own
            friday = day + timedelta((4 - day.weekday()) % 7)
            store = 1 + ["Central", "East", "South", "West"].index(sale["Region"])
            dept = 1 + ["Furniture", "Office Supplies", "Technology"].index(sale["Category"])
            yield f"{store},{dept},{friday},{float(sale['Sales']):.2f},0"


def test_the_lines_of_a_real_supermarket_are_no_weeks(env: Environment) -> None:
    path = CHAINS / "08a-superstore" / "Sample-Superstore.csv"
    if not path.exists():
        pytest.skip("the files of other chains are not here")
    env.write({"sales/superstore.csv": csv(SALES, *weekly(path))})
    outcome = env.command("run", "--source", str(env.source))
    assert (outcome.exit_code, env.clean("sales")) == (3, [])
    assert "'sales/superstore.csv' share their store, dept and date" in outcome.error
