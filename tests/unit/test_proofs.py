"""The proof of rows of any shape is the same whoever works it out, and no change of a value escapes it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailstream.adapters.database.tally import Tally
from retailstream.adapters.engine.duckdb import open_duckdb
from retailstream.adapters.engine.duckdb_tables import DuckDbTables
from retailstream.contracts import CONTRACTS
from retailstream.proofs import Proof, whole
from retailstream.relations import NULL, Field, Kind, Relation, relation_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.adapters.engine.duckdb import DuckDbEngine

TABLE = Relation(
    "t",
    (
        Field("tiny", Kind.TINYINT),
        Field("big", Kind.BIGINT),
        Field("money", Kind.DECIMAL, 12, 2),
        Field("widest", Kind.DECIMAL, 38, 10),
        Field("part", Kind.DECIMAL, 4, 4),
        Field("count", Kind.DECIMAL, 38, 0),
        Field("text", Kind.STRING),
        Field("raw", Kind.BINARY),
        Field("day", Kind.DATE),
        Field("at", Kind.TIMESTAMP),
        Field("flag", Kind.BOOLEAN),
        Field("ratio", Kind.DOUBLE),
    ),
)


def decimals(digits: int, places: int) -> st.SearchStrategy[str]:
    most = 10**digits - 1
    return st.integers(-most, most).map(lambda number: plain(number, places))


def plain(number: int, places: int) -> str:
    digits = str(abs(number)).rjust(places + 1, "0")
    point = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else digits
    return f"-{point}" if number < 0 else point


FIELDS: tuple[st.SearchStrategy[str], ...] = (
    st.integers(-128, 127).map(str),
    st.integers(-(2**63), 2**63 - 1).map(str),
    decimals(12, 2),
    decimals(38, 10),
    decimals(4, 4),
    decimals(38, 0),
    st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: "x" + text.encode().hex().upper()),
    st.binary(max_size=20).map(lambda raw: "x" + raw.hex().upper()),
    st.dates().map(date.isoformat),
    st.datetimes().map(lambda at: at.isoformat(sep=" ", timespec="microseconds")),
    st.sampled_from("01"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
ROWS = st.lists(st.tuples(*(st.none() | field for field in FIELDS)), max_size=8)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDbEngine]:
    with TemporaryDirectory() as folder, open_duckdb(Path(folder, "work"), memory="500MB") as engine:
        yield engine


def tallied(rows: Sequence[Sequence[str | None]], lines: Path | None = None) -> Proof:
    tally = Tally(TABLE)
    text = "".join(f"{tally.add(row)}\n" for row in rows)
    if lines:
        lines.write_text(text)
    return tally.proof()


@given(rows=ROWS)
@settings(max_examples=25, deadline=None)
def test_rows_reckoned_one_by_one_have_the_proof_of_their_file(engine: DuckDbEngine, rows: list[Any]) -> None:
    files = DuckDbTables(engine)
    with TemporaryDirectory() as name:
        folder = Path(name)
        proof = tallied(rows, folder / "lines")
        assert files.write_lines(TABLE, folder / "lines", folder / "a.parquet") == len(rows)
        assert files.proof(TABLE, [folder / "a.parquet"]).difference(proof) is None
        files.write_rows(TABLE, [folder / "a.parquet"], folder / "b.parquet")
        assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()


ROW = (
    "1",
    "2",
    "3.00",
    "4.0000000000",
    "0.5000",
    "6",
    "x61",
    "x00",
    "2020-01-01",
    "2020-01-01 00:00:00.000000",
    "1",
    "0.5",
)
OTHER = (
    "2",
    "3",
    "3.01",
    "4.0000000001",
    "0.5001",
    "7",
    "x62",
    "x01",
    "2020-01-02",
    "2020-01-01 00:00:00.000001",
    "0",
    "0.75",
)


@pytest.mark.parametrize("place", range(len(ROW)), ids=TABLE.names)
@pytest.mark.parametrize("null", [True, False], ids=["null", "other"])
def test_another_value_anywhere_is_another_proof(place: int, null: bool) -> None:
    changed = list[str | None](ROW)
    changed[place] = None if null else OTHER[place]
    assert tallied([ROW, ROW]).difference(tallied([ROW, changed])) is not None
    assert tallied([ROW, ROW]).digest != tallied([ROW, changed]).digest


def test_two_rows_that_swap_a_value_are_told_by_their_lines() -> None:
    one, two = list(ROW), list(OTHER)
    before = tallied([one, two])
    one[6], two[6] = two[6], one[6]
    assert tallied([one, two]).difference(before) == "another value in some row"


@pytest.mark.parametrize(
    ("rows", "difference"),
    [
        ([ROW], "1 rows against 2"),
        ([ROW, (*ROW[:2], None, *ROW[3:])], "a number of values of money of 1 against 2"),
        ([ROW, (*ROW[:2], "2.00", *ROW[3:])], "a smallest money of 2.00 against 3.00"),
        ([ROW, (*ROW[:2], "9.00", *ROW[3:])], "a largest money of 9.00 against 3.00"),
    ],
)
def test_a_difference_is_told_in_words(rows: Sequence[Sequence[str | None]], difference: str) -> None:
    assert tallied(rows).difference(tallied([ROW, ROW])) == difference


def test_the_order_of_rows_does_not_matter() -> None:
    assert tallied([ROW, OTHER]) == tallied([OTHER, ROW])


@pytest.mark.parametrize(
    ("value", "places", "number"),
    [
        (Decimal("-1.50"), 2, -150),
        ("-1|-50", 2, -(10**18) - 50),
        (Decimal("9" * 38 + "." + "9" * 20), 20, int("9" * 58)),
        (7, 0, 7),
        (Decimal("1E+3"), 1, 10_000),
        (None, 2, None),
    ],
)
def test_sums_are_whole_numbers_of_any_length(value: object, places: int, number: int | None) -> None:
    assert whole(value, places) == number


def test_the_tables_of_the_contracts_are_tables_like_any() -> None:
    for contract in CONTRACTS.values():
        relation = relation_of(contract)
        assert [column.sql_type for column in relation.columns] == [column.sql_type for column in contract.columns]
        assert (relation.names, relation.key) == (contract.names, contract.key)


def test_null_is_a_field_that_no_value_has() -> None:
    assert Tally(TABLE).add([None] * len(ROW)) == ",".join([NULL] * len(ROW))
    assert datetime.fromisoformat(ROW[9])
