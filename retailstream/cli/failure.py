"""Every way a command can end badly, turned into a sentence, a hint and an exit code at one place."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.exceptions import TyperException

from retailstream.cli.options import Group
from retailstream.errors import RetailStreamError, UsageError, exit_code
from retailstream.interruption import InterruptedRunError, behind, sentence_of, terminate
from retailstream.masking import masked_text
from retailstream.printable import json_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.reports import Summary


_VALUED = ("--config", "--home", "--run-id", "--metrics-file", "--log-format")
"""The global options whose value is the next word, and no command."""


_HINTS = {
    errno.EMFILE: "raise the limit of open files with ulimit -n, then run the same command again",
    errno.ENFILE: "this machine has too many open files; run the same command again when it has fewer",
    errno.ENOSPC: "make some space, then run the same command again",
    errno.EDQUOT: "make some space, then run the same command again",
    errno.ENOMEM: "free some memory, then run the same command again",
}
"""What to do where the operating system has nothing left to give: no file of ours is to blame."""


class RootGroup(Group):
    """The root of all commands, where errors become text."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:  # noqa: ANN401 -- typer's own signature
        """Run a command line and end the process with its exit code."""
        given = extra.pop("args", args[0] if args else None)
        words = sys.argv[1:] if given is None else list(given)
        signal.signal(signal.SIGTERM, terminate)
        extra["standalone_mode"] = False
        try:
            code = super().main(words, **extra)
            if code == InterruptedRunError.exit_code:  # typer's own, where Ctrl-C comes before the command begins
                code = _present(InterruptedRunError(), words)
            sys.stdout.flush()
        except (BrokenPipeError, SystemExit) as error:
            # typer makes a broken pipe an exit with code 1.
            if not isinstance(error if isinstance(error, OSError) else error.__context__, BrokenPipeError):
                raise
            # The reader of our output has left, as `head` does; Python must not complain at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except BaseException as error:  # noqa: BLE001 -- the one place where everything ends
            code = _present(error, words)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 -- typer's own signature
        """Invoke the command; typer would end an interrupted one without a word and without its summary."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            ours = InterruptedRunError()
            ours.__dict__.update(error.__dict__)
            raise ours from error


def _present(error: BaseException, words: Sequence[str]) -> int:
    if isinstance(error, TyperException) and type(error).__name__ == "NoArgsIsHelpError":  # typer has no public name
        print(error.format_message(), file=sys.stderr)
        error = UsageError("no command is given", hint="retailstream --help")
    else:
        error = _ours(error)
        _tell(error, words)
    code = exit_code(error)
    if "--json" in words:
        print(json_line(getattr(error, "summary", None) or _early(error, words)))
    sys.stdout.flush()
    return code


def _tell(error: BaseException, words: Sequence[str]) -> None:
    if isinstance(error, RetailStreamError):
        if error.message:
            _say(f"error: {error.message}")
        if error.hint:
            _say(f"hint: {error.hint}")
    elif sentence := sentence_of(error):
        _say(f"error: {sentence}")
    else:
        _say(f"error: {type(error).__name__}: {error}")
        if any(word.startswith("-v") or word == "--verbose" for word in words):
            for line in "".join(traceback.format_exception(error)).splitlines():
                _say(line)
        else:
            _say("hint: this is a bug of retailstream; -v shows its traceback")


def _say(text: str) -> None:
    print(printable(masked_text(text)), file=sys.stderr)


def _ours(error: BaseException) -> BaseException:
    """Return errors of the command line, of the operating system and of signals as ours; others as they are."""
    if isinstance(error, TyperException):
        context = getattr(error, "ctx", None)
        hint = f"{context.command_path} --help" if context else "retailstream --help"
        return UsageError(error.format_message().replace(": Value error, ", ": "), hint=hint)
    if isinstance(error, typer.Abort):
        return KeyboardInterrupt()
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        ours = RetailStreamError(f"{place}{error.strerror}", hint=_HINTS.get(error.errno or 0, ""))
        ours.__dict__.update(error.__dict__)
        return ours
    if isinstance(error, MemoryError):
        hint = "free some, or give the process more, then run the same command again"
        return RetailStreamError("the memory of this machine is used up", hint=hint)
    return behind(error)


def _early(error: BaseException, words: Sequence[str]) -> Summary:
    """Return the summary of a command that failed before its run began."""
    from retailstream.execution import describe
    from retailstream.reports import summary_of_nothing

    pairs = list(pairwise(("", *words)))
    named = (word for before, word in pairs if before not in _VALUED and not word.startswith("-"))
    run_id = next((word for before, word in pairs if before == "--run-id"), None)
    return summary_of_nothing(next(named, ""), run_id, status="failed", error=describe(error))
