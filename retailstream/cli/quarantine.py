"""`quarantine`: look at what was rejected, bring corrected records in, settle the rest, take back what was taken in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from retailstream.cli.entry_table import print_entries
from retailstream.cli.options import Command, DryRun, Group
from retailstream.cli.render import counted, print_json, print_listing, print_table, say
from retailstream.cli.session import open_session
from retailstream.errors import RetailStreamError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.rejects import Entry
    from retailstream.wiring import Environment

app = typer.Typer(
    name="quarantine",
    cls=Group,
    no_args_is_help=True,
    help="List, show, replay and discard rejected records; withdraw and restore accepted ones.",
)

References = Annotated[list[str] | None, typer.Argument(help="Ids of entries, or files.", metavar="ID|FILE")]
Format = Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")]
Dataset = Annotated[str | None, typer.Option("--dataset", help="sales, features or stores.")]


@app.command("list", cls=Command)
def list_entries(
    context: typer.Context,
    dataset: Dataset = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only this rule, such as form.")] = None,
    file: Annotated[str | None, typer.Option("--file", help="Only this file, as the list names it.")] = None,
    of_run: Annotated[str | None, typer.Option("--of-run", help="Only what this run rejected.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Include closed entries.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="Number of entries to show; -1 for all.")] = -1,
    form: Format = "table",
) -> None:
    """List what was rejected: file, record, rule, value and the record as it came."""
    with open_session(context, create=False) as session:
        entries = session.environment.quarantine.entries(
            dataset=dataset, rule=rule, file=file, run_id=of_run, state=None if every else "open", limit=limit
        )
    if form == "json" or session.as_json:
        items = [entry.as_dict() for entry in entries]
        print_listing("quarantine list", session.run_id, items, as_summary=session.as_json)
        return
    print_entries(entries, states=every)
    nothing = "no entry fits" if dataset or rule or file or of_run else "the quarantine is empty"
    rejected = sum(entry.reject.records for entry in entries)
    of = f" of {rejected:,} records" if rejected > len(entries) else ""
    say(f"{counted(len(entries), 'entry')}{of}" if entries else nothing)


@app.command("show", cls=Command)
def show(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(help="The id, as the listing has it.", metavar="ID")],
    form: Format = "table",
) -> None:
    """Show one entry in full, and the header of its file."""
    with open_session(context, create=False) as session:
        env = session.environment
        items = [entry.as_dict() | {"header": _header(env, entry)} for entry in env.quarantine.find(reference)]
    if form == "json" or session.as_json:
        print_listing("quarantine show", session.run_id, items, as_summary=session.as_json)
        return
    for item in items:
        print_table(("what", "value"), [(key, str(value)) for key, value in item.items() if value is not None])


@app.command("replay", cls=Command)
def replay(
    context: typer.Context,
    references: References = None,
    file: Annotated[Path | None, typer.Option("--file", help="The CSV file with corrected records.")] = None,
    dataset: Dataset = None,
    dry_run: DryRun = False,
) -> None:
    """Land corrected records as a new file, and close the entries they correct; `retailstream run` takes them in."""
    from retailstream import replaying
    from retailstream.execution import Request, attended
    from retailstream.landing import RawStore, last_merged
    from retailstream.landings import scope_of
    from retailstream.reports import summary_of_nothing
    from retailstream.stage_wiring import open_merged

    if file is None:
        raise UsageError("--file is missing", hint="retailstream quarantine replay --file FIXED.csv [ID...]")
    with open_session(context, create=False, told_as=None if dry_run else "replay") as session:
        env = session.environment
        entries = replaying.choose(env.quarantine, references or [], dataset)
        replaying.check(file, entries, named=bool(references), limits=env.read_limits)
        scope = scope_of(entries[0].reject.dataset)
        books = env.books(scope)
        if dry_run:
            replaying.plan(file=file, entries=entries, books=books)
            plan = summary_of_nothing("replay", session.run_id, status="dry-run")
            print_json(plan) if session.as_json else say(f"{file} would close {counted(len(entries), 'entry')}")
            return
        with attended(env, "replay", Request(session.run_id), (scope,)) as entry, open_merged(env, scope) as tables:
            corrected = replaying.plan(file=file, entries=entries, books=books)
            raw = RawStore(books.landings, env.raw_lake(scope), last_merged(tables))
            done = replaying.replay(corrected=corrected, entries=entries, raw=raw, books=books, run_id=session.run_id)
            entry.report = replaying.report(done)
        if session.as_json:
            print_json(entry.summary())
        else:
            landed = done.landed.file if done.landed else "nothing new"
            say(f"{counted(done.closed, 'entry')} closed, landed as {landed}")
            print("hint: retailstream run takes the corrected records in")


@app.command("discard", cls=Command)
def discard(
    context: typer.Context,
    references: Annotated[list[str], typer.Argument(help="Ids of entries, or files.", metavar="ID|FILE")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on record.")],
    dry_run: DryRun = False,
) -> None:
    """Close entries for good, on record: their records will never come in."""
    from retailstream.execution import Request, attended
    from retailstream.landings import scope_of
    from retailstream.reports import StageReport, summary_of_nothing

    if not reason.strip():
        raise UsageError("--reason is empty", hint="say why; it stays on record")
    with open_session(context, create=False, told_as=None if dry_run else "discard") as session:
        env = session.environment
        entries = [entry for reference in references for entry in env.quarantine.find(reference)]
        if dry_run:
            plan = summary_of_nothing("discard", session.run_id, status="dry-run")
            still = {entry.id for entry in entries if entry.state == "open"}
            print_json(plan) if session.as_json else say(f"{counted(len(still), 'entry')} would be discarded")
            return
        scopes = tuple(sorted({scope_of(entry.reject.dataset) for entry in entries}, reverse=True))
        with attended(env, "discard", Request(session.run_id), scopes) as entry:
            closed = env.quarantine.settle(entries, state="discarded", reason=reason, run_id=session.run_id)
            entry.report = StageReport("discard", "ok" if closed else "noop")
        print_json(entry.summary()) if session.as_json else say(f"{counted(closed, 'entry')} discarded")


@app.command("withdraw", cls=Command)
def withdraw(
    context: typer.Context,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on record.")],
    references: Annotated[
        list[str] | None,
        typer.Argument(help="Landed files, or their records.", metavar="FILE[@LANDING][:RECORD]"),
    ] = None,
    dataset: Dataset = None,
    key: Annotated[str | None, typer.Option("--key", help="The key of a row, as store=1,date=2012-10-26.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Take accepted records or whole landed files back; `retailstream run` then makes every store without them."""
    from retailstream import stage_wiring, withdrawing
    from retailstream.execution import Request, attended
    from retailstream.landings import scope_of

    _check_words(reason, references, dataset, key)
    with open_session(context, create=False, told_as=None if dry_run else "withdraw") as session:
        env = session.environment
        with stage_wiring.open_holdings(env) as holdings:
            keyed = (dataset, key) if dataset and key else None
            plan = withdrawing.plan(references or [], keyed, holdings)
        scopes = tuple(sorted({scope_of(withdrawal.place.dataset) for withdrawal in plan}, reverse=True))
        with attended(env, "withdraw", Request(session.run_id, dry_run=dry_run), scopes) as entry:
            new = [withdrawal.place for withdrawal in plan if not withdrawal.done]
            if not dry_run:
                env.quarantine.withdraw(new, reason=reason, run_id=session.run_id)
            entry.report = withdrawing.report("withdraw", len(new), dry_run=dry_run)
            entry.extra["withdrawn"] = [withdrawal.as_dict() for withdrawal in plan]
        if session.as_json:
            print_json(entry.summary())
            return
        for withdrawal in plan:
            say(f"{withdrawal.name}: {withdrawal.note}")
        say(f"{counted(len(new), 'entry')} {'would be ' * dry_run}withdrawn")
        if new and not dry_run:
            print("hint: retailstream run makes every store without them; quarantine restore undoes it")


