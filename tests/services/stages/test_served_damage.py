"""The suite of `tests/stages/test_damage.py`, with buckets on S3 and tables in MariaDB."""

from tests.stages.test_damage import *  # noqa: F403
