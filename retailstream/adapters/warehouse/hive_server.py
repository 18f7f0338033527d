"""Statements put to a HiveServer2: awaited with progress, cancelled when interrupted, tried again when it was away.

PyHive speaks to the server; see ADR 22 for what of it is used, and what is not.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pyhive import hive
from pyhive.exc import Error as HiveError
from TCLIService import TCLIService, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TException
from thrift.transport.TTransport import TTransportException

from retailstream.adapters.warehouse.hive_errors import QueryError, is_passing, mapped, said
from retailstream.adapters.warehouse.hive_transport import wire_to
from retailstream.ports import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retailstream.adapters.warehouse.hive_address import Address
    from retailstream.ports import Progress, Row

log = logging.getLogger(__name__)
T = TypeVar("T")

POLLS: Final = (0.02, 0.05, 0.1, 0.2)
"""Seconds between two looks at a statement at work: first short ones, then the last for good."""

SESSION: Final = 60
"""Seconds that a busy server may take for a new session."""

_STATES: Final = ttypes.TOperationState
_AT_WORK: Final = {_STATES.INITIALIZED_STATE, _STATES.RUNNING_STATE, _STATES.PENDING_STATE}


@dataclass(frozen=True)
class Rows:
    """An answer: the names of its columns, and its rows as PyHive has them (a DATE is text)."""

    columns: tuple[str, ...]
    rows: list[Row]


class HiveServer:
    """One HiveServer2; a session begins with the first statement, in the database `default`."""

    def __init__(self, address: Address, progress: Progress = no_progress) -> None:
        self.address = address
        self.progress = progress
        self._patience = address.options.retry_seconds
        self._session: Any = None

    def do(self, statement: str, *, what: str = "hive") -> None:
        """Run a statement to its end; one that may be run twice is tried again when the server goes away.

        Raises TransientError where the server is away, UsageError where it refuses us, RetailStreamError with Hive's
        own sentence where the statement fails. `what` names it in the progress.
        """
        self._patiently(lambda: self._run(statement, what))

    def do_once(self, statement: str, *, what: str = "hive") -> None:
        """Run a statement that must not run twice: only the connection is tried again."""
        with mapped(self.address):
            self._patiently(self._connected)
            self._run(statement, what)

    def ask(self, query: str, *, what: str = "hive") -> Rows:
        """Return the answer to a query; errors as with `do`."""
        return self._patiently(lambda: self._run(query, what))

    def close(self) -> None:
        """End the session, if there is one."""
        if self._session:
            with suppress(HiveError, TException, OSError):
                self._session.close()
            self._drop()

    def _run(self, statement: str, what: str) -> Rows:
        self.progress(what, 0, 100)
        cursor = self._connected().cursor(arraysize=10_000)
        try:
            cursor.execute(statement, async_=True)
            self._await(cursor, what)
            columns = tuple(str(column[0]).rpartition(".")[2] for column in cursor.description or ())
            rows = cursor.fetchall() if columns else []
            cursor.close()
        except (HiveError, QueryError) as error:
            with suppress(HiveError):
                cursor.close()
            raise QueryError(_message(error)) from error
        except TTransportException:
            self._drop()
            raise
        except BaseException:
            self._cancel(cursor._operationHandle)  # noqa: SLF001 -- PyHive's own cancel needs a wire in order
            raise
        return Rows(columns, rows)

    def _await(self, cursor: Any, what: str) -> None:  # noqa: ANN401 -- PyHive has no types
        looks = 0
        while (found := cursor.poll()).operationState in _AT_WORK:
            if shown := found.progressUpdateResponse:
                self.progress(what, round(100 * (shown.progressedPercentage or 0)), 100)
            time.sleep(POLLS[min(looks, len(POLLS) - 1)])
            looks += 1
        if found.operationState != _STATES.FINISHED_STATE:
            name = _STATES._VALUES_TO_NAMES[found.operationState].removesuffix("_STATE").lower()  # noqa: SLF001
            raise QueryError(found.errorMessage or f"the statement was {name}")

    def _connected(self) -> Any:  # noqa: ANN401 -- PyHive has no types
        if self._session is None:
            wire, silence = wire_to(self.address), self.address.options.read_timeout
            wire.open()
            wire.transport.open = lambda: None  # PyHive opens what it is given; a session may take longer than a wire
            wire.allow(min(SESSION, silence))
            try:
                self._session = hive.Connection(thrift_transport=wire.transport, username=self.address.user)
            except HiveError as error:
                wire.transport.close()
                raise QueryError(_message(error)) from error
            wire.allow(silence)
        return self._session

    def _cancel(self, operation: object) -> None:
        """Cancel a statement over a wire of its own, as ours may be in the middle of an answer; end the session."""
        session, wire = self._session, wire_to(self.address)
        with suppress(HiveError, TException, OSError):
            wire.open()
            try:
                client = TCLIService.Client(TBinaryProtocol(wire.transport))
                if operation:
                    client.CancelOperation(ttypes.TCancelOperationReq(operation))
                if session:
                    client.CloseSession(ttypes.TCloseSessionReq(session.sessionHandle))
            finally:
                wire.transport.close()
        self._drop()

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session:
            with suppress(TException, OSError):
                session._transport.close()  # noqa: SLF001 -- PyHive's own close speaks to the server first

    def _patiently(self, attempt: Callable[[], T]) -> T:
        began, patience = time.monotonic(), self._patience
        self._patience = 0  # whoever has waited in vain once does not wait again
        with mapped(self.address):
            try:
                found = attempt()
            except Exception as error:
                left = patience - (time.monotonic() - began)
                if not is_passing(error) or left <= 0:
                    raise
                found = self._again(attempt, error, left)
        self._patience = self.address.options.retry_seconds
        return found

    def _again(self, attempt: Callable[[], T], error: Exception, seconds: float) -> T:
        import tenacity  # noqa: PLC0415 -- a twentieth of a second that is seldom needed

        log.info("%s: %s; trying again", self.address, said(error))
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_passing),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            stop=tenacity.stop_before_delay(seconds),
            reraise=True,
        )
        return retrying(attempt)


@contextmanager
def open_hive_server(address: Address, progress: Progress = no_progress) -> Iterator[HiveServer]:
    """Open a server for the block; nothing is connected before the first statement."""
    server = HiveServer(address, progress)
    try:
        yield server
    finally:
        server.close()


def _message(error: Exception) -> str:
    """Return what Hive said; PyHive hands the whole response on."""
    response = error.args[0] if error.args else ""
    return str(getattr(getattr(response, "status", None), "errorMessage", None) or response)
