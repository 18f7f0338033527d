"""A small web server that Prometheus scrapes: `/metrics` has what was shown last."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import start_http_server

from retailstream.adapters.metrics.exposition import families, registry
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from retailstream.metrics import Sample

    Show = Callable[[Iterable[tuple[Mapping[str, str], Iterable[Sample]]]], None]


@contextmanager
def serving(host: str, port: int) -> Iterator[tuple[int, Show]]:
    """Serve for the block: yield the port (a free one for 0), and a function that shows other groups of figures.

    Raises UsageError where nothing can listen there.
    """
    shown = families([])

    def show(groups: Iterable[tuple[Mapping[str, str], Iterable[Sample]]]) -> None:
        shown[:] = families(groups)

    try:
        server, thread = start_http_server(port, host, registry(lambda: list(shown)))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"nothing can listen on {host}:{port}: {reason}", hint="give another --serve") from error
    try:
        yield server.server_port, show
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
