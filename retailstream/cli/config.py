"""`config show`: every setting, and where its value came from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from retailstream.cli.options import Command, Group, global_value
from retailstream.cli.render import print_listing, print_table
from retailstream.cli.session import load_settings, wants_json

app = typer.Typer(name="config", cls=Group, no_args_is_help=True, help="Show the settings.")


@app.command("show", cls=Command)
def show(
    context: typer.Context,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """Print every setting with its value and where that came from; secrets are masked."""
    from retailstream.settings import Value, home_of

    loaded = load_settings(context)
    home, origin = home_of(global_value(context, "home"))
    values = [Value("home", str(home.absolute()), origin), *loaded.values()]
    if form == "json" or wants_json(context):
        items = [asdict(value) for value in values]
        print_listing("config show", None, items, as_summary=wants_json(context))
    else:
        print_table(("setting", "value", "from"), [(value.key, value.value, value.origin) for value in values])
