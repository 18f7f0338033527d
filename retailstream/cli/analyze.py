"""`analyze`: questions put to the warehouse; every `.sql` file of the analyses is a command here."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.main import get_command

from retailstream.cli.options import Command, Group, Output, QueryEngineName
from retailstream.cli.render import as_json, print_listing, print_table
from retailstream.cli.session import run_id, wants_json

if TYPE_CHECKING:
    from retailstream.analytics.use_case import Parameter, UseCase

Format = Annotated[
    Literal["table", "csv", "json", "parquet", "html"] | None,
    typer.Option("--format", help="Output format; default: table, or the extension of --output."),
]
Chart = Annotated[
    Path | None, typer.Option("--chart", help="Draw the answer into this .svg or .png file.", metavar="FILE")
]
Save = Annotated[bool, typer.Option("--save", help="Keep the answer as a table of the database, result_…")]


class AnalysisGroup(Group):
    """`list`, `all`, and a command for each analysis that is there, made when it is asked for."""

    def list_commands(self, context: Any) -> list[str]:  # noqa: ANN401 -- typer's own signature
        """Return the names of all commands."""
        from retailstream.analytics.catalog import use_cases

        return [*super().list_commands(context), *use_cases()]

    def get_command(self, context: Any, name: str) -> Any:  # noqa: ANN401 -- typer's own signature
        """Return the command of that name, or None."""
        from retailstream.analytics.catalog import use_cases

        if name not in self.commands and name in use_cases():
            self.commands[name] = _command(use_cases()[name])
        return super().get_command(context, name)

    def resolve_command(self, context: Any, words: list[str]) -> Any:  # noqa: ANN401 -- typer's own signature
        """Return the command that the words name; UsageError with the nearest name where there is none."""
        from retailstream.analytics.catalog import find

        if words and not words[0].startswith("-") and self.get_command(context, words[0]) is None:
            find(words[0])
        return super().resolve_command(context, words)


app = typer.Typer(name="analyze", cls=AnalysisGroup, no_args_is_help=True, help="Run analyses on the warehouse.")


@app.command("list", cls=Command)
def list_(
    context: typer.Context,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """List the analyses and the questions they answer."""
    from retailstream.analytics.catalog import use_cases

    cases = use_cases().values()
    if form == "json" or wants_json(context):
        items = [
            {"name": case.name, "title": case.title, "question": case.question, "parameters": _parameters(case)}
            for case in cases
        ]
        print_listing("analyze list", run_id(context), items, as_summary=wants_json(context))
    else:
        print_table(("analysis", "question"), [(case.name, case.question) for case in cases])


@app.command("all", cls=Command)
def all_(
    context: typer.Context,
    form: Annotated[
        Literal["table", "csv", "json", "parquet"] | None,
        typer.Option("--format", help="Output format; default: table, or csv with --output."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write each answer to a file in this folder.", metavar="FOLDER")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write a page with tables and charts to this folder.", metavar="FOLDER"),
    ] = None,
    save: Save = False,
    engine: QueryEngineName = None,
) -> None:
    """Run every analysis."""
    from retailstream.analytics.catalog import use_cases
    from retailstream.cli.asking import Delivery, put_all

    put_all(
        context, {name: {} for name in use_cases()}, Delivery(form, output, report=report, save=save, engine=engine)
    )


def _command(case: UseCase) -> Any:  # noqa: ANN401 -- typer's own type is the vendored click's
    """Return the command of an analysis, with an option for each of its parameters."""

    def ask(context: typer.Context, **given: Any) -> None:  # noqa: ANN401 -- each option has its own type
        from retailstream.cli.asking import Delivery, put

        to = {name: given.pop(name) for name in ("form", "output", "chart", "save", "engine")}
        put(context, case.name, given, Delivery(**to))

    own = {known.name: (_option(known), None) for known in case.parameters}
    options = {
        "context": (typer.Context, inspect.Parameter.empty),
        **own,
        "form": (Format, None),
        "output": (Output, None),
        "chart": (Chart, None),
        "save": (Save, False),
        "engine": (QueryEngineName, None),
    }
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, kind, default=default, annotation=hint) for name, (hint, default) in options.items()
    ]
    # This is what typer reads the options from.
    ask.__dict__["__signature__"] = inspect.Signature(parameters)
    ask.__annotations__ = {name: hint for name, (hint, _default) in options.items()}
    maker = typer.Typer(add_completion=False)
    maker.command(case.name, cls=Command, help=case.question)(ask)
    return get_command(maker)


def _option(known: Parameter) -> object:
    default = "" if known.default is None else f" [default: {known.default}]"
    help_ = f"{known.help[0].upper()}{known.help[1:]}{default}"
    return Annotated[str | None, typer.Option(f"--{known.name}", help=help_, metavar=known.type.upper())]


def _parameters(case: UseCase) -> list[dict[str, object]]:
    return [
        {"name": known.name, "type": known.type, "default": as_json(known.default), "help": known.help}
        for known in case.parameters
    ]
