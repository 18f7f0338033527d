"""The options that commands share; the global ones may stand before or after the command's name."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

_META = "retailstream.global."


def _remember(context: typer.Context, parameter: typer.CallbackParam, value: object) -> object:
    if value is not None and value is not False and value != 0:
        context.meta[_META + str(parameter.name)] = value
    return value


def _global(*names: str, **attributes: Any) -> Any:  # noqa: ANN401 -- typer's own signature
    attributes.setdefault("rich_help_panel", "Global options")
    return typer.Option(*names, callback=_remember, **attributes)


def global_options(
    config: Annotated[Path | None, _global("--config", help="The TOML file with the settings.", metavar="FILE")] = None,
    # An empty text would be the current folder as a path.
    home: Annotated[
        str | None,
        _global(
            "--home",
            help="The folder of the environment; default: that of RETAILSTREAM_HOME, or .retailstream.",
            metavar="FOLDER",
        ),
    ] = None,
    run_id: Annotated[
        str | None, _global("--run-id", help="Id of the run, such as an orchestrator's own; default: a new one.")
    ] = None,
    json: Annotated[bool, _global("--json", help="Print the summary as one JSON object on the last line.")] = False,
    metrics_file: Annotated[
        Path | None,
        _global(
            "--metrics-file", help="Also write metrics to this file, as monitoring.metrics_file does.", metavar="FILE"
        ),
    ] = None,
    log_format: Annotated[
        str | None, _global("--log-format", help="Format of the log on stderr: text or json.")
    ] = None,
    verbose: Annotated[
        int,
        _global(
            "--verbose", "-v", count=True, show_default=False, help="Show more of the log, and the traceback of a bug."
        ),
    ] = 0,
    quiet: Annotated[bool, _global("--quiet", "-q", help="Print errors and results only.")] = False,
) -> None:
    """Declare the global options; their values are read with `global_value`."""


def global_value(context: typer.Context, name: str) -> Any:  # noqa: ANN401 -- each option has its own type
    """Return a global option's value wherever it stood, or None."""
    return context.meta.get(_META + name)


@cache
def _global_params() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(global_options)
    params = list(get_command(app).params)
    for param in params:
        param.expose_value = False
    return params


class _WithGlobalOptions:
    """What commands and groups share: the global options, and help that costs rich only where rich can be seen."""

    params: list[Any]
    context_settings: Any
    rich_markup_mode: Any

    def __init__(self, *args: Any, **attributes: Any) -> None:  # noqa: ANN401 -- typer's own signature
        super().__init__(*args, **attributes)
        self.context_settings = {"help_option_names": ["-h", "--help"], **self.context_settings}
        self.params += _global_params()

    def format_help(self, context: Any, formatter: Any) -> None:  # noqa: ANN401 -- typer's own signature
        """Write the help page, plain where it is piped."""
        if not sys.stdout.isatty():
            self.rich_markup_mode = None
        super().format_help(context, formatter)  # type: ignore[misc]

    def format_options(self, context: Any, formatter: Any) -> None:  # noqa: ANN401 -- typer's own signature
        """Write what a command takes to the plain help page, its own options before the global ones."""
        sections: dict[str, list[Any]] = {"Arguments": [], "Options": [], "Global options": []}
        for param in self.get_params(context):  # type: ignore[attr-defined]
            title = "Arguments" if param.param_type_name == "argument" else "Options"
            if record := param.get_help_record(context):
                sections["Global options" if param in _global_params() else title].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
        if isinstance(self, TyperGroup):
            self.format_commands(context, formatter)


class Command(_WithGlobalOptions, TyperCommand):
    """A command that takes the global options too."""


class Group(_WithGlobalOptions, TyperGroup):
    """A group of commands that takes the global options too."""


DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")]
SkipIfEmpty = Annotated[bool, typer.Option("--skip-if-empty", help="Exit with code 99 if nothing is new.")]
Source = Annotated[str | None, typer.Option("--source", help="The folder with new files.", metavar="FOLDER")]
Engine = Annotated[str | None, typer.Option("--engine", help="Engine that cleans and merges: duckdb, spark, or glue.")]
QueryEngineName = Annotated[str | None, typer.Option("--engine", help="Engine that answers: duckdb, spark, or hive.")]
Mover = Annotated[str | None, typer.Option("--engine", help="Engine that moves the rows: native, sqoop, or spark.")]
Table = Annotated[
    str | None, typer.Option("--table", help="Copy this table of the database, of any shape.", metavar="NAME")
]
Target = Annotated[str | None, typer.Option("--target", help="Its name in the warehouse.", metavar="NAME")]
Adopt = Annotated[
    bool,
    typer.Option("--adopt", help="Replace what is at the target, though it is not ours or from another table."),
]
Rename = Annotated[
    list[str] | None,
    typer.Option("--rename", help="Call a column otherwise in the warehouse. May be repeated.", metavar="COLUMN=NAME"),
]
AsText = Annotated[
    list[str] | None,
    typer.Option("--as-text", help="Copy a column as text, such as a wide decimal. May be repeated.", metavar="COLUMN"),
]
Columns = Annotated[str | None, typer.Option("--columns", help="Copy only these columns.", metavar="A,B")]
Where = Annotated[
    str | None, typer.Option("--where", help="Copy only rows that match this SQL condition.", metavar="SQL")
]
Incremental = Annotated[
    str | None,
    typer.Option("--incremental", help="Copy only new rows (append), or new and changed ones (lastmodified)."),
]
CheckColumn = Annotated[
    str | None, typer.Option("--check-column", help="Column that tells which rows are new.", metavar="NAME")
]
TableFormat = Annotated[
    str | None, typer.Option("--format", help="The format of the table's file: parquet or orc.", metavar="FORMAT")
]
SplitBy = Annotated[
    str | None, typer.Option("--split-by", help="Column that partitions rows among connections.", metavar="NAME")
]
Mappers = Annotated[
    int | None, typer.Option("--mappers", "-m", help="Parallel connections (sqoop and spark engines).", metavar="N")
]
MaxRejects = Annotated[
    str | None, typer.Option("--max-rejects", help="Limit of rejected records: a count (12) or a percentage (5%).")
]
Output = Annotated[Path | None, typer.Option("--output", help="Write the result to this file.", metavar="FILE")]
