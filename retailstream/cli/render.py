"""Results on stdout: rich tables on a terminal, plain columns when piped, one JSON line when asked for."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from retailstream.cli.health_table import next_steps
from retailstream.cli.rich_table import drawn, print_rich
from retailstream.masking import masked_text
from retailstream.ports import no_progress
from retailstream.printable import json_line, printable
from retailstream.text_table import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Group

    from retailstream.ports import Progress
    from retailstream.reports import Summary

NAMED = 20
"""How many new files of a plan are named; of the others there is the number."""

_FIGURES = ("rows_in", "rows_out", "rows_quarantined", "rows_duplicate", "rows_superseded", "rows_replaced")


def print_json(document: object) -> None:
    """Print one JSON document on one line."""
    print(json_line(document))


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a sentence that may name files or other things that users have named."""
    print(printable(masked_text(text)), file=stream)


def counted(count: int, noun: str) -> str:
    """`1, "entry"` → `1 entry`, `1200, "entry"` → `1,200 entries`."""
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def as_json(value: object) -> object:
    """Return a value as JSON can hold it: `Decimal("39.50")` → 39.5."""
    return float(value) if isinstance(value, Decimal) else value


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> None:
    """Print a table; numbers stand at the right, with thousands separators on a terminal."""
    numeric = [_is_numeric([row[place] for row in rows]) for place in range(len(columns))]
    lines = [[_text(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        print_rich(columns, lines, numeric, title=title)
    else:
        sys.stdout.write(aligned([columns, *lines], numeric))


def drawn_table(columns: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> Group:
    """Return a table for a terminal of that width, as `print_table` draws it."""
    numeric = [_is_numeric([row[place] for row in rows]) for place in range(len(columns))]
    return drawn(columns, [[_text(value) for value in row] for row in rows], numeric, width=width)


def print_listing(name: str, run_id: str | None, items: Sequence[object], *, as_summary: bool) -> None:
    """Print the items of a listing as a JSON array, or with `--json` within a summary object."""
    if as_summary:
        from retailstream.reports import summary_of_nothing

        print_json(summary_of_nothing(name, run_id) | {"items": list(items)})
    else:
        print_json(list(items))


def print_summary(summary: Summary) -> None:
    """Print what a stage or a run did, for people."""
    head = f"{summary['stage']}: {summary['status']} in {summary['seconds']:,.2f} s"
    files = f"{summary['files_new']:,} new of {summary['files_in']:,} files, {_bytes(summary['bytes'])}"
    say(head if "stages" in summary else f"{head}, {files}")
    if "stages" in summary:
        _print_stages(summary["stages"])
    _print_new_files(summary.get("files", ()))
    datasets = {name: counts for name, counts in summary["datasets"].items() if any(counts.values())}
    if datasets and any(counts["rows_in"] or counts["files_quarantined"] for counts in datasets.values()):
        columns = ("dataset", *(figure.removeprefix("rows_") for figure in _FIGURES), "files quarantined")
        rows = [
            (name, *(counts[figure] for figure in _FIGURES), counts["files_quarantined"])
            for name, counts in datasets.items()
        ]
        print_table(columns, rows, title="rows")
    if health := summary.get("health"):
        _print_health(health)


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """Show progress on stderr where that is a terminal, and nowhere else."""
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show(what: str, done: int, of: int) -> None:
            bar.update(task, description=printable(what), completed=done, total=of)

        yield show


def _print_new_files(files: Sequence[str]) -> None:
    """Name the files that a plan would land, the first of many."""
    for file in files[:NAMED]:
        say(f"new: {file}")
    if len(files) > NAMED:
        say(f"new: {len(files) - NAMED:,} more")


def _print_stages(stages: Sequence[Summary]) -> None:
    rows = [
        (s["stage"], s["status"], s["files_new"], s["rows_in"], s["rows_out"], f"{s['seconds']:.2f}") for s in stages
    ]
    print_table(("stage", "status", "new files", "rows in", "rows out", "seconds"), rows, title="stages")


def _print_health(health: dict[str, Any]) -> None:
    bad = [check for check in health["checks"] if check["state"] == "fail"]
    if health["healthy"]:
        print("healthy: clean bucket, database and warehouse agree")
    elif bad:
        for line in next_steps(bad):
            say(line)
        say(f"not healthy: {', '.join(check['name'] for check in bad)}; see retailstream monitor")


def _is_numeric(values: Sequence[object]) -> bool:
    texts = [value for value in values if value not in (None, "")]
    return bool(texts) and all(_is_number(value) for value in texts)


def _is_number(value: object) -> bool:
    return str(value).replace(",", "").replace(".", "", 1).removeprefix("-").isdecimal()


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
