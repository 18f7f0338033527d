"""A server between client and server that does as it is told: fail, fall silent, cut short or lie."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

Fault = Literal["500", "503", "silent", "reset", "cut", "changed"]

SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
INTERNAL = b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>We encountered an error.</Message></Error>"


@dataclass
class Faulty:
    """A proxy; the next `times` requests whose method and path contain `where` meet the fault."""

    endpoint: str
    target: str
    fault: Fault | None = None
    where: str = ""
    times: int = 0
    silence: float = 0.0
    met: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, fault: Fault, where: str, times: int) -> None:
        """Have requests fail from now on."""
        with self._lock:
            self.fault, self.where, self.times, self.met = fault, where, times, []

    def next_fault(self, request: str) -> Fault | None:
        """Return the fault that a request meets."""
        with self._lock:
            self.sent.append(request)
            if self.fault is None or self.times <= 0 or self.where not in request:
                return None
            self.times -= 1
            self.met.append(request)
            return self.fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faulty: Faulty

    def _handle(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.faulty.headers.append({name.lower(): value for name, value in self.headers.items()})
        fault = self.faulty.next_fault(f"{self.command} {self.path}")
        if fault in {"500", "503"}:
            self._answer(int(fault), {}, INTERNAL if fault == "500" else SLOW_DOWN)
            return
        if fault in {"silent", "reset"}:
            time.sleep(self.faulty.silence if fault == "silent" else 0)
            self.close_connection = True
            return
        status, headers, data = self._forwarded(body)
        if fault == "changed" and data:
            data = bytes([data[0] ^ 1]) + data[1:]
        self._answer(status, headers, data, cut=fault == "cut")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815 -- as the library calls them

    def _forwarded(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        target = urlsplit(self.faulty.target)
        connection = http.client.HTTPConnection(target.hostname or "", target.port)
        # The signature covers the host as the client wrote it.
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "expect":
                connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), data

    def _answer(self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        length = headers.get("Content-Length", str(len(data))) if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def faulty_proxy(target: str) -> Iterator[Faulty]:
    """A proxy before a server, for the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    faulty = Faulty(f"http://127.0.0.1:{server.server_address[1]}", target)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"faulty": faulty})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        server.server_close()
