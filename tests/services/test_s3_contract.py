"""A bucket keeps the word that every lake gives, and tables published in it that of every table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.lake.s3 import Storage, open_s3
from retailstream.adapters.warehouse.folder import FolderWarehouse
from tests.contracts.test_lake import *  # noqa: F403 -- the suites, with the fixtures below
from tests.contracts.test_table import *  # noqa: F403

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retailstream.ports import Lake, Warehouse


@pytest.fixture(params=["", "/a prefix/within"], ids=["bucket", "prefix"])
def lake(bucket: str, request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    return open_s3(f"{bucket}{request.param}", tmp_path / "copies", Storage())


@pytest.fixture
def over() -> Callable[[Lake], Warehouse]:
    return FolderWarehouse


@pytest.fixture
def warehouse(lake: Lake) -> Warehouse:
    return FolderWarehouse(lake)
