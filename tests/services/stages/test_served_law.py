"""The suite of `tests/stages/test_law.py`, with buckets on S3 and tables in MariaDB."""

from tests.stages.test_law import *  # noqa: F403
