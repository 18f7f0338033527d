"""The command line: `retailstream COMMAND`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from retailstream.cli import analyze, config, doctor, forecast, history, hive, monitor, quarantine, sample, stages
from retailstream.cli.failure import RootGroup
from retailstream.version import __version__

app = typer.Typer(name="retailstream", cls=RootGroup, no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"retailstream {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Move a retail chain's weekly files to answers."""


for commands in (stages.app, monitor.app, forecast.app, doctor.app, sample.app, hive.app):
    app.registered_commands += commands.registered_commands
for group in (analyze.app, quarantine.app, history.app, config.app):
    app.add_typer(group)


def main() -> None:
    """Run the command line of this process."""
    # The forecast's matrices are small: on a busy machine, threads that wait for each other take three times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    app()
