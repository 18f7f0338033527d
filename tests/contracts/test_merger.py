"""What a merger tells of checked files before it merges them; how it checks and merges is in `tests/stages`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.engine.duckdb import open_duckdb
from retailstream.adapters.engine.spark import open_spark
from retailstream.adapters.lake.folder import FolderLake
from retailstream.contracts import CONTRACTS
from retailstream.ports import FileDate, FileFigures, LakeFile, LandedFile, RowCounts, StoreFigures
from retailstream.records import survey
from tests.environment import SALES, STORES, csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retailstream.ports import Merger


@pytest.fixture
def merger(tmp_path: Path) -> Iterator[Merger]:
    with open_duckdb(tmp_path / "work", memory="500MB") as engine:
        yield engine


def landed(folder: Path, dataset: str, *contents: str) -> Sequence[LandedFile]:
    """Return files of one landing, with numbers from 1."""
    lake, found = FolderLake(folder / "raw"), []
    for number, content in enumerate(contents, start=1):
        (folder / "new.csv").write_text(content)
        lake.put(f"{number}.csv", folder / "new.csv")
        path = lake.fetch(f"{number}.csv")
        source = LakeFile(lake, f"{number}.csv", path)
        found.append(LandedFile(number, 1, f"{dataset}/{number}.csv", source, survey(path, CONTRACTS[dataset])))
    return found


def test_each_file_is_told_by_itself(merger: Merger, tmp_path: Path) -> None:
    files = landed(
        tmp_path,
        "sales",
        csv(SALES, "1,1,05/02/2010,1,0", "1,1,2010-02-05,2,0", "1,2,2010-02-20,3,0", "2,1,05/02/2010,x,0", "x,1,1,1,1"),
        csv(SALES),
        csv(SALES, "1,1,05/02/2010,9,0", "3,1,12/02/2010,1,0", "3,1,13/02/2010,1,0"),
    )

    checked = merger.check(CONTRACTS["sales"], files, settled=[(1, 4), (3, 3)])

    assert list(checked.files()) == [
        # 5 February is a Friday and 2 May a Sunday; 20 February is a Saturday, and there is no month 20.
        # 12 February is a Friday and 2 December a Thursday.
        FileFigures(1, 4, 1, 2, date(2010, 2, 5), date(2010, 2, 20), (0, 0, 0, 0, 2, 1, 0), 2, (0, 0, 0, 0, 0, 0, 2)),
        FileFigures(2, 0, 0, 0),
        FileFigures(3, 2, 0, 0, date(2010, 2, 5), date(2010, 2, 12), (0, 0, 0, 0, 2, 0, 0), 2, (0, 0, 0, 1, 0, 0, 1)),
    ]
    assert list(checked.dates()) == [
        FileDate(1, date(2010, 2, 5), 2, 1),
        FileDate(1, date(2010, 2, 20), 1, 3),
        FileDate(3, date(2010, 2, 5), 1, 1),
        FileDate(3, date(2010, 2, 12), 1, 2),
    ]
    assert list(checked.stores()) == [StoreFigures(1, 4, 0), StoreFigures(3, 1, 0), StoreFigures(None, 1, 1)]
    assert list(checked.stores(refused=[3])) == [StoreFigures(1, 3, 0), StoreFigures(None, 1, 1)]


def test_a_table_without_dates_has_none(merger: Merger, tmp_path: Path) -> None:
    files = landed(tmp_path, "stores", csv(STORES, "1,A,1", "1,A,1", "2,A,2", "3,?,3"))
    (figures,) = merger.check(CONTRACTS["stores"], files, settled=()).files()
    assert (figures, figures.accepted) == (FileFigures(1, 4, 1, 2), 3)


def test_a_refused_file_is_in_no_figure_of_the_merge(merger: Merger, tmp_path: Path) -> None:
    files = landed(
        tmp_path,
        "sales",
        csv(SALES, "1,1,05/02/2010,1,0", "1,2,05/02/2010,2,0"),
        csv(SALES, "1,1,05/02/2010,3,0", "1,1,05/03/2010,3,0", "x,1,05/02/2010,3,0"),
    )
    merge = merger.check(CONTRACTS["sales"], files, settled=()).merge(current={}, refused=[2])
    assert merge.counts == RowCounts(2, 2, 0, 0, 0, 0)
    assert list(merge.rejects()) == []
    assert dict(merge.partitions()) == {"2010-02": 2}


def test_rows_are_counted_by_the_landed_file_they_came_in(merger: Merger, tmp_path: Path) -> None:
    lines = ("1,1,05/02/2010,1,0", "1,2,12/03/2010,2,0"), ("1,1,05/02/2010,3,0", "2,2,05/02/2010,4,0")
    files = landed(tmp_path, "sales", *(csv(SALES, *some) for some in lines))
    merge = merger.check(CONTRACTS["sales"], files, settled=()).merge(current={})
    paths = {name: tmp_path / f"month={name}" / "rows.parquet" for name in merge.partitions()}
    for path in paths.values():
        path.parent.mkdir()
    assert sorted(merge.write(paths)) == ["2010-02", "2010-03"]

    pytest.importorskip("pyarrow")
    with open_spark(tmp_path / "spark", memory="1GB") as spark:  # which needs no session for that
        for engine in (merger, spark):
            assert engine.origins(list(paths.values())) == {(1, "sales/1.csv"): 1, (1, "sales/2.csv"): 2}
            assert engine.origins([]) == {}


def written(merger: Merger, folder: Path, *contents: str, month: str = "2010-02") -> bytes:
    """Return the file of a month of a merge of these files."""
    merge = merger.check(CONTRACTS["sales"], landed(folder, "sales", *contents), settled=()).merge(current={})
    paths = {name: folder / f"{name}.parquet" for name in merge.partitions()}
    assert sorted(merge.write(paths)) == sorted(paths)
    return paths[month].read_bytes()


def test_a_month_has_the_same_bytes_whatever_is_merged_with_it(merger: Merger, tmp_path: Path) -> None:
    """A null in another month, or in a row that loses, is none of this one."""
    visits = f"{SALES},Customers"
    february = csv(visits, "1,1,2010-02-05,1,0,7", "1,2,2010-02-05,2,0,8")
    alone = written(merger, tmp_path, february)
    for other in ("1,1,2010-03-05,1,0,", "1,1,2010-03-05,1,0,9"):
        assert written(merger, tmp_path, february, csv(visits, other)) == alone
