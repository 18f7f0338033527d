"""The suite of `tests/stages/test_twice.py`, with buckets on S3 and tables in MariaDB."""

from tests.stages.test_twice import *  # noqa: F403
