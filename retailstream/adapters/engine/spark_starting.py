"""Signals while a JVM starts: they end it at once, with what it has started, and then take their way.

pyspark waits for its JVM, asks it to set up and takes SIGINT for itself meanwhile; a signal in the middle of that would
leave a JVM behind, a wait without an end, or a page of tracebacks.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Have a signal end every process that the block has started, before its own handler is called.

    The handlers are afterwards what they were before the block. Only the main thread is told of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    there, met = _descendants(os.getpid()), list[int]()

    def end(number: int, frame: FrameType | None) -> None:
        met.append(number)
        _kill(_descendants(os.getpid()) - there)
        _call(handlers[signal.Signals(number)], number, frame)

    handlers = {number: signal.signal(number, end) for number in SIGNALS}
    try:
        yield
    except BaseException as error:
        if met or isinstance(error, KeyboardInterrupt):
            _kill(_descendants(os.getpid()) - there)
            _forget()
        raise
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if met:  # an error of Java's that the signal has made is told as the signal; so is one that somebody swallowed
            _call(handlers[signal.Signals(met[0])], met[0], None)


def _call(handler: object, number: int, frame: FrameType | None) -> None:
    if callable(handler):
        handler(number, frame)
    elif handler is signal.SIG_DFL:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


def _descendants(process: int) -> set[int]:
    """Return the processes that a process has started, and theirs; none where the system does not tell."""
    found: set[int] = set()
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, path.read_text().split()):
                found |= {child, *_descendants(child)}
    return found


def _kill(processes: set[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _forget() -> None:
    """Have pyspark start a JVM anew for whoever goes on in this process."""
    from pyspark import SparkContext  # noqa: PLC0415 -- it is there already

    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None  # noqa: SLF001 -- no other way
