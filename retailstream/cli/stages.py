"""The commands that move data, one a stage, and `run` for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retailstream.cli.options import (
    Adopt,
    AsText,
    CheckColumn,
    Columns,
    Command,
    DryRun,
    Engine,
    Incremental,
    Mappers,
    MaxRejects,
    Mover,
    Rename,
    SkipIfEmpty,
    Source,
    SplitBy,
    Table,
    TableFormat,
    Target,
    Where,
)
from retailstream.cli.render import print_json, print_summary, progress_bar
from retailstream.cli.session import open_session
from retailstream.errors import NothingToDoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from retailstream.execution import Request
    from retailstream.reports import Summary
    from retailstream.wiring import Environment

app = typer.Typer()


@app.command("ingest", cls=Command)
def ingest(
    context: typer.Context, source: Source = None, dry_run: DryRun = False, skip_if_empty: SkipIfEmpty = False
) -> None:
    """Land new sales and store files in the raw bucket. Their bytes stay as they are."""
    _stage(context, "ingest", {"source.path": source}, dry_run=dry_run, skip_if_empty=skip_if_empty)


@app.command("glue-merge", cls=Command)
def glue_merge(
    context: typer.Context,
    engine: Engine = None,
    max_rejects: MaxRejects = None,
    stop_on_interrupt: Annotated[
        bool, typer.Option("--stop-on-interrupt", help="Also stop the Glue job when this command is interrupted.")
    ] = False,
    dry_run: DryRun = False,
    skip_if_empty: SkipIfEmpty = False,
) -> None:
    """Clean and merge what was landed into the clean bucket."""

    def work(env: Environment, request: Request) -> Summary:
        if env.settings.engine.name == "glue":
            from retailstream import gluing

            return gluing.run(env, request, stop_on_interrupt=stop_on_interrupt)
        from retailstream import execution

        return execution.execute(env, "glue-merge", request)

    flags = {"engine.name": engine, "quality.max_rejects": max_rejects}
    _carry_out(context, "glue-merge", flags, work, dry_run=dry_run, skip_if_empty=skip_if_empty)


@app.command("load-rds", cls=Command)
def load_rds(context: typer.Context, dry_run: DryRun = False, skip_if_empty: SkipIfEmpty = False) -> None:
    """Load the clean tables into the relational database."""
    _stage(context, "load-rds", {}, dry_run=dry_run, skip_if_empty=skip_if_empty)


@app.command("features", cls=Command)
def features(
    context: typer.Context,
    source: Source = None,
    engine: Engine = None,
    max_rejects: MaxRejects = None,
    dry_run: DryRun = False,
    skip_if_empty: SkipIfEmpty = False,
) -> None:
    """Land new feature files and clean them into the warehouse."""
    flags = {"source.path": source, "engine.name": engine, "quality.max_rejects": max_rejects}
    _stage(context, "features", flags, dry_run=dry_run, skip_if_empty=skip_if_empty)


@app.command("sqoop", cls=Command)
def sqoop(
    context: typer.Context,
    engine: Mover = None,
    table: Table = None,
    target: Target = None,
    adopt: Adopt = False,
    columns: Columns = None,
    rename: Rename = None,
    as_text: AsText = None,
    where: Where = None,
    incremental: Incremental = None,
    check_column: CheckColumn = None,
    file_format: TableFormat = None,
    split_by: SplitBy = None,
    mappers: Mappers = None,
    dry_run: DryRun = False,
    skip_if_empty: SkipIfEmpty = False,
) -> None:
    """Copy relational tables into the warehouse. Count, sums, ranges and keys prove that they arrived."""
    from dataclasses import replace

    from retailstream import execution
    from retailstream.cli.asked_table import asked_table
    from retailstream.stages import TABLE

    words = {"--target": target, "--columns": columns, "--where": where}
    step = {"--incremental": incremental, "--check-column": check_column}
    lists = {"--rename": rename or [], "--as-text": as_text or []}
    asked = asked_table(table, {**words, **step, "--format": file_format}, lists, adopt=adopt)

    stage = TABLE if asked else "sqoop"

    def work(env: Environment, request: Request) -> Summary:
        return execution.execute(env, stage, replace(request, table=asked))

    many = None if mappers is None else str(mappers)
    flags = {"sqoop.engine": engine, "sqoop.split_by": split_by, "sqoop.mappers": many}
    _carry_out(context, stage, flags, work, dry_run=dry_run, skip_if_empty=skip_if_empty)


@app.command("run", cls=Command)
def run(
    context: typer.Context,
    source: Source = None,
    first: Annotated[str, typer.Option("--from", help="The stage to start with.", metavar="STAGE")] = "ingest",
    engine: Engine = None,
    max_rejects: MaxRejects = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Also write a page with tables and charts to this folder.", metavar="FOLDER"),
    ] = None,
    dry_run: DryRun = False,
    skip_if_empty: SkipIfEmpty = False,
) -> None:
    """Run all stages in order. A health check of the result comes last."""
    from retailstream import execution
    from retailstream.errors import UsageError
    from retailstream.stages import ORDER
    from retailstream.targets import check_folder

    if first not in ORDER:
        raise UsageError(f"'{first}' is no stage", hint=f"--from takes one of {', '.join(ORDER)}")
    if report:
        check_folder(report, "--report")

    def work(env: Environment, request: Request) -> Summary:
        summary = execution.execute_all(env, request, first=first)
        if report and not dry_run:
            from retailstream import reporting

            summary["outputs"] = [*summary["outputs"], str(reporting.write_all(env, report))]
        return summary

    flags = {"source.path": source, "engine.name": engine, "quality.max_rejects": max_rejects}
    _carry_out(context, "run", flags, work, dry_run=dry_run, skip_if_empty=skip_if_empty)


def _stage(
    context: typer.Context, stage: str, flags: dict[str, str | None], *, dry_run: bool, skip_if_empty: bool
) -> None:
    from retailstream import execution

    def work(env: Environment, request: Request) -> Summary:
        return execution.execute(env, stage, request)

    _carry_out(context, stage, flags, work, dry_run=dry_run, skip_if_empty=skip_if_empty)


def _carry_out(
    context: typer.Context,
    stage: str,
    flags: dict[str, str | None],
    work: Callable[[Environment, Request], Summary],
    *,
    dry_run: bool,
    skip_if_empty: bool,
) -> None:
    from retailstream.execution import Request

    told_as = None if dry_run else stage
    with open_session(context, flags, create=not dry_run, told_as=told_as) as session:
        with progress_bar(quiet=session.quiet) as progress:
            summary = work(session.environment, Request(session.run_id, dry_run=dry_run, progress=progress))
        (print_json if session.as_json else print_summary)(summary)
    if skip_if_empty and summary["status"] == "noop":
        raise typer.Exit(NothingToDoError.exit_code)
