"""Signals that ask this process to end, as errors on the way out."""

from __future__ import annotations

import signal
from threading import Event
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from types import FrameType

_TERMINATED: Final = Event()


class TerminatedError(BaseException):
    """The process was asked to end; whatever is open is closed on the way out."""

    exit_code = 128 + signal.SIGTERM


class InterruptedRunError(TerminatedError):
    """The process was asked to end by the keyboard."""

    exit_code = 128 + signal.SIGINT


def terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Handle SIGTERM."""
    _TERMINATED.set()
    raise TerminatedError("stopped by SIGTERM")


def behind(error: BaseException) -> BaseException:
    """Return what a signal raised in the middle of a query, which DuckDB loses; any other error as it is."""
    if type(error) is not RuntimeError or str(error) != "Query interrupted":
        return error
    return TerminatedError("stopped by SIGTERM") if _TERMINATED.is_set() else KeyboardInterrupt()
