from __future__ import annotations

import random
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.contracts import STORES
from retailstream.records import JOINED_OPTIONS, PLAIN_OPTIONS, SPOOL_COLUMNS, join, records, spool, survey
from retailstream.records.surveying import LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BOM = "\ufeff"
ODD = ' ,"\r\n\tab#\\;é€😀\x0b\x1a\x01\x7f\x85\u2028\ufeff'
SMALL_BUFFERS = ", buffer_size = 1000, max_line_size = 1000"

Rows = list[tuple[str, ...]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landed")


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        yield connection


def landed(folder: Path, text: str) -> Path:
    path = folder / "stores.csv"
    path.write_bytes(text.encode())
    return path


def read_by_duckdb(engine: duckdb.DuckDBPyConnection, path: Path, options: str, columns: Sequence[str]) -> Rows:
    typed = ", ".join(f"'{column}': 'varchar'" for column in columns)
    engine.execute(f"create or replace table t as from read_csv('{path}', {options}, columns = {{{typed}}})")
    return [tuple(value or "" for value in row) for row in engine.execute("from t order by rowid").fetchall()]


def read_by_us(path: Path) -> Rows:
    found = [record for record in records(path, survey(path, STORES), STORES) if record.defect is None]
    assert [record.number for record in found] == list(range(1, len(found) + 1))
    return [tuple(value or "" for value in record.fields) for record in found]


def as_spooled(path: Path) -> Rows:
    return [
        (str(record.number), record.ignored or "", "", "", "", *(value or "" for value in record.fields))
        if record.defect is None
        else (str(record.number), "", record.defect.rule, record.defect.column or "", record.defect.value, "", "", "")
        for record in records(path, survey(path, STORES), STORES)
    ]


def check_spool(engine: duckdb.DuckDBPyConnection, path: Path, more: str = "") -> None:
    target = path.with_name("spool.csv")
    done = spool(path, survey(path, STORES), STORES, target)
    expected = as_spooled(path)
    options = done.options if not more else done.options.partition(", max_line_size")[0] + more

    assert read_by_duckdb(engine, target, options, (*SPOOL_COLUMNS, *STORES.names)) == expected
    assert done.records == len(expected)


FIELD = st.text(st.sampled_from("1aé€😀 \t#\\;'\x0b\x1a\x85\u2028\ufeff\uffff"), max_size=4)


def is_row(fields: Sequence[str]) -> bool:
    """Say whether a line has more than separators, which is as good as blank."""
    return bool("".join(fields).strip(" \t"))


ROW = st.lists(FIELD, min_size=3, max_size=3).filter(is_row)


@given(
    table=st.lists(ROW, max_size=6),
    end=st.sampled_from(["\n", "\r\n"]),
    start=st.sampled_from(["", BOM]),
    last_end=st.booleans(),
)
def test_duckdb_reads_a_plain_file_as_we_do(
    engine: duckdb.DuckDBPyConnection, folder: Path, *, table: list[list[str]], end: str, start: str, last_end: bool
) -> None:
    text = start + end.join(["Store,Type,Size", *map(",".join, table)])
    path = landed(folder, text + (end if last_end else ""))
    found = survey(path, STORES)
    theirs = read_by_duckdb(engine, path, PLAIN_OPTIONS, STORES.names)

    assert found.plain
    assert theirs == read_by_us(path)
    assert len(theirs) == found.records


PIECE = st.sampled_from(["\n1,A,2", "\n,,", "\r\n1,A,2", "\r\n , ,", "\n", "\r\n", "\r", ",", '"', "é", " ", ""])


@given(end=st.sampled_from(["\n", "\r\n"]), text=st.lists(PIECE, max_size=5).map("".join))
def test_whatever_is_called_plain_is_read_alike(
    engine: duckdb.DuckDBPyConnection, folder: Path, *, end: str, text: str
) -> None:
    path = landed(folder, f"Store,Type,Size{end}{text}")
    if survey(path, STORES).plain:
        assert read_by_duckdb(engine, path, PLAIN_OPTIONS, STORES.names) == read_by_us(path)


def table(seed: int, letters: str, longest: int) -> Iterator[list[str]]:
    dice = random.Random(seed)
    for _ in range(120):
        reach = longest if dice.random() < 0.1 else 5
        row = ["".join(dice.choices(letters, k=dice.randint(0, reach))) for _ in STORES.names]
        if is_row(row):
            yield row


@pytest.mark.parametrize("seed", range(20))
def test_a_plain_file_may_cross_the_buffers_of_duckdb(
    engine: duckdb.DuckDBPyConnection, folder: Path, seed: int
) -> None:
    end = ["\n", "\r\n"][seed % 2]
    text = "".join(",".join(row) + end for row in table(seed, " \tab\\#é😀", longest=60))
    path = landed(folder, f"Store,Type,Size{end}{text}")

    assert survey(path, STORES).plain
    assert read_by_duckdb(engine, path, PLAIN_OPTIONS + SMALL_BUFFERS, STORES.names) == read_by_us(path)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        (b"store,type\r\n1,A\r\n2,B", b"7,1,A\n7,2,B\n"),
        (b"store,type\n1,A\n2,B\n", b"7,1,A\n7,2,B\n"),
        (b"\n1", b"7,1\n"),
        (b"store,type\n", b""),
        (b"store,type", b""),
        (b"", b""),
    ],
)
def test_joined_records_stand_behind_the_number_of_their_file(folder: Path, text: bytes, joined: bytes) -> None:
    (folder / "part.csv").write_bytes(text)
    join([(7, folder / "part.csv")], folder / "joined.csv")
    assert (folder / "joined.csv").read_bytes() == joined


