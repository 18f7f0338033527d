"""What published tables do that a manifest names: one small object is the version, and nothing older is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retailstream.contracts import SALES
from retailstream.errors import RetailStreamError
from retailstream.publishing import MANIFEST, PublishedTable
from tests.contracts.rows import FEBRUARY, MARCH
from tests.contracts.test_table import new, publish

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.ports import Lake


def test_older_versions_are_gone(lake: Lake, tmp_path: Path) -> None:
    table = PublishedTable(lake, SALES)
    publish(table, tmp_path, "2010-02", FEBRUARY)
    old = publish(table, tmp_path, "2010-03", MARCH)

    manifest = table.publish(old, {"2010-02": new(tmp_path, FEBRUARY[:1]), "2010-03": None}, landing=3)

    assert sorted(lake.sizes("")) == sorted([f"sales/{MANIFEST}", manifest.partitions["2010-02"].file])
    assert not table.intact(old)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"partitions": {}}', b'{"partitions": {"a": {"x": 1}}}', b"\xff"])
def test_a_damaged_manifest_is_named(lake: Lake, data: bytes) -> None:
    lake.write(f"sales/{MANIFEST}", data)
    with pytest.raises(RetailStreamError, match=r"manifest of table 'sales' in .* is damaged"):
        PublishedTable(lake, SALES).manifest()
