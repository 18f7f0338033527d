"""Answers on stdout: a sentence and a table for people on a terminal, plain text for whatever reads a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from retailstream.analytics.export import TEXTS, json_of_all
from retailstream.analytics.printing import cell, heading
from retailstream.cli.render import say
from retailstream.cli.rich_table import print_rich
from retailstream.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.export import Form, TypedAnswer


BAR_WIDTH = 10

MOST_ROWS = 5_000
FIRST_ROWS = 40
"""A terminal shows so many rows of an answer that has more than MOST_ROWS."""


def print_answer(found: TypedAnswer, form: Form, *, text: str | None = None) -> None:
    """Print one answer, or the text that it was made into.

    On a terminal a table comes with its headline. Where there are no rows, the headline says why: on stderr, if stdout
    is a file or a pipe.
    """
    if text is not None:
        sys.stdout.write(text)
    elif form == "table" and sys.stdout.isatty():
        _print_for_people(found)
    else:
        sys.stdout.write(TEXTS[form](found))
        if not found.answer.speaks:
            say(found.answer.headline, sys.stderr)


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


def bars(values: Sequence[Any]) -> list[str]:
    """Return a bar for each value, in eighths of a character: the largest has BAR_WIDTH, one below zero none."""
    most = max((value for value in values if value is not None), default=0)
    if most <= 0:
        return [""] * len(values)
    eighths = [0 if value is None else max(0, round(BAR_WIDTH * 8 * value / most)) for value in values]
    return ["█" * (count // 8) + " ▏▎▍▌▋▊▉"[count % 8].strip() for count in eighths]


def _print_for_people(found: TypedAnswer) -> None:
    from rich.console import Console
    from rich.text import Text

    answer = found.answer
    console = Console()
    console.print(Text(f"\n{answer.use_case.title}", style="bold cyan"))
    console.print(Text(printable(answer.headline)))
    if answer.rows:
        shown = answer.rows if len(answer.rows) <= MOST_ROWS else answer.first_rows(FIRST_ROWS)
        lines = [[cell(value, name) for value, name in zip(row, answer.columns, strict=True)] for row in shown]
        columns, numeric = [heading(answer.use_case, name) for name in answer.columns], list(found.numeric)
        if bar := answer.use_case.bar:
            place = answer.columns.index(bar)
            for line, text in zip(lines, bars([row[place] for row in shown]), strict=True):
                line.insert(place + 1, text)
            columns.insert(place + 1, "")
            numeric.insert(place + 1, False)
        print_rich(columns, lines, numeric)
        if len(shown) < len(answer.rows):
            more = f"the first {len(shown):,} of {len(answer.rows):,} rows; --output FILE writes them all"
            console.print(Text(more, style="dim"))
