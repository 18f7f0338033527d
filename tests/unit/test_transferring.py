"""What engines of their own read is what the database held before and after, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.adapters.transfer.spark_jdbc import shares
from retailstream.contracts import STORES
from retailstream.errors import RetailStreamError, TransientError
from retailstream.extracts import Extract, Split
from retailstream.fingerprints import Fingerprint
from retailstream.relations import relation_of
from retailstream.transferring import Sharing, StagedTransfer

if TYPE_CHECKING:
    from retailstream.extracts import Extractor, LoadedTables, TableEngine
    from retailstream.ports import Database, Engine

EXTRACT = Extract(relation_of(STORES), "line", "`stores`", "true")


@dataclass
class Changing:
    """A database whose rows are more each time they are looked at, as long as there are numbers left."""

    rows: list[int | None]
    url: str = "mysql://db"
    splits: list[tuple[str | None, int]] = field(default_factory=list)
    extracted: int = 0

    def fingerprint(self, _contract: object, _names: object = None) -> Fingerprint | None:
        rows = self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]
        return None if rows is None else Fingerprint(rows, (), 0)

    def loaded(self, _contract: object, _names: object) -> Extract:
        return EXTRACT

    def split(self, _extract: Extract, column: str | None, parts: int) -> Split | None:
        self.splits.append((column, parts))
        return None

    def extract(self, _extract: Extract, _split: Split | None, work: Path) -> list[Path]:
        self.extracted += 1
        return [work / str(self.extracted)]

    def write_files(self, _contract: object, paths: list[Path], _target: object) -> dict[str, int]:
        return {path.name: 1 for path in paths}


def transfer(database: Changing) -> StagedTransfer:
    ports = (cast("Any", database),) * 5
    return StagedTransfer(
        cast("Database", ports[0]),
        cast("Engine", ports[1]),
        cast("LoadedTables", ports[2]),
        cast("TableEngine", ports[3]),
        cast("Extractor", ports[4]),
        Sharing(4, "store"),
    )


def test_rows_that_rest_are_read_once() -> None:
    database = Changing([7])
    copied = transfer(database).partitions(STORES, None, Path("work"))
    assert (copied.sent.rows, database.extracted, database.splits) == (7, 1, [("store", 4)])
    assert copied.files == {"1": (Path("work/stores-1.parquet"), 1)}


def test_rows_that_changed_meanwhile_are_read_again() -> None:
    database = Changing([7, 8, 8, 8])
    copied = transfer(database).partitions(STORES, None, Path("work"))
    assert (copied.sent.rows, list(copied.files)) == (8, ["2"])


def test_rows_that_never_rest_are_given_up_and_may_be_tried_later() -> None:
    database = Changing(list(range(20)))
    with pytest.raises(TransientError, match=r"table 'stores' of mysql://db changed 3 times while it was read"):
        transfer(database).partitions(STORES, None, Path("work"))
    assert database.extracted == 3


def test_a_table_that_is_gone_is_an_error() -> None:
    with pytest.raises(RetailStreamError, match="table 'stores' is gone from mysql://db"):
        transfer(Changing([None])).partitions(STORES, None, Path("work"))


@given(
    least=st.integers(-(2**63), 2**63 - 1),
    width=st.integers(0, 2**62) | st.integers(0, 9),
    parts=st.integers(2, 9),
    data=st.data(),
)
def test_every_row_belongs_to_exactly_one_share(least: int, width: int, parts: int, data: st.DataObject) -> None:
    conditions = shares(Split("share", least, least + width, parts))
    assert 1 <= len(conditions) <= parts
    share = data.draw(st.integers(least, least + width))
    met = [eval(condition.replace("1 = 1", "True"), {"share": share}) for condition in conditions]
    assert met.count(True) == 1


def test_shares_are_as_large_as_each_other() -> None:
    assert shares(Split("share", 1, 10, 2)) == ["share < 6", "share >= 6"]
    assert shares(Split("share", 0, 2, 3)) == ["share < 1", "share >= 1 and share < 2", "share >= 2"]
    assert shares(None) == ["1 = 1"]
