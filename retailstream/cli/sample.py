"""`sample`: a synthetic retail chain to try everything on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from retailstream.cli.options import Command
from retailstream.cli.render import print_json, say
from retailstream.cli.session import load_settings, run_id, wants_json

app = typer.Typer()


@app.command("sample", cls=Command)
def sample(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.", metavar="FOLDER")],
    stores: Annotated[int, typer.Option("--stores", help="How many stores.")] = 45,
    depts: Annotated[int, typer.Option("--depts", help="How many departments.")] = 81,
    weeks: Annotated[int, typer.Option("--weeks", help="How many weeks of sales.")] = 143,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
    dirty: Annotated[float, typer.Option("--dirty", help="The share of records to spoil, such as 0.02.")] = 0.0,
) -> None:
    """Write the files of a synthetic retail chain. They are sales, features and stores, as uneven as real ones."""
    from retailstream import wiring
    from retailstream.reports import Counts, summary_of_nothing
    from retailstream.sample import write_sample

    settings = load_settings(context).settings
    summary, clock = summary_of_nothing("sample", run_id(context)), time.monotonic()
    with wiring.open_telemetry(settings).command("sample"):
        written = write_sample(folder, stores=stores, depts=depts, weeks=weeks, seed=seed, dirty=dirty)
    if wants_json(context):
        rows = {name: Counts(rows_in=count, rows_out=count) for name, count in written.rows.items()}
        whole = Counts(written.files, written.files, bytes=written.bytes) + sum(rows.values(), Counts())
        print_json(
            summary
            | {"seconds": round(time.monotonic() - clock, 3), **whole.as_dict(), "outputs": [str(folder)]}
            | {"datasets": {name: counts.as_dict() for name, counts in rows.items()}}
        )
        return
    counts = ", ".join(f"{count:,} {name}" for name, count in written.rows.items())
    say(f"{written.files:,} files in {folder}: {counts}")
    if written.spoilt:
        say(f"{written.spoilt:,} records are spoilt; {folder / 'manifest.json'} says which and how")
