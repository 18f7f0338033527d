"""The wire to a HiveServer2: a socket, TLS where it is asked for, and SASL that says who we are."""

from __future__ import annotations

import logging
import ssl
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import thrift_sasl
from puresasl.client import SASLClient
from puresasl.mechanisms import mechanisms
from thrift.transport.TSocket import TSocket
from thrift.transport.TSSLSocket import TSSLSocket
from thrift.transport.TTransport import TBufferedTransport

from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retailstream.adapters.warehouse.hive_address import Address

# Thrift logs each address that does not answer as an error of its own, which without a handler lands on stderr.
logging.getLogger("thrift").addHandler(logging.NullHandler())

LENGTH = struct.Struct(">I")


def wire_to(address: Address) -> Wire:
    """Return the wire to an address, not opened yet."""
    socket = _socket(address)
    if address.auth == "NOSASL":
        return Wire(socket, TBufferedTransport(socket))
    if address.auth == "KERBEROS":
        mechanism, names = "GSSAPI", {"service": address.kerberos_service}
    else:  # where no password is asked for, one must still be given
        mechanism, names = "PLAIN", {"username": address.user, "password": address.password or "x"}
    return Wire(socket, thrift_sasl.TSaslClientTransport(lambda: Sasl(address.host, names), mechanism, socket))


@dataclass(frozen=True)
class Wire:
    """A socket, and the transport that speaks through it."""

    socket: Any
    transport: Any

    def open(self) -> None:
        """Connect, and say who we are."""
        try:
            self.transport.open()
        except BaseException:
            self.transport.close()
            raise

    def allow(self, seconds: float) -> None:
        """Take so much silence for a lost connection."""
        self.socket.setTimeout(seconds * 1000)


def _socket(address: Address) -> Any:  # noqa: ANN401 -- thrift has no types
    options = address.options
    if options.secure:
        try:
            context = ssl.create_default_context(cafile=options.ssl_ca)
        except OSError as error:
            raise UsageError(f"ssl_ca of {address} cannot be read: {options.ssl_ca}: {error.strerror}") from error
        context.check_hostname = options.ssl_check_hostname
        socket = TSSLSocket(address.host, address.port, ssl_context=context, server_hostname=address.host)
    else:
        socket = TSocket(address.host, address.port)
    socket.setTimeout(options.connect_timeout * 1000)
    return socket


class Sasl(SASLClient):  # type: ignore[misc] # no types
    """pure-sasl as transports of Thrift speak to it; PyHive's own takes wrap for unwrap, which breaks Kerberos."""

    def __init__(self, host: str, names: Mapping[str, str]) -> None:
        super().__init__(host, **names)
        self._told: str | None = None

    def start(self, mechanism: str) -> tuple[bool, str, Any]:
        """Begin with a mechanism: whether that went well, its name, and what to send."""
        if mechanism not in mechanisms:
            raise UsageError("hive.auth KERBEROS needs a module that is not installed", hint="pip install kerberos")
        try:
            self.choose_mechanism([mechanism])
            return True, self.mechanism, self.process()
        except Exception as error:  # noqa: BLE001 -- SASLError, and GSSError of a module that may not be there
            self._told = _sentence(error)
            return False, mechanism, None

    def step(self, challenge: bytes) -> tuple[bool, Any]:
        """Answer a challenge: whether that went well, and what to send."""
        try:
            return True, self.process(challenge)
        except Exception as error:  # noqa: BLE001 -- same
            self._told = _sentence(error)
            return False, None

    def encode(self, outgoing: bytes) -> tuple[bool, bytes]:
        """Wrap what is to be sent."""
        wrapped: bytes = self.wrap(outgoing)
        return True, wrapped if wrapped == outgoing else LENGTH.pack(len(wrapped)) + wrapped

    def decode(self, incoming: bytes) -> tuple[bool, bytes]:
        """Unwrap what has come."""
        return True, self.unwrap(incoming[LENGTH.size :])

    def getError(self) -> str | None:  # noqa: N802 -- the name that thrift_sasl calls
        """Return what went wrong last."""
        return self._told


def _sentence(error: Exception) -> str:
    """`GSSError(("No credentials", 1), ("No Kerberos credentials available", 2))` → the last of these texts."""
    told: object = error.args[-1] if error.args else type(error).__name__
    return str(told[0] if isinstance(told, tuple) else told)
