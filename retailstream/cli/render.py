"""Results on stdout: rich tables on a terminal, plain columns when piped, one JSON line when asked for."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from retailstream.ports import no_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.ports import Progress
    from retailstream.reports import Summary

Alignment = Literal["left", "right"]

_FIGURES = ("rows_in", "rows_out", "rows_quarantined", "rows_duplicate", "rows_superseded", "rows_replaced")
_STYLES = {"ok": "green", "noop": "dim", "dry-run": "cyan", "failed": "red", "killed": "red", "warn": "yellow"}
_STYLES |= {"fail": "red", "OK": "green", "SKIPPED": "yellow", "FAILED": "red", "open": "yellow", "running": "cyan"}


def print_json(document: object) -> None:
    """Print one JSON document on one line."""
    print(json.dumps(document, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> None:
    """Print a table; numbers stand at the right, with thousands separators on a terminal."""
    alignments = [_alignment([row[place] for row in rows]) for place in range(len(columns))]
    if sys.stdout.isatty():
        _print_rich(columns, rows, alignments, title)
    else:
        _print_plain(columns, rows, alignments)


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
    print(head if "stages" in summary else f"{head}, {files}")
    if "stages" in summary:
        _print_stages(summary["stages"])
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
            bar.update(task, description=what, completed=done, total=of)

        yield show


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
        print(f"not healthy: {', '.join(check['name'] for check in bad)}; see retailstream monitor")


def _alignment(values: Sequence[object]) -> Alignment:
    texts = [value for value in values if value not in (None, "")]
    return "right" if texts and all(_is_number(value) for value in texts) else "left"


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


def _print_plain(columns: Sequence[str], rows: Sequence[Sequence[object]], alignments: Sequence[Alignment]) -> None:
    lines = [list(columns), *([_text(value) for value in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = (
            text.rjust(width) if alignment == "right" else text.ljust(width)
            for text, width, alignment in zip(line, widths, alignments, strict=True)
        )
        print("  ".join(cells).rstrip())


def _print_rich(
    columns: Sequence[str], rows: Sequence[Sequence[object]], alignments: Sequence[Alignment], title: str
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold")
    for column, alignment in zip(columns, alignments, strict=True):
        table.add_column(column, justify=alignment, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_text(value), style=_STYLES.get(str(value), "")) for value in row))
    Console().print(table)
