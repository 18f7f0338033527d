"""`monitor`: the health of an environment."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from retailstream.cli.options import Command
from retailstream.cli.render import print_json, print_table
from retailstream.cli.session import open_session, run_id
from retailstream.errors import QualityGateError

app = typer.Typer()


@app.command("monitor", cls=Command)
def monitor(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="End with exit code 3 where anything is not healthy.")] = False,
) -> None:
    """Look at the health of an environment. It says whether its stores agree and its last runs ended well."""
    from retailstream import wiring
    from retailstream.reports import summary_of_nothing
    from retailstream.stages.monitor import healthy

    summary, clock = summary_of_nothing("monitor", run_id(context)), time.monotonic()
    with open_session(context, create=False) as session:
        checks = wiring.look(session.environment)
        well = healthy(checks)
        if session.as_json:
            print_json(
                summary
                | {"seconds": round(time.monotonic() - clock, 3)}
                | {"healthy": well, "checks": [found.as_dict() for found in checks]}
            )
        else:
            rows = [(found.state, found.name, found.value, found.limit) for found in checks]
            print_table(("state", "check", "value", "limit"), rows)
            failing = sum(found.state == "fail" for found in checks)
            print("healthy" if well else f"not healthy: {failing} of {len(checks)} checks fail")
    if check and not well:
        raise typer.Exit(QualityGateError.exit_code)
