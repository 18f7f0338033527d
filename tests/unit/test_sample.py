"""A sample is a chain as it might be: the same one each time, and shaped like the public set."""

from __future__ import annotations

import csv
import errno
import hashlib
import tracemalloc
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from retailstream.errors import RetailStreamError, UsageError
from retailstream.sample import write_sample
from retailstream.sample.weeks import easter, friday, is_holiday

if TYPE_CHECKING:
    from pathlib import Path

FLAGGED = {date(2010, 2, 12), date(2010, 9, 10), date(2010, 11, 26), date(2010, 12, 31)} | {
    *(date(2011, 2, 11), date(2011, 9, 9), date(2011, 11, 25), date(2011, 12, 30)),
    *(date(2012, 2, 10), date(2012, 9, 7), date(2012, 11, 23), date(2012, 12, 28), date(2013, 2, 8)),
}
"""As in the public set."""


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def digest(folder: Path) -> str:
    return hashlib.sha256(repr(contents(folder)).encode()).hexdigest()


def rows(folder: Path, dataset: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for path in sorted((folder / dataset).iterdir()):
        with path.open(newline="") as stream:
            found += csv.DictReader(stream)
    return found


def day(text: str) -> date:
    return date(int(text[6:]), int(text[3:5]), int(text[:2]))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, stores=6, depts=30, weeks=104)
    return folder


def test_the_same_arguments_give_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_sample(tmp_path / name, stores=3, depts=9, weeks=12, seed=7, dirty=0.3)

    assert digest(tmp_path / "one") == digest(tmp_path / "other")
    assert digest(tmp_path / "one") == "5be32cbbeccafa2c22d315aa4a0f978cdfada31a8571f09ea1b727ca6c9c78b6"