@app.command("restore", cls=Command)
def restore(
    context: typer.Context,
    references: Annotated[
        list[str], typer.Argument(help="Ids of withdrawals, or their files or records.", metavar="ID|FILE")
    ],
) -> None:
    """Undo withdrawals; `retailstream run` takes the records in again, as if nothing had been."""
    from retailstream import withdrawing
    from retailstream.execution import Request, attended
    from retailstream.landings import scope_of

    with open_session(context, create=False, told_as="restore") as session:
        env = session.environment
        entries = [entry for name in references for entry in withdrawing.restorable(env.quarantine, name)]
        scopes = tuple(sorted({scope_of(entry.reject.dataset) for entry in entries}, reverse=True))
        with attended(env, "restore", Request(session.run_id), scopes) as entry:
            restored = env.quarantine.restore(entries, run_id=session.run_id)
            entry.report = withdrawing.report("restore", restored)
        if session.as_json:
            print_json(entry.summary())
            return
        say(f"{counted(restored, 'entry')} restored" if restored else "restored already")
        if restored:
            print("hint: retailstream run takes them in again")


def _check_words(reason: str, references: Sequence[str] | None, dataset: str | None, key: str | None) -> None:
    if not reason.strip():
        raise UsageError("--reason is empty", hint="say why; it stays on record")
    if bool(dataset) != bool(key):
        raise UsageError("--dataset and --key go together", hint="--dataset stores --key store=7")
    if not references and not key:
        raise UsageError("nothing is named", hint="retailstream quarantine withdraw sales/week.csv:17 --reason TEXT")


def _header(env: Environment, entry: Entry) -> str | None:
    """Return the header of an entry's file as it came, or None where the file is gone, or has none that is text."""
    from retailstream.landings import landed_key, scope_of
    from retailstream.records import header_of

    reject = entry.reject
    try:
        return header_of(env.raw_lake(scope_of(reject.dataset)).fetch(landed_key(reject.landing, reject.file)))
    except RetailStreamError:
        return None
