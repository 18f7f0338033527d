"""The figures of runs and of health under their names in Prometheus: gauges in base units, and no run id in any label.

Every name stands here once; docs/reference/metrics.md is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from retailstream.masking import masked
from retailstream.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.reports import Summary

GROUP: Final = ("environment", "stage")
"""The labels that every figure has, beside its own."""


def group(environment: str, stage: str) -> dict[str, str]:
    """Return those labels of a stage."""
    return {name: _label(value) for name, value in zip(GROUP, (environment, stage), strict=True)}


@dataclass(frozen=True)
class Sample:
    """One value of a metric, with the values of the metric's own labels."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


CATALOGUE: Final[list[Metric]] = []
"""Every metric, in the order of the reference."""


@dataclass(frozen=True)
class Metric:
    """A gauge: its name, what its value says, and its own labels."""

    name: str
    meaning: str
    labels: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        CATALOGUE.append(self)

    def of(self, value: float, *labels: str) -> Sample:
        """Return a value of this metric."""
        return Sample(self, float(value), tuple(map(_label, labels)))


LAST_RUN: Final = Metric("retailstream_last_run_timestamp_seconds", "When the last run ended, in Unix time.")
LAST_SUCCESS: Final = Metric(
    "retailstream_last_success_timestamp_seconds", "When the last run that ended with exit code 0 did so, in Unix time."
)
DURATION: Final = Metric("retailstream_last_run_duration_seconds", "How long the last run took.")
USUAL_DURATION: Final = Metric(
    "retailstream_usual_duration_seconds", "The median of the ten runs before the last that changed something."
)
EXIT_CODE: Final = Metric("retailstream_last_run_exit_code", "The exit code of the last run.")
COUNTS: Final = {
    "files_in": Metric("retailstream_last_run_files_in", "Files that the last run looked at.", ("dataset",)),
    "files_new": Metric("retailstream_last_run_files_new", "Files in the last run that were new.", ("dataset",)),
    "files_quarantined": Metric(
        "retailstream_last_run_files_quarantined", "Files that are not readable as their table.", ("dataset",)
    ),
    "rows_in": Metric("retailstream_last_run_rows_in", "Records that the last run read.", ("dataset",)),
    "rows_out": Metric("retailstream_last_run_rows_out", "Records that are in its result.", ("dataset",)),
    "rows_quarantined": Metric(
        "retailstream_last_run_rows_quarantined", "Records that break their contract.", ("dataset",)
    ),
    "rows_duplicate": Metric(
        "retailstream_last_run_rows_duplicate", "Records that equal a later one of their key.", ("dataset",)
    ),
    "rows_superseded": Metric(
        "retailstream_last_run_rows_superseded", "Records that a later one took the place of.", ("dataset",)
    ),
    "rows_replaced": Metric(
        "retailstream_last_run_rows_replaced", "Rows of earlier runs that the last one took the place of.", ("dataset",)
    ),
    "bytes": Metric("retailstream_last_run_size_bytes", "The size of the new files.", ("dataset",)),
}
"""The figures of the conservation law, by their keys in the JSON summary."""

ANSWER_ROWS: Final = Metric("retailstream_answer_rows", "Rows of the last answer.", ("analysis",))
FORECAST: Final = Metric(
    "retailstream_forecast_sales_dollars", "What all stores will sell, so many weeks ahead.", ("weeks_ahead",)
)

LAST_LOOK: Final = Metric("retailstream_last_look_timestamp_seconds", "When health was looked at, in Unix time.")
LOOK_FAILED: Final = Metric(
    "retailstream_look_failed", "1 where the last look of `monitor --serve` failed, so that all else is missing."
)
HEALTHY: Final = Metric("retailstream_healthy", "1 where no check failed, else 0.")
CHECK_FAILED: Final = Metric(
    "retailstream_check_failed", "1 where a check failed, or warns of a value beyond its limit, else 0.", ("check",)
)
CHECK_VALUE: Final = Metric("retailstream_check_value", "The value of a check, where it is a number.", ("check",))
CHECK_LIMIT: Final = Metric("retailstream_check_limit", "The limit of a check, where it is a number.", ("check",))
LAST_LANDING: Final = Metric(
    "retailstream_last_landing_timestamp_seconds",
    "When a new file of a dataset landed last, in Unix time.",
    ("dataset",),
)
NEWEST_WEEK: Final = Metric(
    "retailstream_newest_week_timestamp_seconds",
    "The newest date that the clean rows have, in Unix time.",
    ("dataset",),
)
TABLE_ROWS: Final = Metric(
    "retailstream_table_rows",
    "Rows of a table in the clean bucket, the database or the warehouse.",
    ("dataset", "place"),
)
NULL_RATIO: Final = Metric(
    "retailstream_null_ratio", "The share of rows with nothing in a column that may be null.", ("dataset", "column")
)
REJECT_RATIO: Final = Metric(
    "retailstream_reject_ratio", "Open rejects of the last run that had rows, by its records.", ("dataset",)
)
VOLUME_RATIO: Final = Metric(
    "retailstream_volume_ratio", "Rows of the newest week, by the median of the eight before.", ("dataset",)
)
OPEN_RECORDS: Final = Metric("retailstream_quarantine_open_records", "Rejected records that wait to be settled.")
OPEN_FILES: Final = Metric("retailstream_quarantine_open_files", "Unreadable files that wait to be settled.")

SALES: Final = Metric("retailstream_sales_dollars", "All sales of the warehouse.")
NEWEST_SALES: Final = Metric(
    "retailstream_newest_week_sales_dollars", "Sales of the newest week, by the type of the stores.", ("type",)
)
WEEK_BEFORE_SALES: Final = Metric(
    "retailstream_week_before_sales_dollars", "Sales of the week before the newest.", ("type",)
)
YEAR_BEFORE_SALES: Final = Metric(
    "retailstream_year_before_sales_dollars", "Sales of the week 364 days before the newest.", ("type",)
)
NEWEST_STORES: Final = Metric("retailstream_newest_week_stores", "Stores with sales in the newest week.", ("type",))


def of_run(summary: Summary, exit_code: int, *, ended_at: str, usual: float | None = None) -> Iterator[Sample]:
    """Yield what the JSON summary of a run says, and how it ended; the time of a success only of one."""
    ended = seconds_of(ended_at)
    yield LAST_RUN.of(ended)
    if exit_code == 0:
        yield LAST_SUCCESS.of(ended)
    yield EXIT_CODE.of(exit_code)
    yield DURATION.of(summary["seconds"])
    if usual is not None:
        yield USUAL_DURATION.of(usual)
    for dataset, counts in summary["datasets"].items():
        yield from (metric.of(counts[key], dataset) for key, metric in COUNTS.items())


def _label(text: str) -> str:
    """Return the value of a label as it may go to others: no password of a URL, nothing that acts on a terminal."""
    return printable(masked(text))


def seconds_of(time: str) -> float:
    """`"1970-01-02T00:00:00+00:00"` → 86400.0."""
    return datetime.fromisoformat(time).timestamp()


def now() -> str:
    """Return the time, as ledgers and summaries have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