def test_another_seed_gives_another_chain(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_sample(tmp_path / str(seed), stores=3, depts=3, weeks=3, seed=seed)

    one, other = contents(tmp_path / "1"), contents(tmp_path / "2")
    assert one.keys() == other.keys()
    assert all(one[file] != other[file] for file in one)


def test_a_report_counts_what_is_there(tmp_path: Path) -> None:
    report = write_sample(tmp_path / "new" / "folder", stores=4, depts=7, weeks=11, dirty=0.0)

    files = contents(tmp_path / "new" / "folder")
    assert report.files == len(files)
    assert report.bytes == sum(len(data) for data in files.values())
    assert report.rows == {name: len(rows(tmp_path / "new" / "folder", name)) for name in report.rows}
    assert report.rows["stores"] == 4
    assert report.rows["features"] == 4 * (11 + 3)
    assert report.spoilt == 0


def test_files_are_named_and_headed_as_promised(chain: Path) -> None:
    files = contents(chain)

    weeks = [file for file in files if file.startswith("sales/")]
    assert weeks == [f"sales/sales_{friday(index)}.csv" for index in range(104)]
    heads = {file.partition("/")[0]: data.partition(b"\n")[0].decode() for file, data in files.items()}
    assert heads == {
        "sales": "Store,Dept,Date,Weekly_Sales,IsHoliday",
        "features": "Store,Date,Temperature,Fuel_Price,MarkDown1,MarkDown2,MarkDown3,MarkDown4,MarkDown5,CPI,"
        "Unemployment,IsHoliday",
        "stores": "Store,Type,Size",
    }
    assert sum(file.startswith("features/") for file in files) > 1


def test_a_week_has_every_store_and_no_key_twice(chain: Path) -> None:
    for path in (chain / "sales").iterdir():
        with path.open(newline="") as stream:
            keys = [(row["Store"], row["Dept"]) for row in csv.DictReader(stream)]
        assert {store for store, _ in keys} == {"1", "2", "3", "4", "5", "6"}
        assert len(set(keys)) == len(keys)


def test_every_date_is_a_friday_flagged_by_the_calendar(chain: Path) -> None:
    for dataset, count in (("sales", 104), ("features", 104 + 29)):
        flags = {(day(row["Date"]), row["IsHoliday"]) for row in rows(chain, dataset)}
        assert len(flags) == count
        for friday_, flag in flags:
            assert friday_.weekday() == 4
            assert flag == str(friday_ in FLAGGED)


@pytest.mark.parametrize(
    ("final", "flagged"),
    [
        (date(2021, 2, 7), date(2021, 2, 12)),
        (date(2022, 2, 13), date(2022, 2, 18)),
        (date(2025, 2, 9), date(2025, 2, 14)),
    ],
)
def test_the_super_bowl_moved_by_a_week_in_2022(final: date, flagged: date) -> None:
    assert final <= flagged < final + timedelta(days=7)
    assert [d for d in (flagged + timedelta(weeks=w) for w in range(-3, 4)) if is_holiday(d)] == [flagged]


def test_every_year_has_four_flagged_weeks() -> None:
    flagged = [friday(index) for index in range(52 * 60) if is_holiday(friday(index))]

    assert {year: sum(d.year == year for d in flagged) for year in range(2010, 2069)} == dict.fromkeys(
        range(2010, 2069), 4
    )


def test_easter_is_where_the_church_puts_it() -> None:
    assert [easter(year) for year in (2010, 2011, 2012, 2038)] == [
        *(date(2010, 4, 4), date(2011, 4, 24), date(2012, 4, 8), date(2038, 4, 25)),
    ]


def test_thanksgiving_and_christmas_tower_over_the_year(chain: Path) -> None:
    weekly: dict[date, float] = {}
    for row in rows(chain, "sales"):
        weekly[day(row["Date"])] = weekly.get(day(row["Date"]), 0.0) + float(row["Weekly_Sales"])

    ordinary = sorted(weekly.values())[52]
    best = sorted(weekly, key=lambda week: -weekly[week])
    assert set(best[:2]) == {date(2010, 12, 24), date(2011, 12, 23)}
    assert 1.2 < weekly[date(2010, 11, 26)] / ordinary < 1.8
    assert weekly[date(2011, 1, 28)] < ordinary


def test_departments_have_a_heavy_tail_gaps_and_returns(chain: Path) -> None:
    sold: dict[str, list[float]] = {}
    for row in rows(chain, "sales"):
        sold.setdefault(row["Dept"], []).append(float(row["Weekly_Sales"]))

    totals = sorted((sum(amounts) for amounts in sold.values()), reverse=True)
    assert totals[0] > 1000 * totals[-1]
    assert sum(totals[:9]) > 0.5 * sum(totals)
    assert len({len(amounts) for amounts in sold.values()}) > 5
    negative = sum(amount < 0 for amounts in sold.values() for amount in amounts)
    assert 0 < negative < 0.02 * sum(len(amounts) for amounts in sold.values())


def test_features_go_on_after_the_sales_and_thin_out(tmp_path: Path) -> None:
    write_sample(tmp_path, stores=3, depts=1, weeks=143)

    weekly: dict[date, list[dict[str, str]]] = {}
    for row in rows(tmp_path, "features"):
        weekly.setdefault(day(row["Date"]), []).append(row)
    weeks = [weekly[week] for week in sorted(weekly)]
    assert len(weeks) == 182
    assert {row[f"MarkDown{number}"] for week in weeks[:92] for row in week for number in range(1, 6)} == {""}
    assert all(any(row["MarkDown1"] for row in week) for week in weeks[92:])
    assert any(not row["MarkDown2"] for week in weeks[92:] for row in week)
    assert [all(row["CPI"] and row["Unemployment"] for row in week) for week in weeks] == [True] * 169 + [False] * 13
    assert all(row["Temperature"] and float(row["Fuel_Price"]) > 0 for week in weeks for row in week)
    summer, winter = (
        sum(float(row["Temperature"]) for week in sorted(weekly) if week.month == month for row in weekly[week])
        for month in (7, 1)
    )
    assert summer > 1.3 * winter


def test_fuel_moves_in_small_steps(chain: Path) -> None:
    by_store: dict[str, list[float]] = {}
    for row in rows(chain, "features"):
        by_store.setdefault(row["Store"], []).append(float(row["Fuel_Price"]))
    for prices in by_store.values():
        assert max(abs(after - before) for before, after in pairwise(prices)) < 0.4


def test_the_smallest_chain_is_one(tmp_path: Path) -> None:
    report = write_sample(tmp_path, stores=1, depts=1, weeks=1)

    assert report.rows == {"sales": 1, "features": 2, "stores": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features", "sales", "stores"]


@pytest.mark.parametrize("arguments", [{"stores": 0}, {"depts": 0}, {"weeks": -1}, {"weeks": 10**9}, {"dirty": 1.0}])
def test_arguments_out_of_bounds_are_refused(tmp_path: Path, arguments: dict[str, int]) -> None:
    with pytest.raises(UsageError) as caught:
        write_sample(tmp_path / "new", **arguments)

    assert caught.value.hint
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    with pytest.raises(UsageError) as caught:
        write_sample(tmp_path)
    assert "not empty" in caught.value.message
    assert caught.value.hint
    assert contents(tmp_path) == {"mine.txt": b"precious"}
    with pytest.raises(UsageError):
        write_sample(tmp_path / "mine.txt")


def test_what_cannot_be_written_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_more: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "folder"))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)

    with pytest.raises(RetailStreamError, match="cannot be written") as caught:
        write_sample(tmp_path / "folder", stores=1, depts=1, weeks=1)
    assert caught.value.exit_code == 1


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match=r"file, which the sample's folder .* lies in, is no folder"):
        write_sample(tmp_path / "file" / "folder", stores=1, depts=1, weeks=1)


def test_memory_does_not_grow_with_the_weeks(tmp_path: Path) -> None:
    write_sample(tmp_path / "warm", stores=2, depts=10, weeks=2, dirty=0.1)
    peaks = []
    for weeks in (10, 60):
        tracemalloc.start()
        write_sample(tmp_path / str(weeks), stores=2, depts=10, weeks=weeks, dirty=0.1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.1 * peaks[0]
