"""Errors of a MySQL server and its driver as ours, by what each answer means (`adapters/answers/mysql.py`)."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pymysql.err import MySQLError

from retailstream.adapters.answers.kinds import Reaction, by_code
from retailstream.adapters.answers.mysql import ANSWERS
from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.adapters.answers.kinds import Answer
    from retailstream.adapters.database.mysql_address import Address


def code_of(error: BaseException) -> int | None:
    """Return the code of an error of the server or the driver, or None for any other."""
    if not isinstance(error, MySQLError):
        return None
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else -1


def answer_of(error: BaseException) -> Answer | None:
    """Return what an error of the server or the driver is known to mean, or None."""
    code = code_of(error)
    return None if code is None else by_code(ANSWERS, code, _said(error))


def is_passing(error: BaseException) -> bool:
    """Say whether trying again at once may help."""
    found = answer_of(error)
    return found is not None and found.reaction is Reaction.AGAIN and not _untrusted(error)


def wants_inserts(error: BaseException) -> bool:
    """Say whether LOAD DATA LOCAL is switched off, here, there or in between."""
    found = answer_of(error)
    return found is not None and found.reaction is Reaction.OTHER_WAY


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
    found, said = answer_of(error), _said(error)
    if _untrusted(error):
        return UsageError(f"database {address} cannot be trusted: {said}", hint="check ssl_ca in database.url")
    if found is None or found.reaction is Reaction.OTHER_WAY:
        return RetailStreamError(f"database {address} failed: {said}", hint="retailstream doctor")
    if found.reaction.passes:
        return TransientError(f"database {address} is not available: {found.means} ({said})", hint=found.advice)
    if found.reaction is Reaction.USER:
        return UsageError(f"database {address} {found.means}: {said}", hint=found.advice)
    return RetailStreamError(f"database {address} failed: {found.means} ({said})", hint=found.advice)


def _said(error: BaseException) -> str:
    """Return what the server or the driver said, in one line."""
    return " ".join(str(error.args[-1] if error.args else "").split()) or type(error).__name__
