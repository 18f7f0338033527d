"""`runs`: the history of an environment, from its ledger."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from retailstream.cli.options import Command, Group
from retailstream.cli.render import print_listing, print_summary, print_table, say
from retailstream.cli.session import open_session

app = typer.Typer(name="runs", cls=Group, invoke_without_command=True, help="List past runs, or show one.")

Format = Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")]


@app.callback()
def runs(
    context: typer.Context,
    stage: Annotated[str | None, typer.Option("--stage", help="Only this stage.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Number of runs to show, newest first.")] = 20,
    form: Format = "table",
) -> None:
    """List past runs, or show one."""
    if context.invoked_subcommand:
        return
    with open_session(context, create=False) as session:
        entries = session.environment.ledger.runs(limit=limit, stage=stage)
    if form == "json" or session.as_json:
        print_listing("runs", session.run_id, [asdict(entry) for entry in entries], as_summary=session.as_json)
        return
    if not entries:
        print("no run is in the ledger yet")
        return
    print_table(
        ("started", "run", "stage", "attempt", "status", "exit", "seconds", "rows in", "rows out"),
        [
            (
                entry.started_at[:19],
                entry.run_id,
                entry.stage,
                entry.attempt,
                entry.status,
                entry.exit_code,
                "" if entry.seconds is None else f"{entry.seconds:.2f}",
                (entry.summary or {}).get("rows_in"),
                (entry.summary or {}).get("rows_out"),
            )
            for entry in entries
        ],
    )


@app.command("show", cls=Command)
def show(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(help="The id, as the listing has it.", metavar="ID")],
    form: Format = "table",
) -> None:
    """Show everything the ledger knows of one run id."""
    with open_session(context, create=False) as session:
        entries = session.environment.ledger.show(run_id)
    if form == "json" or session.as_json:
        print_listing("runs show", run_id, [asdict(entry) for entry in entries], as_summary=session.as_json)
        return
    for entry in entries:
        if entry.summary and entry.stage != "run":
            print_summary(dict(entry.summary))
        else:
            say(f"{entry.stage}: {entry.status}")
        for warning in (entry.summary or {}).get("warnings", ()) if entry.stage != "run" else ():
            say(f"  warning: {warning['text']}")
        if entry.error:
            say(f"  {entry.error}")
        say(f"  attempt {entry.attempt}, {entry.started_at} to {entry.ended_at}, exit code {entry.exit_code}")
        say(f"  process {entry.process_id} on {entry.host}, version {entry.code_version}, config {entry.config_hash}")
        say(f"  {len(entry.inputs):,} inputs by hash (--format json lists them)")
