"""Connections to a MySQL server: strict sessions, and work that is tried again when the server goes away.

PyMySQL is spoken to directly: to import SQLAlchemy takes half a second, which is half of what a whole load takes.
"""

from __future__ import annotations

import logging
import ssl
import time
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pymysql
from pymysql.cursors import SSCursor

from retailstream.adapters.database.mysql_errors import answer_of, is_passing, mapped
from retailstream.errors import RetailStreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tenacity import Retrying

    from retailstream.adapters.database.mysql_address import Address

    Values = Sequence[object]

log = logging.getLogger(__name__)
T = TypeVar("T")

LONG: Final = 1 << 16
"""The longest statement, in characters, for which nobody asks how long one may be."""

LOCK_WAIT: Final = 15
"""Who waits this many seconds for a lock hears of it while there is time to try again."""

SQL_MODE: Final = "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
"""How the server reads SQL and takes values, whatever it is set to itself."""

SESSION: Final = (
    f"set session sql_mode = '{SQL_MODE}', session group_concat_max_len = 8388608,"
    " session net_write_timeout = 600, session net_read_timeout = 600, session lock_wait_timeout = {wait},"
    " session innodb_lock_wait_timeout = {wait}"
)
"""What every session says first, so that nothing is cut to fit and no wait lasts for hours."""

CANCELLING: Final = 1
"""So many seconds the server has to hear that nobody waits for a query any more."""

SNAPSHOT: Final = "start transaction with consistent snapshot, read only"


