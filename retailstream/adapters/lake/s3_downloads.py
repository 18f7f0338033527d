"""Objects on their way from S3: a body that breaks off, or is not what its checksum says, is asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from retailstream.adapters.lake.copies import Download

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

CHUNK_BYTES: Final = 1 << 20

TRIES: Final = 3
"""How often a body is asked for."""


def download(get: Callable[[], Any], keep: Callable[[Download], Path]) -> Path:
    """Return what `keep` makes of the object that a request answers with."""

    def attempt() -> Path:
        response = get()
        return keep(Download(str(response["ETag"]), response["Body"].iter_chunks(CHUNK_BYTES)))

    return _whole(attempt)


def body(get: Callable[[], Any]) -> tuple[str, bytes]:
    """Return the ETag and all bytes of the small object that a request answers with."""

    def attempt() -> tuple[str, bytes]:
        response = get()
        return str(response["ETag"]), response["Body"].read()

    return _whole(attempt)


def _whole(attempt: Callable[[], T]) -> T:
    """Return what an attempt gives, where no body breaks off."""
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt  # noqa: PLC0415 -- only buckets do

    retrying = Retrying(retry=retry_if_exception_type(_broken_bodies()), stop=stop_after_attempt(TRIES), reraise=True)
    return retrying(attempt)


def _broken_bodies() -> tuple[type[Exception], ...]:
    from botocore.exceptions import (  # noqa: PLC0415 -- it is there already
        FlexibleChecksumError,
        IncompleteReadError,
        ReadTimeoutError,
        ResponseStreamingError,
    )
    from urllib3.exceptions import ProtocolError  # noqa: PLC0415 -- same

    return FlexibleChecksumError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError, ProtocolError
