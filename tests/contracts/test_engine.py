"""What every engine does with clean files; how it checks and merges raw ones is in `tests/stages`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retailstream.contracts import FEATURES, SALES
from retailstream.contracts import STORES as STORES_TABLE
from retailstream.fingerprints import PRIME, Fingerprint
from retailstream.ports import DatedRows
from tests.contracts.rows import EXTREMES, FEBRUARY, MARCH, MOST, STORES, parquet, read, sale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.contracts import Column, Contract
    from retailstream.ports import Engine, Row


def as_text(column: Column) -> str:
    return f"cast({column.name} as varchar)"


def from_text(column: Column) -> str:
    return f"cast({column.name} as {column.sql_type})"


def test_rows_of_all_files_come_by_key_and_encoded(engine: Engine, tmp_path: Path) -> None:
    paths = [parquet(tmp_path / "b", SALES, MARCH[::-1]), parquet(tmp_path / "a", SALES, FEBRUARY[::-1])]

    batches = list(engine.rows(SALES, paths, as_text))

    assert [row for batch in batches for row in batch] == [
        ("1", "1", "2010-02-05", "1.10", "false", None),
        ("1", "1", "2010-03-05", "4.40", "false", None),
        ("1", "2", "2010-02-05", "2.20", "false", None),
        ("2", "1", "2010-02-05", "3.30", "false", None),
        ("2", "1", "2010-03-05", "5.50", "false", None),
    ]


def test_rows_are_dumped_by_key_with_tabs_between_and_nothing_quoted(engine: Engine, tmp_path: Path) -> None:
    paths = [
        parquet(tmp_path / "b", STORES_TABLE, [(3, ",", 1), (2, '"', 2)]),
        parquet(tmp_path / "a", STORES_TABLE, STORES[:1]),
    ]

    sent = engine.dump(STORES_TABLE, paths, as_text, tmp_path / "a text")

    assert (tmp_path / "a text").read_bytes() == b'1\tA\t151315\n2\t"\t2\n3\t,\t1\n'
    assert sent == engine.fingerprint(STORES_TABLE, paths)


def test_no_files_are_dumped_as_an_empty_one(engine: Engine, tmp_path: Path) -> None:
    sent = engine.dump(SALES, [], as_text, tmp_path / "text")
    assert (tmp_path / "text").read_bytes() == b""
    assert sent.rows == 0


def test_no_files_have_no_rows(engine: Engine) -> None:
    assert [row for batch in engine.rows(SALES, [], as_text) for row in batch] == []
    assert engine.fingerprint(SALES, []) == Fingerprint(
        0,
        (("weekly_sales", 0), ("is_holiday", 0), ("customers", 0)),
        0,
        ranges=(("weekly_sales", None, None), ("customers", None, None)),
    )
    assert engine.orphans([], []) == []


def test_a_profile_counts_rows_nulls_and_dates(engine: Engine, tmp_path: Path) -> None:
    paths = [parquet(tmp_path / "b", SALES, MARCH), parquet(tmp_path / "a", SALES, FEBRUARY)]

    profile = engine.profile(SALES, paths)

    assert (profile.rows, profile.nulls) == (5, {"customers": 5})
    assert list(profile.weeks) == [(date(2010, 3, 5), 2), (date(2010, 2, 5), 3)]


def test_no_files_have_an_empty_profile(engine: Engine) -> None:
    profile = engine.profile(FEATURES, [])
    assert (profile.rows, list(profile.weeks)) == (0, [])
    assert profile.nulls == dict.fromkeys([column.name for column in FEATURES.columns if not column.required], 0)


def test_text_becomes_one_file_a_month_by_key(engine: Engine, tmp_path: Path) -> None:
    text = tmp_path / "a text"
    rows = [*EXTREMES, *FEBRUARY[1:2]]
    lines = [",".join("" if value is None else str(value) for value in row) for row in reversed(rows)]
    text.write_text("".join(f"{line}\n" for line in lines))

    counts = engine.write_text(SALES, text, from_text, lambda month: tmp_path / f"{month}.parquet")

    assert counts == {"0001-01": 1, "2010-02": 3, "2012-02": 1, "9999-12": 1}
    assert read([tmp_path / f"{month}.parquet" for month in counts], SALES) == sorted(rows, key=lambda row: row[:3])
    february = [row for batch in engine.rows(SALES, [tmp_path / "2010-02.parquet"], as_text) for row in batch]
    assert [row[:2] for row in february] == [("1", "2"), ("1", "999999999"), ("2", "1")]


def test_text_of_a_table_without_months_becomes_one_file(engine: Engine, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("2,z,999999999\n1,A,151315\n")
    assert engine.write_text(STORES_TABLE, text, from_text, lambda name: tmp_path / name) == {"all": 2}
    assert read([tmp_path / "all"], STORES_TABLE) == list(STORES)


def test_text_without_rows_makes_no_file(engine: Engine, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("")
    assert engine.write_text(SALES, text, from_text, lambda name: tmp_path / name) == {}


def test_the_same_rows_are_written_as_the_same_bytes(engine: Engine, tmp_path: Path) -> None:
    written = []
    for lines in ("2,z,1\n1,A,2\n", "1,A,2\n2,z,1\n"):
        (tmp_path / "text").write_text(lines)
        engine.write_text(STORES_TABLE, tmp_path / "text", from_text, lambda name: tmp_path / name)
        written.append((tmp_path / "all").read_bytes())
    assert written[0] == written[1]


def test_a_fingerprint_knows_no_order_and_no_files(engine: Engine, tmp_path: Path) -> None:
    one = engine.fingerprint(SALES, [parquet(tmp_path / "one", SALES, [*FEBRUARY, *MARCH])])
    two = engine.fingerprint(
        SALES, [parquet(tmp_path / "b", SALES, MARCH[::-1]), parquet(tmp_path / "a", SALES, FEBRUARY)]
    )
    assert one == two
    assert one.rows == 5
    assert dict(one.sums) == {"weekly_sales": 1650, "is_holiday": 0, "customers": 0}


@pytest.mark.parametrize(
    "other",
    [
        FEBRUARY[:2],
        (*FEBRUARY[:2], sale(2, 1, "2010-02-05", "3.31")),
        (*FEBRUARY[:2], sale(2, 1, "2010-02-05", "3.30", holiday=True)),
        (*FEBRUARY[:2], sale(2, 1, "2010-02-05", "3.30", visits=1)),
        (*FEBRUARY[:2], sale(1, 3, "2010-02-05", "3.30")),
        (*FEBRUARY[:2], sale(2, 1, "2010-02-12", "3.30")),
        (*FEBRUARY[:2], FEBRUARY[1][:3] + FEBRUARY[2][3:]),
    ],
    ids=["lost", "money", "holiday", "customers", "key", "date", "doubled"],
)
def test_a_fingerprint_tells_any_difference(
    engine: Engine, tmp_path: Path, other: tuple[tuple[object, ...], ...]
) -> None:
    one = engine.fingerprint(SALES, [parquet(tmp_path / "one", SALES, FEBRUARY)])
    two = engine.fingerprint(SALES, [parquet(tmp_path / "two", SALES, other)])
    assert one != two
    assert one.difference(two)


def test_the_figures_are_those_of_the_rows_and_letters_that_changed_places_are_told(
    engine: Engine, tmp_path: Path
) -> None:
    one = engine.fingerprint(STORES_TABLE, [parquet(tmp_path / "one", STORES_TABLE, [(1, "A", 7), (2, "B", 8)])])
    two = engine.fingerprint(STORES_TABLE, [parquet(tmp_path / "two", STORES_TABLE, [(1, "B", 7), (2, "A", 8)])])
    assert one.sums == two.sums == (("size", 15),)
    assert one.difference(two) == "other values at some keys"

    sales = [sale(1, 1, "2010-02-05", "1.10", holiday=True, visits=3), sale(2, 1, "2010-02-05", "2", visits=4)]
    found = engine.fingerprint(SALES, [parquet(tmp_path / "sales", SALES, sales)])
    assert found.sums == (("weekly_sales", 310), ("is_holiday", 1), ("customers", 7))
    assert found.ranges == (("weekly_sales", 110, 200), ("customers", 3, 4))
    hashed = [
        (store * 31 + dept * 1_000_003 + (day - date(1970, 1, 1)).days * 7_919) % 2_147_483_647
        for store, dept, day in ((1, 1, date(2010, 2, 5)), (2, 1, date(2010, 2, 5)))
    ]
    assert found.keys == sum(hashed)
    factors = [pow(48_271, place, PRIME) % 2**26 for place in (4, 5, 6)]
    values = [
        sum((value + PRIME) * factor for value, factor in zip(row, factors, strict=True))
        for row in ((110, 1, 3), (200, 0, 4))
    ]
    whole = [(key * key + value) % PRIME for key, value in zip(hashed, values, strict=True)]
    assert found.values == tuple(sum(row**power % PRIME for row in whole) for power in (1, 2, 3))


WEEKS = [sale(1, 1, day, "10.00", visits=0) for day in ("2010-02-05", "2010-02-12", "2010-02-19", "2010-02-26")]


@pytest.mark.parametrize(
    "cents", [(1, -1, 0, 0), (1, -2, 1, 0), (1, -3, 3, -1), (100, 0, 0, -100), (1, 1, -1, -1)], ids=str
)
def test_cents_that_move_between_keys_are_told(engine: Engine, tmp_path: Path, cents: tuple[int, ...]) -> None:
    moved = [(*row[:3], Decimal(1000 + cent) / 100, *row[4:]) for row, cent in zip(WEEKS, cents, strict=True)]
    assert told(engine, tmp_path, SALES, WEEKS, moved)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("5.00", True, 3), ("5.00", False, 3)),
        (("5.00", False, None), ("5.00", False, 0)),
        (("5.00", False, 2), ("5.00", False, 3)),
        (("-5.00", False, 2), ("5.00", False, 2)),
    ],
    ids=["holiday", "null", "customers", "sign"],
)
def test_values_that_change_places_are_told(
    engine: Engine, tmp_path: Path, before: tuple[str, bool, int | None], after: tuple[str, bool, int | None]
) -> None:
    def rows(*values: tuple[str, bool, int | None]) -> list[Row]:
        return [
            sale(store, 1, "2010-02-05", amount, holiday=holiday, visits=visits)
            for store, (amount, holiday, visits) in enumerate(values, start=1)
        ]

    assert told(engine, tmp_path, SALES, rows(before, after), rows(after, before))


@given(
    st.lists(
        st.tuples(st.integers(-(10**12) + 1, 10**12 - 1), st.none() | st.integers(0, MOST)), min_size=2, max_size=5
    ),
    st.data(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_that_change_values_are_told(
    engine: Engine, tmp_path: Path, values: list[tuple[int, int | None]], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(values))
    one, two = (
        [
            sale(1, dept, "2010-02-05", str(Decimal(cents) / 100), visits=visits)
            for dept, (cents, visits) in enumerate(v)
        ]
        for v in (values, mixed)
    )
    assert told(engine, tmp_path, SALES, one, two) == (values != mixed)


def test_measurements_that_change_places_are_told(engine: Engine, tmp_path: Path) -> None:
    def row(store: int, degrees: str | None) -> Row:
        given = None if degrees is None else Decimal(degrees)
        return (store, date(2010, 2, 5), given, *[None] * 8, False, None)

    warm, cold = "42.3100000001", "-99999999.0000000001"
    for a, b in ((warm, cold), (warm, None), ("0", None)):
        assert told(engine, tmp_path, FEATURES, [row(1, a), row(2, b)], [row(1, b), row(2, a)])


def told(engine: Engine, folder: Path, contract: Contract, one: Sequence[Row], two: Sequence[Row]) -> bool:
    """Say whether the fingerprints of rows differ."""
    before, after = (
        engine.fingerprint(contract, [parquet(folder / name, contract, rows)])
        for name, rows in (("before", one), ("after", two))
    )
    return before.difference(after) is not None


@pytest.mark.parametrize("contract", [SALES, FEATURES, STORES_TABLE], ids=lambda contract: contract.name)
def test_every_contract_has_a_fingerprint(engine: Engine, tmp_path: Path, contract: Contract) -> None:
    assert engine.fingerprint(contract, [parquet(tmp_path / "none", contract, [])]) == engine.fingerprint(contract, [])


def test_orphans_are_stores_with_sales_that_no_store_file_knows(engine: Engine, tmp_path: Path) -> None:
    sales = [
        parquet(tmp_path / "a", SALES, [sale(store, 1, "2010-02-05", "1") for store in (7, 2, 30, 1)]),
        parquet(tmp_path / "b", SALES, [sale(7, 2, "2010-03-05", "1")]),
    ]
    stores = [parquet(tmp_path / "stores", STORES_TABLE, STORES)]
    assert engine.orphans(sales, stores) == [7, 30]
    assert engine.orphans(sales, []) == [1, 2, 7, 30]
    assert engine.orphans([], stores) == []


def test_the_newest_date_of_each_store_up_to_a_day(engine: Engine, tmp_path: Path) -> None:
    paths = [
        parquet(tmp_path / "a", SALES, FEBRUARY),
        parquet(tmp_path / "b", SALES, [*MARCH[:1], sale(3, 1, "2010-03-06", "1")]),
    ]
    assert engine.last_dates(paths, date(2010, 3, 5)) == {1: date(2010, 3, 5), 2: date(2010, 2, 5)}
    assert engine.last_dates(paths, date(2010, 3, 4)) == {1: date(2010, 2, 5), 2: date(2010, 2, 5)}
    assert engine.last_dates([], date(2010, 3, 4)) == {}


def test_rows_of_some_days_and_of_files_with_dates_far_apart(engine: Engine, tmp_path: Path) -> None:
    days = {
        (1, "sales/a.csv"): ["2010-02-05", "2010-02-05", "2010-04-06"],  # 60 days
        (1, "sales/b.csv"): ["2010-02-05", "2010-04-07", "2010-02-05"],  # 61 days
        (2, "sales/b.csv"): ["2010-04-07"],
        (3, "sales/c.csv"): ["2018-10-26"] * 25,
    }
    rows = [
        (*sale(1, dept, day, "1"), landing, file, dept)
        for (landing, file), dates in days.items()
        for dept, day in enumerate(dates, start=1)
    ]
    paths = [
        parquet(tmp_path / f"{half}", SALES, rows[half::2], lineage=True)  # of one file in two partitions, too
        for half in range(2)
    ]

    def found(gap: int, *wanted: date) -> list[DatedRows]:
        return list(engine.scattered(paths, gap=gap, days=wanted))

    wide = [
        DatedRows(1, "sales/b.csv", date(2010, 2, 5), 2, (1, 3), 3),
        DatedRows(1, "sales/b.csv", date(2010, 4, 7), 1, (2,), 3),
    ]
    assert found(61) == []
    assert found(60) == wide
    assert found(60, date(2018, 10, 26))[:2] == wide
    assert found(99, date(2018, 10, 26)) == [
        DatedRows(3, "sales/c.csv", date(2018, 10, 26), 25, tuple(range(1, 21)), 25)
    ]
    assert found(61, date(2010, 4, 7)) == [wide[1], DatedRows(2, "sales/b.csv", date(2010, 4, 7), 1, (1,), 1)]
    assert list(engine.scattered([], gap=60, days=[])) == []


@pytest.mark.parametrize("name", ["a b*.parquet", "month=2010-09 [1]?.parquet", "ä'x\"y.parquet", "store=9"])
def test_a_path_means_just_itself(engine: Engine, tmp_path: Path, name: str) -> None:
    (tmp_path / "store=77").mkdir()
    plain = parquet(tmp_path / "plain", SALES, FEBRUARY)
    path = plain.rename(tmp_path / "store=77" / name)
    parquet(tmp_path / "store=77" / "a bc.parquet", SALES, MARCH)
    rows = [row for batch in engine.rows(SALES, [path], as_text) for row in batch]
    assert [row[0] for row in rows] == ["1", "1", "2"]
    assert engine.fingerprint(SALES, [path]).rows == 3
