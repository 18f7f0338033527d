"""`hive-ddl`: the tables of a warehouse in Hive, for people who make them themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from retailstream.cli.options import Command
from retailstream.cli.session import load_settings

app = typer.Typer()


@app.command("hive-ddl", cls=Command)
def hive_ddl(
    context: typer.Context,
    database: Annotated[
        str | None, typer.Option("--database", help="The database; by default that of warehouse.url, or retail.")
    ] = None,
) -> None:
    """Print the statements that make the tables in Hive. Stages make them by themselves where they are not there."""
    from retailstream.adapters.warehouse.hive_address import address_of
    from retailstream.adapters.warehouse.hive_tables import ddl
    from retailstream.contracts import CONTRACTS
    from retailstream.masking import masked

    settings = load_settings(context).settings
    url = settings.warehouse.url
    named = database or (address_of(url).database if url.startswith("hive://") else "retail")
    print("\n\n".join(ddl(contract, named, masked(settings.hive.location)) for contract in CONTRACTS.values()))
