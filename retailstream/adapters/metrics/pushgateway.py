"""A Prometheus Pushgateway: it keeps what batch jobs push until Prometheus comes for it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Final
from urllib.error import HTTPError, URLError
from urllib.parse import unquote

from retailstream.errors import RetailStreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from retailstream.metrics import Sample

JOB: Final = "retailstream"

SECONDS: Final = 2.0
"""How long the gateway may take to accept a connection, and then to answer."""


class Pushgateway:
    """A gateway at a URL, which may hold a user and a password for basic authentication."""

    def __init__(self, url: str) -> None:
        scheme, separator, rest = url.partition("://")
        if not separator:
            scheme, rest = "http", url
        # A password that was not escaped may hold any character, so everything up to the last `@` belongs to it.
        credentials, known, place = rest.rpartition("@")
        self.address = f"{scheme}://{place.rstrip('/')}"
        user, _, password = credentials.partition(":")
        self._user = unquote(user) if known else None
        self._password = unquote(password) if known else None

    def put(self, group: Mapping[str, str], samples: Sequence[Sample]) -> None:
        """Add figures to a group by POST, which replaces metrics of the same name and leaves the others.

        Raises RetailStreamError where the gateway does not take them.
        """
        from prometheus_client.exposition import basic_auth_handler, pushadd_to_gateway  # noqa: PLC0415 -- few push

        from retailstream.adapters.metrics.exposition import families, registry  # noqa: PLC0415 -- same

        found = families([({}, samples)])
        login = partial(basic_auth_handler, username=self._user, password=self._password)
        with _our_errors():
            pushadd_to_gateway(self.address, JOB, registry(lambda: found), dict(group), SECONDS, login)

    def check(self) -> None:
        """Ask whether the gateway is ready; RetailStreamError where it is not."""
        from prometheus_client.exposition import basic_auth_handler  # noqa: PLC0415 -- few push

        with _our_errors():
            basic_auth_handler(f"{self.address}/-/ready", "GET", SECONDS, [], b"", self._user, self._password)()


@contextmanager
def _our_errors() -> Iterator[None]:
    """Turn errors into ours; none of them may hold the credentials, which no request has in its address."""
    try:
        yield
    except HTTPError as error:
        told = error.read(300).decode(errors="replace").strip()
        raise RetailStreamError(f"it answers {error.code} {error.reason} {told}".strip()) from error
    except URLError as error:
        raise RetailStreamError(str(error.reason)) from error
    except (OSError, ValueError, HTTPException) as error:
        raise RetailStreamError(f"{type(error).__name__}: {error}") from error
