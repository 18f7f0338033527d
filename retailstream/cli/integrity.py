"""`verify` and `repair`: damage is found, and mended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from retailstream.cli.options import Command, DryRun, Source
from retailstream.cli.render import counted, print_json, print_table, progress_bar, say
from retailstream.cli.session import open_session, run_id
from retailstream.errors import QualityGateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.integrity import Damage
    from retailstream.repairing import Repair

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
            looked = ", ".join(f"{place} {number:,}" for place, number in found.looked_at.items() if number)
            say(f"{_damaged(found.damages)} (looked at: {looked or 'nothing'})")
            if not deep:
                print("hint: retailstream verify --deep reads every byte and every row")
        if not found.healthy:
            raise typer.Exit(QualityGateError.exit_code)


@app.command("repair", cls=Command)
def repair(context: typer.Context, source: Source = None, dry_run: DryRun = False) -> None:
    """Make anew what is damaged, from what is before it. The exit code is 3 if anything stays damaged."""
    from retailstream import repairing, stage_wiring
    from retailstream.execution import Request, attended

    with (
        open_session(context, {"source.path": source}, create=not dry_run, told_as="repair") as session,
        progress_bar(quiet=session.quiet) as progress,
    ):
        env = session.environment
        repairing.check_memory(env)
        request = Request(session.run_id, dry_run=dry_run, progress=progress)
        with attended(env, repairing.STAGE, request, stage_wiring.SCOPES[repairing.STAGE]) as entry:
            done = repairing.repair(env, entry, request)
            entry.extra.update(done.as_dict())
    if session.as_json:
        print_json(entry.summary())
    else:
        _print(done.left)
        for reason in done.why:
            say(reason)
        say(_told(done, dry_run=dry_run))
    if done.left:
        raise typer.Exit(QualityGateError.exit_code)


def _told(done: Repair, *, dry_run: bool) -> str:
    """Return the last line, which sums up a repair."""
    if not done.found or dry_run:
        return f"{_damaged(done.found)}{'; nothing was changed' if dry_run else ''}"
    left = f", {len(done.left):,} left" if done.left else ""
    return f"{counted(len(done.mended), 'thing')} mended{left}"


def _damaged(damages: Sequence[Damage]) -> str:
    """Say how many things are damaged."""
    count = len(damages)
    return f"{counted(count, 'thing')} {'is' if count == 1 else 'are'} damaged" if count else "nothing is damaged"


def _print(damages: Sequence[Damage]) -> None:
    if damages:
        columns = ("place", "what", "state", "mend")
        print_table(columns, [(damage.place, damage.thing, damage.state, damage.mend) for damage in damages])
