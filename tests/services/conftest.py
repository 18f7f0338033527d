from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.answers import embedded
from tests.services.aws_server import aws, aws_server
from tests.services.hadoop import _hadoop_servers, hadoop, hdfs
from tests.services.mariadb import database_name, mariadb
from tests.services.s3_server import bucket, s3, s3_proxy, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    "s3_proxy",
    "s3_server",
]


@pytest.fixture(scope="session", autouse=True)
def _sparks_of_tests_are_short() -> Iterator[None]:
    """Have Java compile quickly instead of well: half the work of a session of Spark is compiling."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC")
        yield
