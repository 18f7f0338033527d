"""The suite of `tests/stages/test_corrections.py`, with buckets on S3 and tables in MariaDB."""

from tests.stages.test_corrections import *  # noqa: F403
