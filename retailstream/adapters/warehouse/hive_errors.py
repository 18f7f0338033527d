"""What errors of a HiveServer2 mean to us: to be tried again, to be put right by the user, or neither."""

from __future__ import annotations

import re
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pyhive.exc import Error as HiveError
from thrift.Thrift import TException
from thrift.transport.TTransport import TTransportException

from retailstream.adapters.hadoop_errors import AWAY
from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.adapters.warehouse.hive_address import Address

REFUSED: Final = re.compile(r"Bad status|Bad SASL|Could not start SASL")
"""What thrift_sasl says where the server does not take us for whom we say we are."""

SAID: Final = re.compile(r"(?:Error while (?:compiling|processing) statement|Error running query): *")
CLASS: Final = re.compile(r"^(?:[a-z][\w]*\.)+[A-Z]\w*(?:Exception|Error): *")


class QueryError(Exception):
    """A statement that Hive has refused or not brought to its end; Hive's own sentence."""


def is_passing(error: BaseException) -> bool:
    """Say whether trying again may help."""
    if isinstance(error, TTransportException):
        return not (REFUSED.search(str(error)) or _untrusted(error))
    return isinstance(error, (OSError, EOFError)) or (isinstance(error, QueryError) and bool(AWAY.search(str(error))))


def said(message: object) -> str:
    """Return what Hive said in one line, without the stack that it often sends along.

    `Error while compiling statement: FAILED: SemanticException [Error 10001]: Table not found t` loses its first words.
    """
    line = " ".join(str(message or "no reason").split())
    for pattern in (CLASS, SAID, CLASS):
        line = pattern.sub("", line)
    return line.removeprefix("FAILED: ")[:500]


@contextmanager
def mapped(address: Address) -> Iterator[None]:
    """Turn errors of the server and the driver into ours."""
    try:
        yield
    except (HiveError, QueryError, TException, OSError, EOFError) as error:
        raise _ours(error, address) from error


def _ours(error: Exception, address: Address) -> RetailStreamError:
    cause = getattr(error, "inner", None) or error
    if _untrusted(error):
        return UsageError(f"{address} cannot be trusted: {cause}", hint="check ssl_ca in warehouse.url")
    if REFUSED.search(str(error)):
        return UsageError(
            f"{address} refuses us: {_reason(error)}",
            hint="check user and password in warehouse.url, and hive.auth",
        )
    if is_passing(error):
        return TransientError(f"{address} is not available: {said(cause)}", hint="run the same command again")
    return RetailStreamError(f"{address} failed: {said(error)}", hint="retailstream doctor")


def _untrusted(error: BaseException) -> bool:
    """Say whether a connection failed because the server could not prove who it is."""
    return isinstance(getattr(error, "inner", None), ssl.SSLCertVerificationError)


def _reason(error: BaseException) -> str:
    """`Bad status: 3 (b'Error validating the login')` → `Error validating the login`."""
    text = str(error)
    found = re.fullmatch(r"Bad status: \d+ \(b?['\"]?(.*?)['\"]?\)", text)
    return found[1] if found else text.partition(": ")[2] or text
