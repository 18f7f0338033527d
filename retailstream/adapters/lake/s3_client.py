"""Connections to S3 that try again by themselves, and end within a minute."""

from __future__ import annotations

import logging
import os
import time
from typing import Any, Final
from urllib.parse import urlsplit

from retailstream.adapters.answers.kinds import Reaction, by_code
from retailstream.adapters.answers.s3 import ANSWERS
from retailstream.errors import UsageError

log = logging.getLogger(__name__)

TRIES: Final = 4
"""How often a request is sent, at most; with the waits between, a server that is silent is given up after a minute."""

SILENCE: Final = 12
"""Seconds of silence after which an answer does not come any more."""

PATIENCE: Final = 30
"""Seconds for which a server that refuses, or says that it is busy, is asked again beyond these tries."""

PAUSES: Final = (1, 2, 4)
"""Seconds between such tries; then the last for good."""

REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")

_GIVEN_UP: Final[dict[str, float]] = {}
"""When a server was waited for in vain last, by its address: nobody waits for it again within a minute."""


class _Every:
    """The names of all services: one that is none has no model to be read."""

    def __contains__(self, _name: object) -> bool:
        return True


def new_session() -> Any:  # noqa: ANN401 -- botocore makes its classes at run time
    """Return a session of botocore, the core of boto3, with the credentials that it finds now.

    What boto3 puts around it, resources and transfers, has no use here and costs a fortieth of a second. Raises
    UsageError where a variable of AWS holds neither a region nor the URL of a server.
    """
    import botocore.session  # noqa: PLC0415 -- an eighth of a second that only buckets need

    check_variables()
    session = botocore.session.Session()
    if region := os.environ.get("AWS_REGION"):  # which AWS's own tools read first, and botocore not at all
        session.set_config_variable("region", region)
    # To look for the models of all four hundred services takes as long as to read the one.
    session.get_component("data_loader").list_available_services = lambda _type: _Every()
    return session


def new_client(session: Any, *, connections: int) -> Any:  # noqa: ANN401 -- botocore makes its classes at run time
    """Return a client for S3, as boto3 makes it; UsageError where what AWS's files say of it cannot be."""
    from botocore.config import Config  # noqa: PLC0415 -- it is there already
    from botocore.exceptions import InvalidRegionError  # noqa: PLC0415 -- same
    from botocore.handlers import add_expect_header  # noqa: PLC0415 -- same

    config = Config(
        retries={"mode": "adaptive", "total_max_attempts": TRIES},
        connect_timeout=5,
        read_timeout=SILENCE,
        max_pool_connections=connections,
        tcp_keepalive=True,
        user_agent_extra="retailstream",
    )
    try:
        client = session.create_client("s3", config=config)
    except InvalidRegionError as error:
        raise UsageError(f"the region of the AWS configuration is none: {error}", hint="set AWS_REGION") from error
    except ValueError as error:
        raise UsageError(
            f"the AWS configuration names no server: {error}",
            hint="check endpoint_url and region in the AWS configuration",
        ) from error
    # To ask before each body costs a round trip, and some servers a connection; our bodies are small, and sent once.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    client.meta.events.register_last("needs-retry.s3", _Patience(client.meta.endpoint_url))
    return client


def check_variables() -> None:
    """Raise UsageError where a variable of AWS holds neither a region nor the URL of a server."""
    from botocore.exceptions import InvalidRegionError  # noqa: PLC0415 -- it is there already
    from botocore.utils import validate_region_name  # noqa: PLC0415 -- same

    for name in REGIONS:
        value = os.environ.get(name)
        if value is None:
            continue
        try:
            validate_region_name(value)
        except InvalidRegionError:
            raise UsageError(
                f"{name} is '{value}', which is no region", hint=f"set {name}=us-east-1, or unset it"
            ) from None
        if not value:
            raise UsageError(f"{name} is empty", hint=f"set {name} to a region such as us-east-1, or unset it")
    for name in ENDPOINTS:
        if (url := os.environ.get(name)) and not _is_server(url):
            raise UsageError(
                f"{name} is no URL of a server",
                hint=f"begin it with http:// or https://, as in {name}=http://HOST:PORT",
            )


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


class _Patience:
    """What botocore asks after each try: how many seconds until the next, or None for no more.

    Its own word goes first, which gives a server that refuses connections up after a few seconds; one that is started
    anew takes longer.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self, **found: Any) -> float | None:  # noqa: ANN401 -- of botocore
        """Return the seconds until the next try, or None."""
        response, attempts = found["response"], int(found["attempts"])
        if not _is_away(response, found["caught_exception"]):
            if response is not None:
                _GIVEN_UP.pop(self._address, None)
            return None
        now = time.monotonic()
        began = found["request_dict"]["context"].setdefault("retailstream_away_since", now)
        in_vain = _GIVEN_UP.get(self._address)
        if now - began >= PATIENCE or (in_vain is not None and now - in_vain < 60):
            if attempts >= TRIES:
                _GIVEN_UP[self._address] = now
            return None
        log.info("%s does not answer; trying again", self._address)
        return float(PAUSES[min(attempts, len(PAUSES)) - 1])


def _is_away(response: Any, error: Any) -> bool:  # noqa: ANN401 -- of botocore
    """Say whether a server cannot be connected to, or answers that it cannot serve just now; silence is no answer."""
    from botocore import exceptions as of  # noqa: PLC0415 -- it is there already

    if error is not None:
        return isinstance(error, (of.EndpointConnectionError, of.ConnectionClosedError))
    if response is None:
        return False
    http, parsed = response
    found = by_code(ANSWERS, str(parsed.get("Error", {}).get("Code")), "") or by_code(
        ANSWERS, str(http.status_code), ""
    )
    return found is not None and found.reaction is Reaction.AGAIN
