"""`analyze`: questions put to the warehouse; every `.sql` file of the analyses is a command here."""

from __future__ import annotations

import inspect
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.main import get_command

from retailstream.cli.options import Command, Group, Output
from retailstream.cli.render import print_json, print_listing, print_table
from retailstream.cli.session import open_session, run_id, wants_json
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retailstream.analytics.catalog import Parameter, UseCase
    from retailstream.analytics.export import Form, TypedAnswer

Format = Annotated[
    Literal["table", "csv", "json", "parquet"] | None,
    typer.Option("--format", help="How to write it; by default a table, or what the name of the --output ends in."),
]
Folder = Annotated[
    Path | None, typer.Option("--output", help="Write each answer to a file in this folder.", metavar="FOLDER")
]


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


app = typer.Typer(name="analyze", cls=AnalysisGroup, no_args_is_help=True, help="Put questions to the warehouse.")


@dataclass(frozen=True)
class Asking:
    """One `analyze` at work: when it began, and where its answers are to go."""

    context: typer.Context
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    clock: float = field(default_factory=time.monotonic)

    def ask(self, questions: Mapping[str, Mapping[str, object]]) -> list[TypedAnswer]:
        """Return the answers to analyses with their parameters, and tell people which tables are empty."""
        from retailstream import wiring

        with open_session(self.context, create=False) as session:
            env = session.environment
            asked = wiring.ask(env.home, env.settings, questions)
            if asked.empty_tables and not session.quiet:
                _note(f"the warehouse has no {' and no '.join(asked.empty_tables)} yet; retailstream run brings them")
        return asked.answers

    def print_summary(self, **extra: object) -> None:
        """Print the JSON object of the command."""
        from retailstream.reports import summary_of_nothing

        print_json(
            summary_of_nothing("analyze", run_id(self.context))
            | {"started_at": self.started_at, "seconds": round(time.monotonic() - self.clock, 3)}
            | extra
        )


@app.command("list", cls=Command)
def list_(
    context: typer.Context,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="How to print it.")] = "table",
) -> None:
    """List the questions that can be asked."""
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
def all_(context: typer.Context, form: Format = None, output: Folder = None) -> None:
    """Put every question at once."""
    from retailstream.analytics import export
    from retailstream.analytics.catalog import use_cases
    from retailstream.cli.answers import print_all

    form = _form(context, form, output, default="csv" if output else "table")
    asking = Asking(context)
    if output is None and form == "csv":
        raise UsageError("several answers make no single CSV", hint="give --output FOLDER, or use --format json")
    if output:
        export.check_folder(output)
    answers = asking.ask({name: {} for name in use_cases()})
    files = export.write_all(answers, output, form) if output else []
    if wants_json(context):
        told = [_told(found) for found in answers]
        asking.print_summary(outputs=[str(file) for file in files], answers=told)
    elif output is None:
        print_all(answers, form)
    else:
        _note(f"{len(files)} files in {output}")


def _one(context: typer.Context, case: UseCase, form: Form | None, output: Path | None, **given: object) -> None:
    from retailstream.analytics import export
    from retailstream.cli.answers import print_answer

    form = _form(context, form, output, default=export.form_of(output) if output else "table")
    asking = Asking(context)
    if output:
        export.check_file(output)
    [found] = asking.ask({case.name: given})
    if output:
        export.write(found, output, form)
    if wants_json(context):
        asking.print_summary(outputs=[str(output)] if output else [], **_told(found))
    elif output is None:
        print_answer(found, form)
    else:
        _note(f"{len(found.answer.rows):,} rows in {output}")


def _command(case: UseCase) -> Any:  # noqa: ANN401 -- typer's own type is the vendored click's
    """Return the command of an analysis, with an option for each of its parameters."""

    def ask(context: typer.Context, form: Form | None, output: Path | None, **given: object) -> None:
        _one(context, case, form, output, **given)

    own = {known.name: (_option(known), None) for known in case.parameters}
    options = {
        "context": (typer.Context, inspect.Parameter.empty),
        **own,
        "form": (Format, None),
        "output": (Output, None),
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


def _form(context: typer.Context, form: Form | None, output: Path | None, *, default: Form) -> Form:
    """Return how to write what was asked for; UsageError where stdout cannot hold it."""
    if output is None and form and wants_json(context):
        raise UsageError("--json and --format both ask for stdout", hint="give the rows a file with --output")
    if output is None and form == "parquet":
        raise UsageError("Parquet is no text for stdout", hint="give it a file with --output")
    return form or default


def _told(found: TypedAnswer) -> dict[str, object]:
    """Return what the summary says of an answer."""
    answer = found.answer
    return {
        "analysis": answer.use_case.name,
        "parameters": {name: _as_json(value) for name, value in answer.parameters.items()},
        "headline": answer.headline,
        "rows": len(answer.rows),
    }


def _parameters(case: UseCase) -> list[dict[str, object]]:
    return [
        {"name": known.name, "type": known.type, "default": _as_json(known.default), "help": known.help}
        for known in case.parameters
    ]


def _as_json(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _note(text: str) -> None:
    print(text, file=sys.stderr)
