"""A proxy between a client and a MySQL server that answers chosen statements itself, as ProxySQL and others do."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.scripted_mysql import error, packet, read_packet

if TYPE_CHECKING:
    from collections.abc import Iterator

TLS = 0x0800


@dataclass
class Refusing:
    """The next `times` statements that a pattern finds get an error; all others go through."""

    port: int
    target: int
    pattern: re.Pattern[str]
    code: int
    said: str
    times: int
    met: list[str] = field(default_factory=list)

    def refuses(self, statement: str) -> bool:
        """Say whether a statement gets the error, and count it."""
        if self.times <= 0 or not self.pattern.search(statement):
            return False
        self.times -= 1
        self.met.append(statement)
        return True

    def serve(self, client: socket.socket) -> None:
        """Serve one connection to its end."""
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            found = read_packet(server)
            if found is None:
                return
            client.sendall(packet(0, _plain(found[1])))
            threading.Thread(target=_pour, args=(server, client), daemon=True).start()
            while (found := read_packet(client)) is not None:
                number, body = found
                if number == 0 and body[:1] == b"\x03" and self.refuses(body[1:].decode(errors="replace")):
                    client.sendall(error(1, self.code, self.said))
                else:
                    server.sendall(packet(number, body))


def _plain(greeting: bytes) -> bytes:
    """Return a server's greeting without its offer of TLS, through which nobody could look."""
    flags = greeting.index(b"\x00", 1) + 1 + 4 + 8 + 1
    low = int.from_bytes(greeting[flags : flags + 2], "little") & ~TLS
    return greeting[:flags] + low.to_bytes(2, "little") + greeting[flags + 2 :]


def _pour(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


@contextmanager
def refusing(target: int, pattern: str, code: int, said: str, *, times: int = 1_000_000) -> Iterator[Refusing]:
    """A proxy before the server on a port, for the block."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            proxy.serve(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found = re.compile(pattern, re.IGNORECASE)
        proxy = Refusing(server.server_address[1], target, found, code, said, times)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield proxy
        finally:
            server.shutdown()
