"""MySQL keeps the word that every relational database gives."""

from tests.services.test_mysql_contract import *  # noqa: F403 -- the suite, with the server of this folder
