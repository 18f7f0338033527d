"""Connections to a MySQL server: strict sessions, TLS, tokens, and work that is tried again when a server goes away."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_random_exponential

from retailstream.adapters.database.mysql_errors import PASSING, code_of, is_passing, mapped
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection, Engine

    from retailstream.adapters.database.mysql_address import Address

log = logging.getLogger(__name__)
T = TypeVar("T")

LOCK_WAIT: Final = 15
"""Who waits this many seconds for a lock hears of it while there is time to try again."""

SESSION: Final = (
    "set session sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION', session group_concat_max_len = 8388608,"
    " session net_write_timeout = 600, session net_read_timeout = 600, session innodb_lock_wait_timeout = "
)
"""What every session says first, so that nothing is cut to fit."""


class Server:
    """One database on one server; nothing is connected before the first piece of work."""

    def __init__(self, address: Address) -> None:
        self.address = address

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what work in one transaction, which sees one moment, gives; it may be tried several times."""
        return self._patiently(lambda: self._within(self._readers, work))

    def write(self, work: Callable[[Connection], T]) -> T:
        """Return what work on a connection of its own gives; it may be tried several times, so it must begin anew."""
        return self._patiently(lambda: self._within(self._writers, work))

    def close(self) -> None:
        """Close every connection."""
        for name in ("_readers", "_writers"):
            if engine := self.__dict__.get(name):
                engine.dispose()

    def _patiently(self, attempt: Callable[[], T]) -> T:
        retrying = Retrying(
            retry=retry_if_exception(is_passing),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=stop_before_delay(self.address.options.retry_seconds),
            before_sleep=self._tell,
            reraise=True,
        )
        with mapped(self.address):
            return retrying(attempt)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        what = PASSING.get((code_of(error) if error else None) or 0)
        log.info("database %s: %s; trying again (%d)", self.address, what, state.attempt_number)

    @staticmethod
    def _within(engine: Engine, work: Callable[[Connection], T]) -> T:
        with engine.connect() as connection:
            return work(connection)

    @cached_property
    def _readers(self) -> Engine:
        return self._engine(local_infile=False, pool_pre_ping=True)

    @cached_property
    def _writers(self) -> Engine:
        """Connections that may send files, and end with their work, temporary tables included.

        A server may ask such a connection for any file of ours: none is open longer than a load.
        """
        return self._engine(local_infile=self.address.options.local_infile, poolclass=NullPool)

    def _engine(self, *, local_infile: bool, **extra: Any) -> Engine:  # noqa: ANN401 -- SQLAlchemy's own options
        arguments = {**self.address.connect_arguments(), "local_infile": local_infile}
        lock_wait = max(1, min(LOCK_WAIT, int(self.address.options.retry_seconds)))
        engine = create_engine(
            self.address.url.set(query={}),
            connect_args={**arguments, "init_command": f"{SESSION}{lock_wait}"},
            hide_parameters=True,
            isolation_level="REPEATABLE READ",
            skip_autocommit_rollback=True,
            **extra,
        )
        if self.address.options.iam:
            event.listen(engine, "do_connect", self._with_token)
        return engine

    def _with_token(self, _dialect: object, _record: object, _words: object, parameters: dict[str, Any]) -> None:
        """Put a fresh token of AWS in the place of the password: it opens connections for 15 minutes."""
        parameters["password"] = _token(self.address).encode()


def _token(address: Address) -> str:
    try:
        import boto3  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 -- only tokens need it
        from botocore.exceptions import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415
            BotoCoreError,
            ClientError,
        )
    except ImportError as error:
        raise UsageError(
            f"a token for {address} needs boto3, which is not installed", hint="pip install boto3"
        ) from error
    url = address.url
    try:
        client = boto3.client("rds", region_name=address.options.region)
        token = client.generate_db_auth_token(DBHostname=url.host, Port=url.port or 3306, DBUsername=url.username)
    except (BotoCoreError, ClientError) as error:
        raise UsageError(f"AWS gives no token for {address}: {error}", hint="aws sts get-caller-identity") from error
    return str(token)


@contextmanager
def open_server(address: Address) -> Iterator[Server]:
    """Open a server for the block."""
    server = Server(address)
    try:
        yield server
    finally:
        server.close()
