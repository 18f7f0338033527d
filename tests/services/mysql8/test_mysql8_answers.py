"""What MySQL answers, and a proxy before it."""

from tests.services.test_mysql_answers import *  # noqa: F403 -- the suite, with the server of this folder
