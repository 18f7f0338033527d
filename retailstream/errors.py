"""Every error a user can meet, drawn as a tree; each carries its own exit code and a next step.

RetailStreamError                 1  something failed; the message names the thing and its state
├── DamagedError                     a stored object is not what was published
├── UsageError                    2  the command line or the configuration is wrong
├── QualityGateError              3  more records or files were rejected than the limits allow
├── TransientError                4  a server did not answer; safe to run again
├── LockHeldError                 5  another run is working on this environment
└── NothingToDoError             99  only where `--skip-if-empty` asks for it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.masking import masked_text

if TYPE_CHECKING:
    from retailstream.reports import StageReport


class RetailStreamError(Exception):
    """One sentence that names the thing and its state, and a hint with the next command; URLs in them are masked."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = masked_text(message)
        self.hint = masked_text(hint)
        super().__init__(self.message)


class DamagedError(RetailStreamError):
    """A stored object is not what was published; `key` names it within its lake.

    Where the stage `remade_by` has been told to make it anew, the next run of that stage does.
    """

    def __init__(self, message: str, *, key: str, hint: str = "", remade_by: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.key = key
        self.remade_by = remade_by


class UsageError(RetailStreamError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class QualityGateError(RetailStreamError):
    """More was rejected or refused than the limits allow; nothing was published. `report` has the figures."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "", report: StageReport | None = None) -> None:
        super().__init__(message, hint=hint)
        self.report = report


class TransientError(RetailStreamError):
    """A service did not answer or went away; the same command may be run again."""

    exit_code = 4


class LockHeldError(RetailStreamError):
    """Another run holds the lock of this environment."""

    exit_code = 5


class NothingToDoError(RetailStreamError):
    """There was nothing to do, and `--skip-if-empty` makes that visible to a scheduler."""

    exit_code = 99


def exit_code(error: BaseException) -> int:
    """Return the exit code an error ends the process with."""
    return int(getattr(error, "exit_code", 130 if isinstance(error, KeyboardInterrupt) else 1))
