from __future__ import annotations

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
