"""The page of the command line, read from the commands themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.main import get_command

from retailstream import errors
from retailstream.cli.app import app
from retailstream.cli.reference.tables import code, table
from retailstream.interruption import TerminatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM: Final = "retailstream"
GLOBAL: Final = "Global options"

_ERROR: Final = re.compile(r"(\w+Error)\s+(\d+)\s+(.+)")
"""A line of the tree on top of `errors.py`."""

_REMARK: Final = re.compile(r"\s*\[(?:default: (?P<default>[^\]]+)|(?P<required>required))\]$")
"""What a help text says at its end of the value that an option has, or must be given."""

_INTRODUCTION: Final = """\
# Command line

Results go to stdout, progress, warnings and errors to stderr. A table is drawn on a terminal and is plain columns in a
pipe. With `--json` the last line of stdout is one JSON object, on failure too: [its keys](json-summary.md).
"""

_GLOBAL: Final = """\
Every command takes them, before its name or after it.
"""


def commands_page() -> str:
    """Return the page: exit codes, global options, and every command with its own options."""
    root = get_command(app)
    return "\n".join(
        [
            _INTRODUCTION,
            "## Exit codes\n",
            table(("code", "means"), exit_codes()),
            "## Global options\n",
            _GLOBAL,
            _options(root, shared=True),
            f"{PROGRAM} alone takes these too:\n",
            _options(root),
            *(_command(name, command) for name, command in commands(root, PROGRAM)),
        ]
    )


def exit_codes() -> list[tuple[str, str]]:
    """Return every exit code and its meaning, as the tree of errors tells them."""
    told = {name: (int(number), meaning) for name, number, meaning in _ERROR.findall(errors.__doc__ or "")}
    for name, (number, _meaning) in told.items():
        if getattr(errors, name).exit_code != number:
            raise ValueError(f"the tree of errors gives {name} the exit code {number}")
    return [
        ("0", "done, also where there was nothing to do"),
        *((str(number), meaning) for number, meaning in told.values()),
        ("130", "interrupted (SIGINT); the same command takes up where it stopped"),
        (str(TerminatedError.exit_code), "terminated (SIGTERM); the same command takes up where it stopped"),
    ]


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 -- the type is typer's vendored one
    """Yield every command below a group with the words that call it, a group before what is in it."""
    context = typer.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        words = f"{path} {name}"
        yield words, command
        if hasattr(command, "list_commands"):
            yield from commands(command, words)


def _command(words: str, command: Any) -> str:  # noqa: ANN401 -- the type is typer's vendored one
    context = typer.Context(command, info_name=words)
    level = "#" * len(words.split())
    name = words.removeprefix(f"{PROGRAM} ")
    usage = f"```sh\n{' '.join([words, *command.collect_usage_pieces(context)])}\n```"
    return "\n".join(
        [
            f"{level} {name}\n",
            f"{command.help}\n",
            usage,
            *([f"\n{options}"] if (options := _options(command)) else [""]),
        ]
    )


def _options(command: Any, *, shared: bool = False) -> str:  # noqa: ANN401 -- the type is typer's vendored one
    """Return a table of a command's own arguments and options, or of the global ones; nothing where it has none."""
    context = typer.Context(command, info_name=PROGRAM)
    params = [param for param in command.params if (param.rich_help_panel == GLOBAL) is shared]
    rows = [_row(*record) for param in params if (record := param.get_help_record(context))]
    return table(("option", "default", "meaning"), rows) if rows else ""


def _row(names: str, text: str) -> tuple[str, str, str]:
    remark = _REMARK.search(text)
    default = "" if remark is None else "required" if remark["required"] else code(remark["default"])
    return code(names), default, _REMARK.sub("", text)
