"""The digest of a file's rows is a function of the rows alone."""

from __future__ import annotations

import hashlib
import json
from functools import reduce
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.parquet import read_table, write_table

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


def by_hand(path: Path) -> str:
    """The definition, with another reader and another MD5."""
    with duckdb.connect() as connection:
        types = [list(row[:2]) for row in connection.execute(f"describe from '{path}'").fetchall()]
    rows = [tuple(row.values()) for row in read_table(path, partitioning=None).to_pylist()]
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


def test_it_depends_neither_on_who_wrote_the_file_nor_on_the_order(
    digest: Callable[[Path], str], tmp_path: Path
) -> None:
    path = sales(tmp_path / "a.parquet")
    table = read_table(path, partitioning=None)
    write_table(table, tmp_path / "b.parquet", compression="snappy", row_group_size=2, use_dictionary=False)
    write_table(table.sort_by([("source_record", "descending")]), tmp_path / "c.parquet", version="1.0")

    paths = [path, tmp_path / "b.parquet", tmp_path / "c.parquet"]
    assert len({path.read_bytes() for path in paths}) == 3
    assert len({digest(path) for path in paths}) == 1


@given(st.data())
def test_any_other_value_gives_another_digest(
    digest: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = sales(folder / "a.parquet")
    table = read_table(path, partitioning=None)
    rows = table.to_pylist()
    row, name = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from(table.column_names))
    others = [value for value in table[name].to_pylist() if value != rows[row][name]] or [None]
    rows[row][name] = data.draw(st.sampled_from([*others, None]))
    schema = pa.schema([field.with_nullable(True) for field in table.schema])
    write_table(pa.Table.from_pylist(rows, schema=schema), folder / "b.parquet")

    same = rows == table.to_pylist()

    assert (digest(path) == digest(folder / "b.parquet")) is same


def test_names_and_types_of_columns_are_part_of_it(digest: Callable[[Path], str], tmp_path: Path) -> None:
    table = read_table(sales(tmp_path / "a.parquet"), partitioning=None)
    renamed = table.rename_columns(["shop", *table.column_names[1:]])
    wider = table.set_column(0, "store", table["store"].cast(pa.int64()))
    for number, other in enumerate((renamed, wider)):
        write_table(other, tmp_path / f"{number}.parquet")
    assert len({digest(path) for path in tmp_path.iterdir()}) == 3


def test_many_files_are_told_apart_in_their_order(tmp_path: Path) -> None:
    paths = [sales(tmp_path / f"[{number}].parquet", LANDED[:number]) for number in (3, 0, 5, 3)]
    with duckdb.connect() as connection:
        one, none, other, again = row_digests(connection, paths)
        assert row_digests(connection, []) == []
    assert one == again
    assert len({one, none, other}) == 3
