"""What errors of a MySQL server mean to us: to be tried again, to be put right by the user, or neither."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pymysql.err import MySQLError

from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.adapters.database.mysql_address import Address

PASSING: Final = {
    0: "the connection is closed",
    1040: "too many connections",
    1053: "the server is shutting down",
    1077: "the server is shutting down",
    1079: "the server is shutting down",
    1152: "the connection was broken off",
    1158: "a network error",
    1159: "a network timeout",
    1160: "a network error",
    1161: "a network timeout",
    1203: "too many connections of this user",
    1205: "a lock is held by another transaction",
    1213: "a deadlock with another transaction",
    1927: "the connection was killed",
    2002: "no connection",
    2003: "no connection",
    2006: "the server has gone away",
    2013: "the connection was lost",
    2014: "the connection was lost",
    2055: "the connection was lost",
    4031: "the server closed an idle connection",
}
"""What is worth another try, by the server's or the driver's code."""

REFUSED: Final = {1044, 1045, 1049, 1130, 1251, 1698, 1862, 3118, 3159, 4151}
"""User, password, database or host: more tries would not help."""

FORBIDDEN: Final = {1148, 2068, 3948, 3950, 4166}
"""LOAD DATA LOCAL is switched off here or there."""


def code_of(error: BaseException) -> int | None:
    """Return the code of an error of the server or the driver, or None for any other."""
    if not isinstance(error, MySQLError):
        return None
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else -1


def is_passing(error: BaseException) -> bool:
    """Say whether trying again may help."""
    return code_of(error) in PASSING and not _untrusted(error)


def _untrusted(error: BaseException) -> bool:
    """Say whether a connection failed because the server could not prove who it is."""
    return isinstance(getattr(error, "original_exception", None), ssl.SSLError)


@contextmanager
def mapped(address: Address) -> Iterator[None]:
    """Turn errors of the server and the driver into ours."""
    try:
        yield
    except MySQLError as error:
        raise _ours(error, address) from error


def _ours(error: MySQLError, address: Address) -> RetailStreamError:
    code = code_of(error)
    said = _said(error)
    if _untrusted(error):
        return UsageError(f"database {address} cannot be trusted: {said}", hint="check ssl_ca in database.url")
    if code in PASSING:
        return TransientError(
            f"database {address} is not available: {PASSING[code]} ({said})", hint="run the same command again"
        )
    if code in REFUSED:
        return UsageError(
            f"database {address} refuses us: {said}", hint="check user, password and database of database.url"
        )
    return RetailStreamError(f"database {address} failed: {said}", hint="retailstream doctor")


def _said(error: MySQLError) -> str:
    """Return what the server or the driver said, in one line."""
    return " ".join(str(error.args[-1] if error.args else "").split()) or type(error).__name__
