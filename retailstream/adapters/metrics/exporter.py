"""A small web server that Prometheus scrapes: `/metrics` has what was shown last."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore, Thread, Timer
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

from retailstream.adapters.metrics.exposition import families, registry
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from retailstream.metrics import Sample

    Show = Callable[[Iterable[tuple[Mapping[str, str], Iterable[Sample]]]], None]

SECONDS: Final = 10.0
"""How long whoever has connected may keep silent, or not take what it is sent."""

DEADLINE: Final = 30.0
"""How long a request may take in all, in seconds: who sends or takes a byte at a time is never silent."""

CONNECTIONS: Final = 16
"""How many are served at once; one Prometheus has one. More are turned away, so that they cost nothing."""


class _Handler(WSGIRequestHandler):
    """One connection: a silent one is closed, and so is one that does not come to an end."""

    timeout = SECONDS
    deadline = DEADLINE

    def handle(self) -> None:
        """Serve a request, which ends at its deadline, whatever it waits for."""
        end = Timer(self.deadline, self._cut)
        end.daemon = True
        end.start()
        try:
            super().handle()
        finally:
            end.cancel()

    def _cut(self) -> None:
        """Wake the thread that serves it: to this one the client has left."""
        with suppress(OSError):  # it has just come to its end
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_given: object) -> None:
        """Say nothing: scrapes are many."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection, and so many of them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = CONNECTIONS

    def __init__(self, address: tuple[str, int], handler: type[_Handler]) -> None:
        self._room = BoundedSemaphore(CONNECTIONS)
        self.address_family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without asking who has that address: a resolver that does not answer would be waited for."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- the library's own signature
        """Serve a connection in a thread of its own, or close it at once where there are too many."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- same
        """Serve a connection, and make room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, *_given: object) -> None:
        """Say nothing of a client that was silent for too long, or that has left."""


@contextmanager
def serving(host: str, port: int) -> Iterator[tuple[int, Show]]:
    """Serve for the block: yield the port (a free one for 0), and a function that shows other groups of figures.

    Raises UsageError where nothing can listen there.
    """
    shown = families([])

    def show(groups: Iterable[tuple[Mapping[str, str], Iterable[Sample]]]) -> None:
        shown[:] = families(groups)

    try:
        server = _Server((host, port), _Handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"nothing can listen on {host}:{port}: {reason}", hint="give another --serve") from error
    server.set_app(make_wsgi_app(registry(lambda: list(shown))))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, show
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
