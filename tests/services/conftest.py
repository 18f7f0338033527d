from __future__ import annotations

import pytest

from tests.services.answers import embedded
from tests.services.aws_server import aws, aws_server
from tests.services.hadoop import _hadoop_servers, hadoop, hdfs
from tests.services.mariadb import database_name, mariadb
from tests.services.s3_server import bucket, s3, s3_server

__all__ = [
    "_hadoop_servers",
    "aws",
    "aws_server",
    "bucket",
    "database_name",
    "embedded",
    "hadoop",
    "hdfs",
    "mariadb",
    "s3",
    "s3_server",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares servers in one process: all that needs Hadoop, and each other file."""
    for item in items:
        if "/tests/services/" in str(item.path):
            on_hadoop = {"hadoop", "hdfs"} & set(getattr(item, "fixturenames", ()))
            item.add_marker(pytest.mark.xdist_group("hadoop" if on_hadoop else str(item.path)))
