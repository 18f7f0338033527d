"""A server that speaks just enough of MySQL's protocol to take a login, and to answer each statement with one error."""

from __future__ import annotations

import socketserver
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

LOGIN = 0x00AAF7DF
"""What the server says it can, but for TLS: an old password check, transactions, connection with a database."""


def read_packet(stream: socket.socket) -> tuple[int, bytes] | None:
    """Return a packet's number and bytes, or None where the other side has hung up."""
    head = _exactly(stream, 4)
    if head is None:
        return None
    body = _exactly(stream, int.from_bytes(head[:3], "little"))
    return None if body is None else (head[3], body)


def packet(number: int, body: bytes) -> bytes:
    """Return bytes as the packet of that number."""
    return len(body).to_bytes(3, "little") + bytes([number % 256]) + body


def error(number: int, code: int, said: str) -> bytes:
    """Return the packet of an error."""
    return packet(number, b"\xff" + struct.pack("<H", code) + b"#HY000" + said.encode())


def fine(number: int) -> bytes:
    """Return the packet that says a statement is done."""
    return packet(number, b"\x00\x00\x00\x02\x00\x00\x00")


def greeting() -> bytes:
    """Return the packet that begins a connection."""
    low, high = struct.pack("<I", LOGIN)[:2], struct.pack("<I", LOGIN)[2:]
    body = b"\x0a8.0.0-scripted\x00" + struct.pack("<I", 7) + b"12345678\x00" + low + b"\x2d\x02\x00" + high
    return packet(0, body + b"\x15" + bytes(10) + b"123456789012\x00" + b"mysql_native_password\x00")


@dataclass
class Scripted:
    """A server that refuses logins, or takes them and refuses statements, with one code and one text."""

    port: int
    code: int
    said: str
    at: Literal["login", "statement"]
    asked: list[str] = field(default_factory=list)
    logins: int = 0

    def url(self, **options: object) -> str:
        """Return the URL of a database of it."""
        words = "&".join(f"{name}={value}" for name, value in options.items())
        return f"mysql+pymysql://ann:s3cret@127.0.0.1:{self.port}/retail?{words}"

    def serve(self, stream: socket.socket) -> None:
        """Serve one connection to its end."""
        stream.sendall(greeting())
        if read_packet(stream) is None:
            return
        self.logins += 1
        if self.at == "login":
            stream.sendall(error(2, self.code, self.said))
            return
        stream.sendall(fine(2))
        while (found := read_packet(stream)) is not None:
            _number, body = found
            if body[:1] == b"\x01":  # COM_QUIT
                return
            statement = body[1:].decode(errors="replace")
            if statement.lower().startswith(("set ", "commit", "rollback")):
                stream.sendall(fine(1))
            else:
                self.asked.append(statement)
                stream.sendall(error(1, self.code, self.said))


@contextmanager
def scripted_mysql(code: int, said: str, at: Literal["login", "statement"] = "statement") -> Iterator[Scripted]:
    """A server for the block."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            scripted.serve(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        scripted = Scripted(server.server_address[1], code, said, at)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield scripted
        finally:
            server.shutdown()


def _exactly(stream: socket.socket, length: int) -> bytes | None:
    data = bytearray()
    while len(data) < length:
        some = stream.recv(length - len(data))
        if not some:
            return None
        data += some
    return bytes(data)
