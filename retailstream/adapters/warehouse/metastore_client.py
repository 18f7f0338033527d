"""Connections to a Hive Metastore: its interface, work that is tried again when it goes away, and what its errors mean.

thriftpy2 reads the interface from `hive_metastore.thrift` beside this file, a part of Hive's own.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from retailstream.adapters.answers.hadoop import METASTORE
from retailstream.adapters.answers.kinds import AGAIN_HINT, Reaction, pattern_of
from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)
T = TypeVar("T")

ANSWER_SECONDS: Final = 45
"""How long one that was asked may think: one whose database is away thinks for minutes, and then says so."""

ALTOGETHER: Final = 55
"""Seconds after which no answer is waited for any more, all tries together."""

IN_VAIN: Final = 5
"""How long one may think that was waited for in vain before."""

_AWAY: Final = pattern_of(answer for answer in METASTORE if answer.reaction is Reaction.AGAIN)


class MetastoreClient:
    """A connection to the first of some Metastores that answers, opened when it is first needed.

    One that does not answer is asked again for `retry_seconds`; one that is silent is given up within a minute.
    """

    def __init__(self, addresses: str, *, retry_seconds: float = 30, kerberos_service: str | None = None) -> None:
        self._hosts = [_host(address) for address in addresses.split(",")]
        self._kerberos_service = kerberos_service
        self._retry_seconds = self._patience = retry_seconds
        self._began, self._waited_in_vain = 0.0, False
        self._open: Any = None

    @property
    def url(self) -> str:
        """Where it is, fit to be printed."""
        return ",".join(f"thrift://{host}:{port}" for host, port in self._hosts)

    def ask(self, work: Callable[[Any], T], *, settled: type[Exception] | None = None) -> T:
        """Return what work on a connection gives; one that breaks is opened anew, and the work is done again.

        A change whose answer was lost may have been made: `settled` is what the Metastore then says to the next try.
        """
        import tenacity  # noqa: PLC0415 -- a twentieth of a second

        patience, self._patience = self._patience, 0  # whoever has waited in vain once does not wait again
        self._waited_in_vain = patience == 0 < self._retry_seconds
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_delay(patience),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            reraise=True,
        )
        self._began = time.monotonic()
        found: T = tries(self._attempt, work, settled)
        self._patience = self._retry_seconds
        return found

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _attempt(self, work: Callable[[Any], T], settled: type[Exception] | None) -> T:
        try:
            with _mapped(self.url):
                if self._open is None:
                    self._open = self._connected()
                return work(self._open)
        except TransientError:
            self.close()
            raise
        except RetailStreamError as error:
            if settled and isinstance(error.__cause__, settled):
                return None  # type: ignore[return-value] # a change gives nothing
            raise

    def _connected(self) -> Any:  # noqa: ANN401 -- thriftpy2 makes its classes at run time
        *others, last = self._hosts
        for host in others:
            try:
                return self._connected_to(*host)
            except Exception as error:  # noqa: BLE001 -- the next one may answer
                log.info("the Metastore thrift://%s:%s does not answer: %s", *host, error)
        return self._connected_to(*last)

    def _connected_to(self, host: str, port: int) -> Any:  # noqa: ANN401 -- same
        from thriftpy2.rpc import make_client  # noqa: PLC0415 -- an eighth of a second

        left = ALTOGETHER - (time.monotonic() - self._began)
        seconds = IN_VAIN if self._waited_in_vain else max(1, min(ANSWER_SECONDS, left))
        service, patience = interface().ThriftHiveMetastore, int(1000 * seconds)
        if self._kerberos_service is None:
            return make_client(service, host, port, timeout=patience)
        return make_client(service, host, port, timeout=patience, trans_factory=_Kerberos(host, self._kerberos_service))


class _Kerberos:
    """What makes the transport that shows a Metastore our ticket."""

    def __init__(self, host: str, service: str) -> None:
        self._host = host
        self._service = service

    def get_transport(self, socket: Any) -> Any:  # noqa: ANN401 -- the name and the types of thriftpy2
        from thriftpy2.transport.sasl import TSaslClientTransport  # noqa: PLC0415 -- only with Kerberos

        from retailstream.adapters.warehouse.hive_transport import Sasl  # noqa: PLC0415 -- same

        return TSaslClientTransport(  # type: ignore[no-untyped-call]
            lambda: Sasl(self._host, {"service": self._service}), "GSSAPI", socket
        )


@cache
def interface() -> Any:  # noqa: ANN401 -- same
    """Return the structures, errors and the service of the interface; UsageError where thriftpy2 is missing."""
    try:
        import thriftpy2  # noqa: PLC0415 -- an eighth of a second
    except ImportError as error:
        raise UsageError("a hive:// warehouse needs more packages", hint="pip install 'retailstream[hive]'") from error
    return thriftpy2.load(str(Path(__file__).with_name("hive_metastore.thrift")), module_name="hive_metastore_thrift")


@contextmanager
def _mapped(url: str) -> Iterator[None]:
    """Turn what Thrift and the Metastore raise into errors of ours."""
    from thriftpy2.thrift import TException  # noqa: PLC0415 -- it is there already

    idl = interface()
    answers = (
        idl.AlreadyExistsException,
        idl.InvalidObjectException,
        idl.InvalidOperationException,
        idl.MetaException,
        idl.NoSuchObjectException,
    )
    try:
        yield
    except (TException, OSError, EOFError) as error:
        said = str(getattr(error, "message", "") or error).partition("\n")[0]
        if isinstance(error, answers) and not _AWAY.search(said):
            raise RetailStreamError(f"the Metastore {url} refuses: {said}", hint="retailstream doctor") from error
        raise TransientError(f"the Metastore {url} is not available: {said}", hint=AGAIN_HINT) from error


def _host(address: str) -> tuple[str, int]:
    parts = urlsplit(address.strip())
    if parts.scheme != "thrift" or not parts.hostname:
        raise UsageError(f"hive.metastore '{address}' is no address", hint="use thrift://HOST:PORT")
    return parts.hostname, parts.port or 9083
