"""Signals that ask this process to end, as errors on the way out."""

from __future__ import annotations

import signal
from threading import Event
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from types import FrameType

_TERMINATED: Final = Event()
_LOST: Final = {("RuntimeError", "Query interrupted"), ("OperationalError", "interrupted")}
"""What DuckDB and SQLite make of an error in the middle of a query."""
_AGAIN: Final = "the same command takes up where this one stopped"


class TerminatedError(BaseException):
    """The process was asked to end; whatever is open is closed on the way out."""

    exit_code = 128 + signal.SIGTERM
    sentence = f"terminated; {_AGAIN}"


class InterruptedRunError(TerminatedError):
    """The process was asked to end by the keyboard."""

    exit_code = 128 + signal.SIGINT
    sentence = f"interrupted; {_AGAIN}"


def terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Handle SIGTERM."""
    _TERMINATED.set()
    raise TerminatedError


def behind(error: BaseException) -> BaseException:
    """Return what a signal raised in the middle of a query, which DuckDB and SQLite lose; any other error as it is."""
    if (type(error).__name__, str(error)) not in _LOST:
        return error
    return TerminatedError() if _TERMINATED.is_set() else KeyboardInterrupt()


def listen() -> int:
    """Be what a driver calls in the middle of long work: Python handles signals then, and its error ends the work."""
    return 0


def sentence_of(error: BaseException) -> str | None:
    """Return what a signal's error says to people, or None for any other error."""
    ours = InterruptedRunError if isinstance(error, KeyboardInterrupt) else error
    found: str | None = getattr(ours, "sentence", None)
    return found
