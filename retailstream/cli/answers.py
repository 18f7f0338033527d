"""Answers on stdout: a sentence and a table for people on a terminal, plain text for whatever reads a pipe."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

from retailstream.analytics.export import TEXTS, json_of_all
from retailstream.cli.rich_table import print_rich

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.export import Form, TypedAnswer

_NAMES_A_THING = re.compile(r"(?:.*_)?(?:store|dept|year|month|rank)")
"""Columns whose whole numbers are names, not amounts: store 1045 is not store 1,045."""


def print_answer(found: TypedAnswer, form: Form) -> None:
    """Print one answer; on a terminal a table comes with its headline."""
    if form == "table" and sys.stdout.isatty():
        _print_for_people(found)
    else:
        sys.stdout.write(TEXTS[form](found))


def print_all(answers: Sequence[TypedAnswer], form: Form) -> None:
    """Print answers: tables each under its title, or one JSON object."""
    if form == "json":
        sys.stdout.write(json_of_all(answers))
        return
    for place, found in enumerate(answers):
        if sys.stdout.isatty():
            _print_for_people(found)
        else:
            sys.stdout.write(f"{'' if place == 0 else chr(10)}{found.answer.use_case.title}\n{TEXTS[form](found)}")


def cell(value: object, column: str) -> str:
    """Return a value as people read it.

    Decimal("11435551.03") → 11,435,551.03; 7.5 → 7.50; 1045 stays 1045 in `store` and is 1,045 in `weeks`.
    """
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, int) and not isinstance(value, bool) and not _NAMES_A_THING.fullmatch(column):
        return f"{value:,}"
    return str(value)


def _print_for_people(found: TypedAnswer) -> None:
    from rich.console import Console
    from rich.text import Text

    answer = found.answer
    console = Console()
    console.print(Text(f"\n{answer.use_case.title}", style="bold cyan"))
    console.print(Text(answer.headline))
    if answer.rows:
        lines = [[cell(value, name) for value, name in zip(row, answer.columns, strict=True)] for row in answer.rows]
        print_rich([name.replace("_", " ") for name in answer.columns], lines, found.numeric)
