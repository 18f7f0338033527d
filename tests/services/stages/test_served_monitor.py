"""The suite of `tests/stages/test_monitor.py`, with buckets on S3 and tables in MariaDB."""

from tests.stages.test_monitor import *  # noqa: F403
