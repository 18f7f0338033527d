"""A folder of HDFS keeps the word that every lake gives, and tables published in it that of every table."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.lake.hdfs import open_hdfs
from retailstream.adapters.lake.hdfs_files import Cluster
from retailstream.adapters.warehouse.folder import FolderWarehouse
from tests.contracts.test_lake import *  # noqa: F403 -- the suites, with the fixtures below
from tests.contracts.test_manifest_table import *  # noqa: F403
from tests.contracts.test_table import *  # noqa: F403

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retailstream.ports import Lake, Warehouse
    from tests.services.hadoop import Hadoop


@pytest.fixture
def lake(hdfs: Hadoop, tmp_path: Path) -> Lake:
    place = f"{hdfs.hdfs.removeprefix('hdfs://')}/contract/a folder #{uuid.uuid4().hex}"
    return open_hdfs(place, tmp_path / "copies", Cluster())


@pytest.fixture
def over() -> Callable[[Lake], Warehouse]:
    return FolderWarehouse


@pytest.fixture
def warehouse(lake: Lake) -> Warehouse:
    return FolderWarehouse(lake)
