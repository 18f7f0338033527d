"""`backup` and `restore`: an environment as one file, and back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retailstream.cli.options import Command
from retailstream.cli.render import counted, print_json, say
from retailstream.cli.session import open_session

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer()


@app.command("backup", cls=Command)
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write: .tar, .tar.gz or .tgz.", metavar="FILE")],
    whole: Annotated[bool, typer.Option("--whole", help="Include what run can make again.")] = False,
) -> None:
    """Write the memory and the raw files of this environment to one file. Runs may go on meanwhile."""
    from retailstream.backing_up import back_up
    from retailstream.reports import summary_of_nothing

    clock = time.monotonic()
    with open_session(context, create=False) as session, session.environment.telemetry.command("backup"):
        summary = summary_of_nothing("backup", session.run_id)
        done = back_up(session.environment, file, whole=whole, made_at=summary["started_at"])
        summary |= done.as_dict() | {"outputs": [str(file)], "seconds": round(time.monotonic() - clock, 3)}
        if session.as_json:
            print_json(summary)
            return
        say(f"backup: {_listed(done.files)} in {file}")
        if done.made_again:
            say(f"left out: {', '.join(done.made_again)}, which run makes again; --whole includes them")
        for part in done.elsewhere:
            say(f"not copied: {part.setting}, {part.url}; what keeps copies of it: {part.instead}")


@app.command("restore", cls=Command)
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that backup wrote.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Set aside what is there, within the home.")] = False,
    memory_only: Annotated[
        bool, typer.Option("--memory-only", help="Restore ledger, landings and quarantine; leave files as they are.")
    ] = False,
) -> None:
    """Put a backup in place, in an empty home. Every byte is verified before anything is changed."""
    from retailstream.reports import summary_of_nothing
    from retailstream.restoring import STAGE
    from retailstream.restoring import restore as put_back

    with open_session(context, half_restored=True) as session, session.environment.telemetry.command(STAGE):
        summary = summary_of_nothing(STAGE, session.run_id)
        done = put_back(session.environment, file, summary, force=force, memory_only=memory_only)
        if session.as_json:
            print_json(summary)
            return
        say(f"restore: {_listed(done.files)}")
        say(f"all is as it was at {done.index.made_at}")
        if done.aside:
            say(f"what was there is in {done.aside}")
        say("hint: retailstream run makes the rest again")


def _listed(files: Mapping[str, int]) -> str:
    """`{"raw": 3, "state.db": 1}` → `raw (3 files), state.db (1 file)`."""
    return ", ".join(f"{part} ({counted(count, 'file')})" for part, count in files.items())