def check_joined(engine: duckdb.DuckDBPyConnection, folder: Path, texts: Sequence[str], options: str) -> None:
    paths = [folder / f"part{place}.csv" for place in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode())
    assert all(survey(path, STORES).plain for path in paths)
    join([(place * 40_000, path) for place, path in enumerate(paths)], folder / "joined.csv")

    assert read_by_duckdb(engine, folder / "joined.csv", options, ("number", *STORES.names)) == [
        (str(place * 40_000), *row) for place, path in enumerate(paths) for row in read_by_us(path)
    ]


PLAIN_TEXT = st.builds(
    lambda table, end, start, last_end: (
        start + end.join(["Store,Type,Size", *map(",".join, table)]) + (end if last_end else "")
    ),
    table=st.lists(ROW, max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
    start=st.sampled_from(["", BOM]),
    last_end=st.booleans(),
)


@given(texts=st.lists(PLAIN_TEXT, max_size=4))
def test_plain_files_that_were_joined_are_read_as_each_of_them(
    engine: duckdb.DuckDBPyConnection, folder: Path, texts: list[str]
) -> None:
    check_joined(engine, folder, texts, JOINED_OPTIONS)


@pytest.mark.parametrize("seed", range(8))
def test_joined_files_may_cross_the_buffers_of_duckdb(
    engine: duckdb.DuckDBPyConnection, folder: Path, seed: int
) -> None:
    ends = ["\n", "\r\n", "\n"]
    texts = [
        f"Store,Type,Size{end}" + "".join(",".join(row) + end for row in table(3 * seed + place, " \tab#é", longest=60))
        for place, end in enumerate(ends)
    ]

    check_joined(engine, folder, texts, JOINED_OPTIONS.partition(", buffer_size")[0] + SMALL_BUFFERS)


def test_the_longest_plain_line_may_be_joined(engine: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The number of its file makes a line longer than a plain one may be."""
    line = "1,A," + "x" * (LINE_BYTES - 5)
    check_joined(engine, folder, [f"Store,Type,Size\n{line}\n2,B,3\n"] * 2, JOINED_OPTIONS)


def quoted(fields: Sequence[str]) -> str:
    return ",".join('"' + field.replace('"', '""') + '"' for field in fields)


@given(
    table=st.lists(st.lists(st.text(st.sampled_from(ODD), max_size=5), min_size=2, max_size=3), max_size=6),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_duckdb_reads_a_spool_back(
    engine: duckdb.DuckDBPyConnection, folder: Path, *, table: list[list[str]], end: str
) -> None:
    check_spool(engine, landed(folder, "Store,Type,Size" + end + "".join(quoted(row) + end for row in table)))


@pytest.mark.parametrize("seed", range(20))
def test_a_spool_may_cross_the_buffers_of_duckdb(engine: duckdb.DuckDBPyConnection, folder: Path, seed: int) -> None:
    text = "".join(quoted(row) + "\n" for row in table(seed, ODD[: 5 + seed], longest=40))

    check_spool(engine, landed(folder, "Store,Type,Size\n" + text), SMALL_BUFFERS)


def test_a_defect_is_spooled_with_its_column(engine: duckdb.DuckDBPyConnection, folder: Path) -> None:
    path = folder / "stores.csv"
    path.write_bytes(b'Store,Type,Size\n1,"A\xff"",",2\n1,2\n')
    target = folder / "spool.csv"
    done = spool(path, survey(path, STORES), STORES, target)

    assert read_by_duckdb(engine, target, done.options, (*SPOOL_COLUMNS, *STORES.names)) == [
        ("1", "", "encoding", "type", 'A\\xff",', "", "", ""),
        ("2", "", "columns", "", "2 fields, 3 expected", "", "", ""),
    ]


def test_a_spooled_line_may_be_longer_than_duckdb_expects(engine: duckdb.DuckDBPyConnection, folder: Path) -> None:
    check_spool(engine, landed(folder, "Store,Type,Size\n1,A," + "x" * 3_000_000 + "\n2,B,3\n"))
