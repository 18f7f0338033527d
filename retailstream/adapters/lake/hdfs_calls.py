"""Calls of HDFS that end: each is given up when it is silent, and what may pass is tried again within a minute."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

from retailstream.adapters.lake.hdfs_errors import ours
from retailstream.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenacity import AttemptManager

T = TypeVar("T")

SILENCE: Final = 15
"""Seconds after which an answer does not come any more."""

TRYING: Final = 30
"""Seconds after which nothing is tried once more; with the last try and tidying up, that is within a minute."""

OPTIONS: Final = {
    "dfs.client.socket-timeout": "8000",
    "dfs.client.failover.max.attempts": "3",
    "dfs.client.failover.sleep.base.millis": "250",
    "dfs.client.failover.sleep.max.millis": "2000",
}
"""The driver's own patience, which ends before ours: by default it goes on for minutes."""


class SilentError(TransientError):
    """There was no answer, so it is no use to ask more."""


def answer(url: str, call: Callable[..., T], *words: Any) -> T:  # noqa: ANN401 -- whatever the call takes
    """Return what a call of the driver returns, with its errors as ours.

    The driver waits for ever for a NameNode that is silent, and cannot be interrupted: so it waits in a thread that
    nobody waits for.
    """
    outcome: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((True, call(*words)))
        except BaseException as error:  # noqa: BLE001 -- a panic of the driver is no Exception
            outcome.put((False, error))

    threading.Thread(target=run, name="hdfs", daemon=True).start()
    try:
        done, found = outcome.get(timeout=SILENCE)
    except Empty:
        raise SilentError(
            f"{url} is not available: no answer for {SILENCE} seconds", hint="run the same command again"
        ) from None
    if not done:
        raise ours(found, url) from found
    value: T = found
    return value


def tries() -> Iterator[AttemptManager]:
    """Return attempts at what may pass, with pauses between."""
    from tenacity import (  # noqa: PLC0415 -- only what is remote is tried again
        Retrying,
        retry_if_exception_type,
        stop_after_delay,
        wait_random_exponential,
    )

    return iter(
        Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_delay(TRYING),
            wait=wait_random_exponential(0.25, max=4),
            reraise=True,
        )
    )
