"""The suite of `tests/stages/test_dirty_fields.py`, with buckets on S3 and tables in MariaDB."""

from tests.stages.test_dirty_fields import *  # noqa: F403
