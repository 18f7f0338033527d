"""A memory in MySQL: the word of every memory, its leases, a server that is away or read-only."""

from tests.services.test_mysql_state import *  # noqa: F403 -- the suite, with the server of this folder
