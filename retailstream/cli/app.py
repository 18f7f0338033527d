"""The command line: `retailstream COMMAND`."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from retailstream.cli import (
    analyze,
    backup,
    config,
    doctor,
    forecast,
    history,
    hive,
    integrity,
    monitor,
    quarantine,
    sample,
    stages,
)
from retailstream.cli.failure import RootGroup
from retailstream.cli.session import keep_what_is_there
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


for noun in (stages, monitor, integrity, backup, forecast, doctor, sample, hive):
    app.registered_commands += noun.app.registered_commands
for group in (analyze.app, quarantine.app, history.app, config.app):
    app.add_typer(group)


def _make_only(name: str) -> None:
    """Leave the other commands unmade, which takes four times as long; they stay where the name is no command's."""
    commands = [command for command in app.registered_commands if command.name == name]
    groups = [
        group for group in app.registered_groups if group.typer_instance and group.typer_instance.info.name == name
    ]
    if commands or groups:
        app.registered_commands, app.registered_groups = commands, groups


def main() -> None:
    """Run the command line of this process."""
    # A process that ends soon makes little garbage, and to look for it after every 700 objects is a tenth of start-up.
    gc.set_threshold(50_000, 20, 100)
    # The forecast's matrices are small: on a busy machine, threads that wait for each other take three times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # No plugin of pydantic has a say in our settings, and to look for some reads about every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    _make_only(next(iter(sys.argv[1:]), ""))
    try:
        app()
    finally:
        keep_what_is_there()  # to look through the models of boto3 at the end takes a twentieth of a second
