"""What new files are judged by, beside the share of all rejects: parts, dates, and whether anything can be read."""

from __future__ import annotations

import shlex
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.environment import FEATURES, SALES, STORES, Environment, copied, csv, new_environment

if TYPE_CHECKING:
    from pathlib import Path

FRIDAY = date(2010, 2, 5)
KNOWN = csv(STORES, *(f"{store},A,5" for store in range(1, 21)))


def weekly(number: int, stores: range, *, spoilt: int = 0, depts: int = 10) -> str:
    """Return a week of these stores; the amounts of store `spoilt` are no numbers."""
    day = FRIDAY + timedelta(weeks=number)
    return csv(
        SALES,
        *(
            f"{store},{dept},{day:%d/%m/%Y},{'x' if store == spoilt else 1},0"
            for store in stores
            for dept in range(depts)[1:]
        ),
    )


def american(*days: date, store: int = 1) -> str:
    """Return weeks that are dated month first."""
    return csv(SALES, *(f"{store},{dept},{day:%m/%d/%Y},1,0" for day in days for dept in range(1, 12)))


def warned(summary: dict[str, list[dict[str, str]]], code: str) -> list[str]:
    return [warning["text"] for warning in summary["warnings"] if warning["code"] == code]


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Twelve weeks of twenty stores, run once; tests take copies of it."""
    env = new_environment(tmp_path_factory.mktemp("twelve"))
    env.write({"stores/s.csv": KNOWN})
    env.write({f"sales/week-{number:02}.csv": weekly(number, range(1, 21)) for number in range(12)})
    assert env.run()["health"]["healthy"] is True
    return env


@pytest.fixture
def chain(twelve: Environment, tmp_path: Path) -> Environment:
    """A copy of the environment of twelve weeks."""
    return copied(twelve, tmp_path)


@pytest.mark.slow
def test_a_store_that_is_rejected_whole_closes_the_gate_though_it_is_few_of_all(chain: Environment) -> None:
    before = chain.files()
    chain.write({"sales/new.csv": weekly(12, range(1, 21), spoilt=7)})

    summary = chain.run(code=3)

    assert summary["error"].startswith(
        "all 9 sales records of store 7 are rejected, the limit of one file or store is 20%; nothing was published"
        " (hint: retailstream quarantine list --dataset sales;"
    )
    assert chain.files("lake/clean") == {name: data for name, data in before.items() if name.startswith("lake/clean")}
    assert chain.run("--max-rejects", "100%")["status"] == "ok"
    assert chain.failing() == ["missing_stores"]
    assert chain.checks()["missing_stores"]["value"] == "store 7"


def test_a_week_of_a_store_that_is_rejected_whole_beside_others_of_it_closes_the_gate(chain: Environment) -> None:
    good = weekly(12, range(1, 21))
    spoilt = weekly(13, range(1, 21), spoilt=7).partition("\n")[2]
    chain.write({"sales/two.csv": good + spoilt})
    assert chain.run(code=3)["error"].startswith("9 of 18 sales records of store 7 are rejected")


def test_a_file_that_is_rejected_almost_whole_closes_the_gate_and_is_named(chain: Environment) -> None:
    chain.write(
        {"sales/good.csv": weekly(12, range(1, 21)), "sales/bad.csv": weekly(13, range(3, 4), spoilt=3, depts=6)}
    )
    error = chain.run(code=3)["error"]
    assert error.startswith("all 5 sales records of sales/bad.csv, 5 of 14 sales records of store 3 are rejected")
    chain.stage("quarantine", "discard", "sales/bad.csv", "--reason", "a test till")
    assert chain.run()["status"] == "ok"


def test_one_bad_record_is_no_part(chain: Environment) -> None:
    chain.write({"sales/good.csv": weekly(12, range(1, 21)), "sales/bad.csv": csv(SALES, "99,1,07/05/2010,x,0")})
    assert chain.run()["status"] == "ok"


def test_the_limit_of_a_part_is_a_setting(chain: Environment) -> None:
    chain.write({"sales/new.csv": weekly(12, range(1, 21), spoilt=7)})
    (chain.home / "any.toml").write_text("[quality]\nmax_rejects_in_part = ''\n")
    assert chain.run("--config", str(chain.home / "any.toml"))["status"] == "ok"


@pytest.mark.slow
def test_what_was_published_once_passes_the_gate_when_the_table_is_made_anew(chain: Environment) -> None:
    chain.write({"sales/new.csv": weekly(12, range(1, 21), spoilt=7), "sales/more.csv": weekly(13, range(1, 21))})
    chain.run("--max-rejects", "100%")
    before = chain.files()
    for path in chain.home.glob("lake/clean/sales/month=2010-03/*.parquet"):
        path.unlink()

    assert chain.run("--max-rejects", "0")["status"] == "ok"

    assert chain.files() == before
    for path in chain.home.glob("lake/clean/sales/month=2010-03/*.parquet"):
        path.unlink()
    chain.write({"sales/newer.csv": weekly(14, range(1, 21), spoilt=8)})
    assert "store 8" in chain.run(code=3)["error"]  # and what is new is judged by itself


@pytest.mark.slow
def test_a_file_read_in_the_wrong_order_of_day_and_month_is_refused_whole(chain: Environment) -> None:
    us = american(date(2010, 3, 5))  # 03/05/2010: a Friday in March, a Monday in May
    chain.write({"sales/good.csv": weekly(12, range(1, 21)), "sales/us.csv": us})
    rows = len(chain.clean("sales"))

    summary = chain.run()

    assert len(chain.clean("sales")) == rows + 180
    (entry,) = chain.quarantine()
    assert (entry["file"], entry["record"], entry["rule"]) == ("sales/us.csv", None, "date_order")
    assert entry["value"] == (
        "day first, 11 of its 11 dates are no Fridays; read month first all of them would be (quality.week_end)"
    )
    assert summary["datasets"]["sales"]["files_quarantined"] == 1
    assert summary["datasets"]["sales"]["rows_in"] == 180
    assert warned(summary, "date_order") == [f"sales/us.csv is refused: {entry['value']}"]
    assert chain.failing() == ["open_quarantined_files"]
    assert "sales/us.csv (date_order): retailstream quarantine show" in chain.checks()["open_quarantined_files"]["hint"]
    before = chain.files()
    for path in chain.home.glob("lake/clean/sales/month=2010-03/*.parquet"):
        path.unlink()
    chain.run()
    assert chain.files() == before  # made anew, it is refused again


def test_a_date_that_is_a_week_end_either_way_does_not_save_its_file(chain: Environment) -> None:
    us = american(date(2010, 3, 5), date(2010, 3, 12))  # 12 March and 3 December 2010 are both Fridays
    chain.write({"sales/good.csv": weekly(12, range(1, 21)), "sales/us.csv": us})
    chain.run()

    (entry,) = chain.quarantine()
    assert (entry["file"], entry["rule"]) == ("sales/us.csv", "date_order")
    assert str(entry["value"]).startswith("day first, 11 of its 22 dates are no Fridays")


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        csv(SALES, "1,1,2010-05-03,1,0", "1,2,2010-05-03,1,0"),  # the year first has one meaning only
        csv(SALES, "1,1,03/05/2010,1,0", "1,2,07/05/2010,1,0"),  # one of them is a Friday as it is
        csv(SALES, "1,1,03/05/2010,1,0", "1,2,04/05/2010,1,0"),  # 5 April is no Friday either
        csv(SALES, "1,1,03/05/2010,1,0", "1,2,29/04/2010,1,0"),  # there is no month 29
    ],
)
def test_dates_that_may_be_meant_are_kept(chain: Environment, content: str) -> None:
    chain.write({"sales/odd.csv": content})
    chain.run()
    assert chain.quarantine() == []


@pytest.mark.slow
def test_a_chain_whose_weeks_end_on_another_day_is_told_of_the_setting(env: Environment) -> None:
    sundays = [date(2010, 1, 3) + timedelta(weeks=number) for number in range(20)]
    swaps = [day for day in sundays if day.day <= 12 and date(2010, day.day, day.month).isoweekday() == 5]
    assert swaps
    env.write({f"sales/{day}.csv": csv(SALES, f"1,1,{day:%d/%m/%Y},1,0") for day in sundays})
    env.write({"stores/s.csv": KNOWN})

    summary = env.run()

    assert env.quarantine() == []
    assert warned(summary, "off_week_end") == [
        "sales: 20 rows have a date that is no Friday; they are kept; most are Sundays: is quality.week_end = 'sunday'?"
    ]
    (env.home / "sunday.toml").write_text("[quality]\nweek_end = 'sunday'\n")
    env.write({"sales/one.csv": csv(SALES, f"2,1,{swaps[0]:%d/%m/%Y},1,0")})
    told = env.run("--config", str(env.home / "sunday.toml"))
    assert warned(told, "off_week_end") == []
    assert env.quarantine() == []


@pytest.mark.slow
def test_a_mistyped_year_is_warned_of_and_fails_monitor_until_it_is_gone(chain: Environment) -> None:
    *lines, last = weekly(12, range(1, 21)).splitlines()
    chain.write({"sales/new.csv": csv(*lines, last.replace("/2010", "/2018"))})

    summary = chain.run()

    (text,) = warned(summary, "far_date")
    assert "sales/new.csv: 1 record has a date far from all others, such as 2018-04-30 in record 180" in text
    check = chain.checks()["far_dates"]
    assert (check["value"], check["limit"], check["state"]) == ("2018-04-30 in sales/new.csv", "60 days apart", "fail")
    assert check["hint"].startswith(
        "retailstream quarantine withdraw sales/new.csv:180 --reason 'a mistyped year', then"
    )
    assert chain.failing() == ["far_dates"]  # and the newest week is still that of 2010
    assert str(chain.checks()["newest_week_sales"]["value"]).startswith("2010-04-30")
    chain.run()
    assert chain.failing() == ["far_dates"]

    chain.stage(*shlex.split(check["hint"].partition(",")[0])[1:])
    assert chain.run("--max-rejects", "0")["status"] == "ok"
    assert chain.failing() == []
    assert len(chain.clean("sales")) == 13 * 180 - 1


@pytest.mark.slow
def test_a_year_that_is_mistyped_within_the_chains_years_is_far_from_its_files_dates(env: Environment) -> None:
    env.write({"stores/s.csv": KNOWN})
    env.write({f"sales/{number:03}.csv": weekly(number, range(1, 3)) for number in range(70)})
    *lines, last = weekly(70, range(1, 21)).splitlines()
    env.run()
    env.write({"sales/new.csv": csv(*lines, last.replace("/2011", "/2010"))})

    summary = env.run()

    (text,) = warned(summary, "far_date")
    assert "such as 2010-06-10 in record 180" in text
    assert env.checks()["far_dates"]["value"] == "2010-06-10 in sales/new.csv"


@pytest.mark.slow
def test_a_whole_file_of_a_mistyped_year_is_withdrawn_as_a_file(chain: Environment) -> None:
    chain.write({"sales/new.csv": weekly(12, range(1, 21)).replace("/2010", "/2016")})
    assert len(warned(chain.run(), "far_date")) == 1
    check = chain.checks()["far_dates"]
    assert check["hint"].startswith("retailstream quarantine withdraw sales/new.csv --reason")
    chain.stage(*shlex.split(check["hint"].partition(",")[0])[1:])
    chain.run()
    assert chain.failing() == []


@pytest.mark.slow
def test_dates_after_today_are_far_but_for_the_week_that_ends_soon(env: Environment) -> None:
    today = datetime.now(UTC).date()
    soon, late = today + timedelta(days=6), today + timedelta(days=9)
    env.write({"stores/s.csv": KNOWN, "sales/a.csv": csv(SALES, f"1,1,{soon},1,0")})
    env.run()
    assert env.checks()["far_dates"]["state"] == "ok"
    env.write({"sales/b.csv": csv(SALES, f"1,1,{late},1,0")})
    assert "sales/b.csv:1" in warned(env.run(), "far_date")[0]
    assert env.checks()["far_dates"]["value"] == f"{late} in sales/b.csv"


def test_corrections_of_many_years_and_what_came_before_are_not_far(chain: Environment) -> None:
    days = [FRIDAY + timedelta(weeks=number) for number in (0, 3, 11)]
    chain.write({"sales/corrections.csv": csv(SALES, *(f"1,1,{day},9,0" for day in days))})
    four = [FRIDAY - timedelta(weeks=100 + number) for number in range(4)]
    chain.write({"sales/archive.csv": csv(SALES, *(f"1,1,{day},9,0" for day in four))})
    assert warned(chain.run(), "far_date") == []
    assert chain.checks()["far_dates"]["state"] == "ok"


@pytest.mark.slow
def test_a_file_that_rewrites_weeks_long_past_is_warned_of(chain: Environment) -> None:
    old = weekly(0, range(1, 4)).replace(",1,0\n", ",2,0\n")
    chain.write({"sales/new.csv": weekly(13, range(1, 21)), "sales/old.csv": old})
    (text,) = warned(chain.run(), "rewrites_old_weeks")
    assert text.startswith("sales/old.csv has weeks long past, 2010-02-05, whose rows it takes the place of")
    chain.write({"sales/few.csv": csv(SALES, "1,1,05/02/2010,3,0")})
    assert warned(chain.run(), "rewrites_old_weeks") == []  # a correction of one row


@pytest.mark.slow
def test_files_of_which_none_can_be_read_end_a_run_with_3_and_are_named(chain: Environment) -> None:
    chain.write({"sales/a.csv": csv("Store,Department", "1,2"), "sales/b.csv": b""})

    error = chain.run(code=3)["error"]

    assert error.startswith("all 2 new sales files are refused (sales/a.csv: missing_column, ")
    assert "; sales/b.csv: empty_file, 0 bytes); nothing was published" in error
    assert f"retailstream quarantine show {chain.quarantine()[0]['id']};" in error
    assert chain.run(code=3)["error"] == error  # until somebody does something about it
    last = chain.checks()["last_run_glue-merge"]
    assert (last["state"], last["hint"]) == ("fail", error)
    chain.write({"sales/c.csv": weekly(12, range(1, 21))})
    assert chain.run()["status"] == "ok"
    assert chain.failing() == ["open_quarantined_files"]


def test_features_of_which_none_can_be_read_end_with_3(chain: Environment) -> None:
    chain.write({"features/a.csv": csv(FEATURES.replace("Date", "Day"))})
    summary = chain.stage("features", "--source", str(chain.source), code=3)
    assert summary["error"].startswith("the only new features file is refused (features/a.csv: missing_column, ")
