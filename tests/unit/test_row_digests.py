"""The digest of a file's rows is a function of the rows alone."""

from __future__ import annotations

import hashlib
import json
from functools import reduce
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.adapters.engine.row_digests import row_digests
from retailstream.contracts import SALES
from retailstream.contracts import STORES as STORES_TABLE
from tests.contracts.rows import EXTREMES, FEBRUARY, STORES, parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.ports import Row

LANDED = [(*row, 1, "sales/a\x1fb.csv", number) for number, row in enumerate((*FEBRUARY, *EXTREMES), start=1)]


@pytest.fixture(scope="module")
def digest() -> Iterator[Callable[[Path], str]]:
    with duckdb.connect() as connection:
        yield lambda path: row_digests(connection, [path])[0]


def sales(path: Path, rows: Sequence[Row] = LANDED, contract: Contract = SALES) -> Path:
    return parquet(path, contract, rows, lineage=contract is SALES)


def rows_of(path: Path) -> list[Row]:
    with duckdb.connect() as connection:
        found: list[Row] = connection.execute(f"from '{path}'").fetchall()
        return found


def rewritten(path: Path, target: Path, query: str = "from {}", how: str = "") -> Path:
    """Write what a query makes of a file into another one."""
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query.format(repr(str(path)))}) to '{target}' (format parquet{how})")
    return target


def by_hand(path: Path) -> str:
    """The definition, with another MD5."""
    with duckdb.connect() as connection:
        types = [list(row[:2]) for row in connection.execute(f"describe from '{path}'").fetchall()]
    rows = rows_of(path)
    texts = ("\x1f".join("" if value is None else _text(value) for value in row) for row in rows)
    numbers = (int.from_bytes(hashlib.md5(text.encode()).digest(), "little") for text in texts)
    figure = reduce(int.__xor__, numbers, 0)
    return hashlib.sha256(json.dumps([1, types, len(rows), f"{figure:032x}"]).encode()).hexdigest()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("contract", "rows"), [(SALES, LANDED), (SALES, []), (STORES_TABLE, STORES)], ids=["sales", "none", "stores"]
)
def test_a_digest_is_what_it_is_said_to_be(
    digest: Callable[[Path], str], tmp_path: Path, contract: Contract, rows: Sequence[Row]
) -> None:
    path = sales(tmp_path / "a.parquet", rows, contract)
    assert digest(path) == by_hand(path)


def test_it_depends_neither_on_how_the_file_is_written_nor_on_the_order(
    digest: Callable[[Path], str], tmp_path: Path
) -> None:
    path = sales(tmp_path / "a.parquet")
    paths = [
        path,
        rewritten(path, tmp_path / "b.parquet", how=", compression gzip, row_group_size 2, parquet_version v2"),
        rewritten(path, tmp_path / "c.parquet", "from {} order by source_record desc"),
    ]

    assert len({path.read_bytes() for path in paths}) == 3
    assert len({digest(path) for path in paths}) == 1


@given(st.data())
def test_any_other_value_gives_another_digest(
    digest: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("any")
    rows = [list(row) for row in LANDED]
    row, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, len(rows[0]) - 1))
    rows[row][column] = data.draw(st.sampled_from([*(other[column] for other in rows), None]))

    same = [tuple(row) for row in rows] == LANDED

    path = sales(folder / "b.parquet", [tuple(row) for row in rows])
    assert (digest(sales(folder / "a.parquet")) == digest(path)) is same


def test_names_and_types_of_columns_are_part_of_it(digest: Callable[[Path], str], tmp_path: Path) -> None:
    path = sales(tmp_path / "a.parquet")
    rewritten(path, tmp_path / "b.parquet", "select store as shop, * exclude (store) from {}")
    rewritten(path, tmp_path / "c.parquet", "select store::bigint as store, * exclude (store) from {}")
    assert len({digest(path) for path in tmp_path.iterdir()}) == 3


def test_many_files_are_told_apart_in_their_order(tmp_path: Path) -> None:
    paths = [sales(tmp_path / f"[{number}].parquet", LANDED[:number]) for number in (3, 0, 5, 3)]
    with duckdb.connect() as connection:
        one, none, other, again = row_digests(connection, paths)
        assert row_digests(connection, []) == []
    assert one == again
    assert len({one, none, other}) == 3
