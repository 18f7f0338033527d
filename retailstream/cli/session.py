"""What a command line opens before its command: the settings, the log, and the environment."""

from __future__ import annotations

import gc
import logging
import os
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retailstream.access import restricted
from retailstream.cli.options import global_value
from retailstream.errors import UsageError
from retailstream.masking import masked_text
from retailstream.printable import json_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import typer

    from retailstream.settings import Loaded
    from retailstream.wiring import Environment


_NAMES = {"flag": "--home", "environment": "RETAILSTREAM_HOME", "default": "the home"}
"""What names the home, by the layer it comes from."""


@dataclass(frozen=True)
class Session:
    """One command line at work."""

    environment: Environment
    run_id: str
    as_json: bool
    quiet: bool


def keep_what_is_there() -> None:
    """Have nobody look for garbage among modules, models and commands, which stay as long as the process."""
    if "duckdb" not in sys.modules:  # it complains of what is not freed at the end
        gc.freeze()


@contextmanager
def open_session(
    context: typer.Context,
    flags: Mapping[str, str | None] | None = None,
    *,
    create: bool = True,
    told_as: str | None = None,
    half_restored: bool = False,
) -> Iterator[Session]:
    """Open the environment that the global options name; without `create`, one that is not there stays so.

    A failure before the command enters itself into the ledger is told as one of the stage `told_as`. Only a
    restore opens a home that is `half_restored`.
    """
    from retailstream.wiring import open_environment

    keep_what_is_there()
    home = home_of(context)
    loaded = load_settings(context, flags)
    with (
        restricted(loaded.settings.access),
        open_environment(home, loaded, create=create, half_restored=half_restored) as environment,
    ):
        session = Session(environment, run_id(context), wants_json(context), bool(global_value(context, "quiet")))
        with environment.telemetry.early_failures(told_as) if told_as else nullcontext():
            yield session


def load_settings(
    context: typer.Context, flags: Mapping[str, str | None] | None = None, *, any_home: bool = False
) -> Loaded:
    """Set up the log, and read the settings with these flags on top; UsageError where the home cannot be a folder."""
    from retailstream import settings
    from retailstream.targets import check_folder

    _set_up_log(context)
    metrics_file = global_value(context, "metrics_file")
    home = home_of(context)
    if not any_home:
        check_folder(home, _NAMES[settings.home_of(global_value(context, "home"))[1]])
    given = {"monitoring.metrics_file": str(metrics_file) if metrics_file else None, **(flags or {})}
    return settings.load(home=home, config=global_value(context, "config"), flags=given)


def wants_json(context: typer.Context) -> bool:
    """Say whether the summary is asked for as JSON."""
    return bool(global_value(context, "json"))


def run_id(context: typer.Context) -> str:
    """Return the given run id, or a new one that sorts by time."""
    given = global_value(context, "run_id")
    if given is not None and not given.strip():
        raise UsageError("--run-id is empty", hint="give a word, or leave the option out")
    return str(given or f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}")


def home_of(context: typer.Context) -> Path:
    """Return the folder of the environment."""
    from retailstream import settings

    given = global_value(context, "home")
    if given is not None and not given.strip():
        raise UsageError("--home is empty", hint="name a folder, or leave the option out")
    return settings.home_of(given)[0]


def _set_up_log(context: typer.Context) -> None:
    log_format = global_value(context, "log_format") or "text"
    if log_format not in {"text", "json"}:
        raise UsageError(f"'{log_format}' is no log format", hint="use --log-format text or --log-format json")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if log_format == "json" else _TextLines())
    root = logging.getLogger("retailstream")
    root.handlers[:] = [handler]
    root.propagate = False
    verbose = int(global_value(context, "verbose") or 0)
    quiet = global_value(context, "quiet")
    root.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING)


class _TextLines(logging.Formatter):
    """One line a record, for people."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(f"{record.levelname}: {masked_text(record.getMessage())}")


class _JsonLines(logging.Formatter):
    """One JSON object a line, for machines that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = masked_text(record.getMessage())
        line = {"time": at, "level": record.levelname.lower(), "message": message, "process": os.getpid()}
        return json_line(line)