class Session:
    """One connection."""

    def __init__(self, connection: pymysql.connections.Connection[Any]) -> None:
        self.connection = connection

    def do(self, statement: str, values: Values | None = None) -> int:
        """Run a statement, and return how many rows it concerned."""
        with self.connection.cursor() as cursor:
            return int(cursor.execute(self._fitting(cursor.mogrify(statement, values))))

    def do_many(self, statement: str, rows: Sequence[Values]) -> int:
        """Run a statement for each row of values, and return how many rows all of them concerned."""
        with self.connection.cursor() as cursor:
            for row in rows:
                if sum(len(value) for value in row if isinstance(value, str)) > LONG:
                    self._fitting(cursor.mogrify(statement, row))
            return int(cursor.executemany(statement, rows) or 0)

    def ask(self, query: str, values: Values | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of an answer."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def stream(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of an answer as the server sends them; they must all be taken."""
        with self.connection.cursor(SSCursor) as cursor:
            try:
                cursor.execute(query)
                yield from cursor
            except pymysql.err.MySQLError:
                # PyMySQL 1.2 would read the rest of the answer from the connection that it has just closed.
                if not self.connection.open and (answer := getattr(cursor, "_result", None)):
                    answer.unbuffered_active = False
                raise

    def _fitting(self, statement: str) -> str:
        """Return a statement that the server takes; RetailStreamError for a longer one, at which it would hang up."""
        if len(statement) > LONG and (size := len(statement.encode())) >= (limit := self.limit):
            raise RetailStreamError(
                f"database {self.connection.host}:{self.connection.port} takes no statement of {size:,} bytes:"
                f" its max_allowed_packet is {limit:,}",
                hint="have max_allowed_packet of the server raised above that size",
            )
        return statement

    @cached_property
    def limit(self) -> int:
        """How many bytes a statement may have."""
        with self.connection.cursor() as cursor:
            cursor.execute("select @@max_allowed_packet")
            return int(cursor.fetchall()[0][0])

    def commit(self) -> None:
        """End the transaction; the next statement begins another."""
        self.connection.commit()


class _Connection(pymysql.connections.Connection):
    """A connection that takes TLS where it is offered, as PyMySQL does, but reads no authorities to check nobody by."""

    def _create_ssl_ctx(self, asked: ssl.SSLContext | dict[str, str]) -> ssl.SSLContext:
        if isinstance(asked, ssl.SSLContext):
            return asked
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


class Server:
    """One database on one server; nothing is connected before the first piece of work."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._patience = address.options.retry_seconds
        self._reader: Session | None = None

    def read(self, work: Callable[[Session], T]) -> T:
        """Return what work in one transaction, which sees one moment, gives; it may be tried several times."""
        return self._patiently(lambda: self._read(work))

    def write(self, work: Callable[[Session], T]) -> T:
        """Return what work on a connection of its own gives; it may be tried several times, so it must begin anew.

        The connection may send files, of which a server may ask any: none is open longer than a load.
        """
        return self._patiently(lambda: self._write(work))

    def begin(self, first: str) -> Session:
        """Return a connection of its own, in a transaction that began with this query; its owner closes it."""

        def attempt() -> Session:
            session = self._connect(local_infile=False)
            try:
                session.ask(first)
            except BaseException:
                session.connection.close()
                raise
            return session

        return self._patiently(attempt)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._reader:
            self._reader.connection.close()
            self._reader = None

    def _read(self, work: Callable[[Session], T]) -> T:
        session = self._alive() or self._connect(local_infile=False)
        self._reader = None
        try:
            with self._cancelling(session):
                session.do(SNAPSHOT)
                found = work(session)
                session.commit()
        except BaseException:
            session.connection.close()
            raise
        self._reader = session
        return found

    def _alive(self) -> Session | None:
        """Return the connection of the last reading, unless it was lost since."""
        if self._reader:
            with suppress(pymysql.err.MySQLError):
                self._reader.connection.ping(reconnect=False)
                return self._reader
        return None

    def _write(self, work: Callable[[Session], T]) -> T:
        session = self._connect(local_infile=self.address.options.local_infile)
        with closing(session.connection), self._cancelling(session):
            return work(session)

    @contextmanager
    def _cancelling(self, session: Session) -> Iterator[None]:
        """Have the server end a query that a signal takes us away from: it would go on until it has a row to send."""
        try:
            yield
        except Exception:
            raise
        except BaseException:
            number = session.connection.thread_id()  # type: ignore[no-untyped-call]
            with suppress(pymysql.err.MySQLError, OSError):
                short = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), CANCELLING)
                other = _Connection(**{**self.address.connect_arguments(), **short})
                with closing(other), other.cursor() as cursor:
                    cursor.execute(f"kill query {number:d}")
            raise

    def _connect(self, *, local_infile: bool) -> Session:
        lock_wait = max(1, min(LOCK_WAIT, int(self.address.options.retry_seconds)))
        session = Session(
            _Connection(
                **self.address.connect_arguments(),
                init_command=SESSION.format(wait=lock_wait),
                local_infile=local_infile,
                autocommit=False,
            )
        )
        session.do("set session transaction isolation level repeatable read")
        return session

    def _patiently(self, attempt: Callable[[], T]) -> T:
        began, patience = time.monotonic(), self._patience
        self._patience = 0  # whoever has waited in vain once does not wait again
        with mapped(self.address):
            try:
                found = attempt()
            except pymysql.err.MySQLError as error:
                left = patience - (time.monotonic() - began)
                if not is_passing(error) or left <= 0:
                    raise
                self._tell(error)
                found = self._retrying(left)(attempt)
        self._patience = self.address.options.retry_seconds
        return found

    def _retrying(self, seconds: float) -> Retrying:
        import tenacity  # noqa: PLC0415 -- a twentieth of a second that is seldom needed

        def tell(state: tenacity.RetryCallState) -> None:
            if state.outcome and (error := state.outcome.exception()):
                self._tell(error)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_passing),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            stop=tenacity.stop_before_delay(seconds),
            before_sleep=tell,
            reraise=True,
        )

    def _tell(self, error: BaseException) -> None:
        found = answer_of(error)
        log.info("database %s: %s; trying again", self.address, found.means if found else error)


@contextmanager
def open_server(address: Address) -> Iterator[Server]:
    """Open a server for the block."""
    server = Server(address)
    try:
        yield server
    finally:
        server.close()
