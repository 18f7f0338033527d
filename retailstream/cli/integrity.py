"""`verify` and `repair`: damage is found, and mended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from retailstream.cli.options import Command
from retailstream.cli.render import counted, print_json, print_table, say
from retailstream.cli.session import open_session, run_id
from retailstream.errors import QualityGateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.integrity import Damage

app = typer.Typer()


@app.command("verify", cls=Command)
def verify(
    context: typer.Context,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte and every row.")] = False,
) -> None:
    """Look for damage in all that an environment keeps, and say what mends it. The exit code is 3 if there is any."""
    from retailstream import verification
    from retailstream.reports import summary_of_nothing

    summary, clock = summary_of_nothing("verify", run_id(context)), time.monotonic()
    with open_session(context, create=False) as session, session.environment.telemetry.command("verify"):
        found = verification.look(session.environment, deep=deep)
        if session.as_json:
            seconds = round(time.monotonic() - clock, 3)
            print_json(summary | {"seconds": seconds, "deep": deep} | found.as_dict())
        else:
            _print(found.damages)
            looked = ", ".join(f"{number:,} of {place}" for place, number in found.looked_at.items() if number)
            damages = counted(len(found.damages), "damage") if found.damages else "nothing"
            say(f"{damages} found, in {looked or 'nothing'}")
            if not deep:
                print("hint: retailstream verify --deep reads every byte and every row")
        if not found.healthy:
            raise typer.Exit(QualityGateError.exit_code)


def _print(damages: Sequence[Damage]) -> None:
    if damages:
        columns = ("place", "what", "state", "mend")
        print_table(columns, [(damage.place, damage.thing, damage.state, damage.mend) for damage in damages])
