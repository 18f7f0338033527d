"""Connections to S3 that try again by themselves, and end within a minute."""

from __future__ import annotations

from typing import Any, Final

TRIES: Final = 4
"""How often a request is sent, at most; with the waits between, a server that is silent is given up after a minute."""

SILENCE: Final = 12
"""Seconds of silence after which an answer does not come any more."""


class _Every:
    """The names of all services: one that is none has no model to be read."""

    def __contains__(self, _name: object) -> bool:
        return True


def new_session() -> Any:  # noqa: ANN401 -- botocore makes its classes at run time
    """Return a session of botocore, the core of boto3, with the credentials that it finds now.

    What boto3 puts around it, resources and transfers, has no use here and costs a fortieth of a second.
    """
    import botocore.session  # noqa: PLC0415 -- an eighth of a second that only buckets need

    session = botocore.session.Session()
    # To look for the models of all four hundred services takes as long as to read the one.
    session.get_component("data_loader").list_available_services = lambda _type: _Every()
    return session


def new_client(session: Any, *, connections: int) -> Any:  # noqa: ANN401 -- botocore makes its classes at run time
    """Return a client for S3, as boto3 makes it."""
    from botocore.config import Config  # noqa: PLC0415 -- it is there already
    from botocore.handlers import add_expect_header  # noqa: PLC0415 -- same

    config = Config(
        retries={"mode": "adaptive", "total_max_attempts": TRIES},
        connect_timeout=5,
        read_timeout=SILENCE,
        max_pool_connections=connections,
        tcp_keepalive=True,
        user_agent_extra="retailstream",
    )
    client = session.create_client("s3", config=config)
    # To ask before each body costs a round trip, and some servers a connection; our bodies are small, and sent once.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client
