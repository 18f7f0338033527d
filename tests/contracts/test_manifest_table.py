"""What published tables do that a manifest names: one small object is the version, and nothing older is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from retailstream.contracts import SALES
from retailstream.errors import DamagedError, RetailStreamError
from retailstream.manifest_files import FORMAT, NewerFormatError, decoded
from retailstream.publishing import MANIFEST, PublishedTable
from tests.contracts.rows import FEBRUARY, MARCH
from tests.contracts.test_table import new, publish
from tests.environment import of_format_1, sealed

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


def stored(lake: Lake, tmp_path: Path) -> dict[str, Any]:
    """Return the manifest of a table of one month, as it is stored."""
    publish(PublishedTable(lake, SALES), tmp_path, "2010-02", FEBRUARY, landing=3)
    document: dict[str, Any] = json.loads(lake.read(f"sales/{MANIFEST}") or b"")
    return document


def test_any_flipped_bit_of_a_manifest_is_damage_or_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    stored(lake, tmp_path)
    data = lake.read(f"sales/{MANIFEST}") or b""
    version = decoded(data)
    noticed = 0
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytes((*data[:place], data[place] ^ 1 << bit, *data[place + 1 :]))
            try:
                assert decoded(flipped) == version
            except NewerFormatError as error:
                raise AssertionError(flipped) from error
            except ValueError:
                noticed += 1
    assert noticed > 7 * len(data)


def test_a_manifest_of_before_there_were_checksums_is_read_and_the_next_version_has_one(
    lake: Lake, tmp_path: Path
) -> None:
    document = stored(lake, tmp_path)
    lake.write(f"sales/{MANIFEST}", of_format_1(document))
    table = PublishedTable(lake, SALES)
    version = table.manifest()
    assert (version.landing, version.rows) == (3, 3)

    table.publish(version, {}, landing=3)

    assert json.loads(lake.read(f"sales/{MANIFEST}") or b"") == document
    assert document["format"] == FORMAT


def test_a_manifest_of_a_newer_version_is_refused_and_no_damage(lake: Lake, tmp_path: Path) -> None:
    lake.write(f"sales/{MANIFEST}", sealed(stored(lake, tmp_path) | {"format": FORMAT + 1, "rows": "in another way"}))
    with pytest.raises(
        RetailStreamError, match=rf"'sales' in .* has format {FORMAT + 1}: a newer retailstream wrote it"
    ) as error:
        PublishedTable(lake, SALES).manifest()
    assert not isinstance(error.value, DamagedError)


@pytest.mark.parametrize(
    "change",
    [
        {"landing": 4},
        {"format": 1},
        {"checksum": None},
        {"landing": "3"},
        {"format": 1, "checksum": None, "landing": 2**31},
        {"format": True},
    ],
)
def test_a_manifest_that_was_changed_is_damaged(lake: Lake, tmp_path: Path, change: dict[str, object]) -> None:
    lake.write(f"sales/{MANIFEST}", json.dumps(stored(lake, tmp_path) | change).encode())
    with pytest.raises(DamagedError):
        PublishedTable(lake, SALES).manifest()


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"partitions": {}}', b'{"partitions": {"a": {"x": 1}}}', b"\xff"])
def test_a_damaged_manifest_is_named(lake: Lake, data: bytes) -> None:
    lake.write(f"sales/{MANIFEST}", data)
    with pytest.raises(RetailStreamError, match=r"manifest of table 'sales' in .* is damaged"):
        PublishedTable(lake, SALES).manifest()
