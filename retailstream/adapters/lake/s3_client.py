"""Connections to S3 that try again by themselves, and end within a minute."""

from __future__ import annotations

from typing import Any, Final

TRIES: Final = 4
"""How often a request is sent, at most; with the waits between, a server that is silent is given up after a minute."""

SILENCE: Final = 12
"""Seconds of silence after which an answer does not come any more."""


def new_client(*, connections: int) -> Any:  # noqa: ANN401 -- botocore makes its classes at run time
    """Return a client of boto3 for S3, with the credentials that it finds now."""
    import boto3  # noqa: PLC0415 -- a sixth of a second that only buckets need
    from botocore.config import Config  # noqa: PLC0415 -- same
    from botocore.handlers import add_expect_header  # noqa: PLC0415 -- same

    config = Config(
        retries={"mode": "adaptive", "total_max_attempts": TRIES},
        connect_timeout=5,
        read_timeout=SILENCE,
        max_pool_connections=connections,
        tcp_keepalive=True,
        user_agent_extra="retailstream",
    )
    client = boto3.session.Session().client("s3", config=config)
    # To ask before each body costs a round trip, and some servers a connection; our bodies are small, and sent once.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client
