"""`monitor`: the health of an environment."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from retailstream.cli.health_table import COLUMNS, rows, verdict
from retailstream.cli.options import Command
from retailstream.cli.render import print_json, print_table, say
from retailstream.cli.session import open_session, run_id
from retailstream.errors import QualityGateError, UsageError

app = typer.Typer()


@app.command("monitor", cls=Command)
def monitor(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Exit with code 3 unless healthy.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh until Ctrl-C.")] = False,
    serve: Annotated[
        str | None,
        typer.Option("--serve", help="Serve /metrics to Prometheus, until stopped.", metavar="[HOST:]PORT"),
    ] = None,
    every: Annotated[
        float, typer.Option("--every", min=0.1, help="Refresh interval in seconds for --watch and --serve.")
    ] = 30,
) -> None:
    """Check the health of an environment: whether stores agree, data is good and runs ended well."""
    if sum((check, watch, serve is not None)) > 1:
        raise UsageError("--check, --watch and --serve exclude each other", hint="give one of them")
    if watch or serve is not None:
        from retailstream.cli import watching

        watching.serve(context, serve, every) if serve is not None else watching.watch(context, every)
        return
    _look(context, check=check)


def _look(context: typer.Context, *, check: bool) -> None:
    from retailstream import monitoring
    from retailstream.reports import summary_of_nothing

    summary, clock = summary_of_nothing("monitor", run_id(context)), time.monotonic()
    with open_session(context, create=False) as session, session.environment.telemetry.command("monitor"):
        found = monitoring.look(session.environment)
        if session.as_json:
            print_json(summary | {"seconds": round(time.monotonic() - clock, 3)} | found.as_dict())
        else:
            print_table(COLUMNS, rows(found))
            for line in verdict(found):
                say(line)
        monitoring.tell_health(session.environment, found)
        if check and not found.healthy:
            raise typer.Exit(QualityGateError.exit_code)
