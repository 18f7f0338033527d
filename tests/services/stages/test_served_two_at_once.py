"""The suite of `tests/resume/test_two_at_once.py`, with buckets on S3 and leases in MariaDB."""

from tests.resume.conftest import zygote  # noqa: F401
from tests.resume.test_two_at_once import *  # noqa: F403
