"""MySQL keeps the word about tables of any shape."""

from tests.services.test_mysql_tables import *  # noqa: F403 -- the suite, with the server of this folder
