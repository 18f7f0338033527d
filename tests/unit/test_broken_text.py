"""Text that is no UTF-8, found in lines of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retailstream.broken_text import refuse_broken_text
from retailstream.errors import RetailStreamError
from retailstream.relations import Field, Kind, Relation

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = (Field("id", Kind.INT), Field("raw", Kind.BINARY), Field("name", Kind.STRING))


@pytest.mark.parametrize(
    ("key", "told"),
    [((), "in row 3 that is no UTF-8"), (("id",), "in the row id = 9"), (("id", "raw"), "in the row id = 9, raw = ")],
)
def test_the_first_broken_text_is_told_with_its_row(tmp_path: Path, key: tuple[str, ...], told: str) -> None:
    lines = tmp_path / "lines"
    lines.write_text("7,xff,xc3a9\n8,N,N\n9,xff,x61eda0bd\n10,N,xff\n")
    with pytest.raises(RetailStreamError, match=f"^column 'name' of table 't' holds text {told}.*bytes ed a0 bd on$"):
        refuse_broken_text(Relation("t", COLUMNS, key), lines)


def test_text_in_order_and_bytes_of_any_kind_are_not_refused(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text("7,xff,xc3a9\n8,N,N\n9,xeda0bd,x\n")
    refuse_broken_text(Relation("t", COLUMNS, ("id",)), lines)
