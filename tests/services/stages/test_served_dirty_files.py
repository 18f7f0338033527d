"""The suite of `tests/stages/test_dirty_files.py`, with buckets on S3 and tables in MariaDB."""

from tests.stages.test_dirty_files import *  # noqa: F403
