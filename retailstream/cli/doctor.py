"""`doctor`: whether everything is there that this environment needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from retailstream.cli.options import Command
from retailstream.cli.render import print_listing, print_table
from retailstream.cli.session import home_of, load_settings, wants_json

if TYPE_CHECKING:
    from retailstream.diagnosis import Finding

app = typer.Typer()


@app.command("doctor", cls=Command)
def doctor(
    context: typer.Context,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """Try every part that this environment needs. The exit code is 1 if any failed."""
    from retailstream import wiring
    from retailstream.diagnosis import diagnose

    settings = load_settings(context, any_home=True).settings
    with wiring.open_telemetry(settings).command("doctor"):
        _print(context, form, list(diagnose(home_of(context), settings)))


def _print(context: typer.Context, form: str, findings: list[Finding]) -> None:
    if form == "json" or wants_json(context):
        print_listing("doctor", None, [found.as_dict() for found in findings], as_summary=wants_json(context))
    else:
        print_table(("state", "part", "detail"), [(found.state, found.name, found.detail) for found in findings])
    if any(found.state == "FAILED" for found in findings):
        raise typer.Exit(1)
