"""Whether the data is good: for whoever answers for what the stores send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards.panels import ENVIRONMENT, bars, judged, listing, number, over_time, page

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

_CLEANING: Final = 'stage=~"glue-merge|features"'
_DAY: Final = 86_400


def build() -> Dashboard:
    """Return the dashboard."""
    failed = f"environment_check:retailstream_check_failed:max{{{ENVIRONMENT}}}"
    landing = f"environment_dataset:retailstream_last_landing_timestamp_seconds:max{{{ENVIRONMENT}}}"
    return page(
        "data quality",
        "quality",
        "Whether what came in is complete, fresh and right, and the same in every store of data.",
        [
            judged(number("Failed checks", "Of the last look.", f"sum({failed})"), bad_from=1),
            judged(
                number(
                    "Rejects that wait",
                    "Records that break their contract and are not settled.",
                    f"sum(retailstream_quarantine_open_records{{{ENVIRONMENT}}})",
                ),
                bad_from=1,
            ),
            judged(
                number(
                    "Unreadable files that wait",
                    "Files that are not their table.",
                    f"sum(retailstream_quarantine_open_files{{{ENVIRONMENT}}})",
                ),
                bad_from=1,
            ),
            judged(
                number(
                    "Unaccounted records",
                    "Records in, less those that are out, quarantined, duplicate or superseded: always 0.",
                    " - ".join(
                        f"sum(retailstream_last_run_rows_{which}{{{ENVIRONMENT}, {_CLEANING}}})"
                        for which in ("in", "out", "quarantined", "duplicate", "superseded")
                    ),
                ),
                bad_from=1,
            ),
            judged(
                number(
                    "Unknown stores",
                    "Stores that have sales and are not in the store file.",
                    f'max(retailstream_check_value{{{ENVIRONMENT}, check="orphan_stores"}})',
                ),
                bad_from=1,
            ),
            judged(
                number("Since new data", "The dataset that has waited longest.", f"time() - min({landing})", "s"),
                bad_from=14 * _DAY,
            ),
            listing(
                "Checks",
                "1 where a check fails; value and limit where they are numbers.",
                {
                    "fails": (failed, "short"),
                    "value": (f"max by (environment, check) (retailstream_check_value{{{ENVIRONMENT}}})", "short"),
                    "limit": (f"max by (environment, check) (retailstream_check_limit{{{ENVIRONMENT}}})", "short"),
                },
                ["environment", "check"],
            ),
            over_time(
                "Rejects",
                "By the records of the last run that had any.",
                {
                    "{{dataset}}": f"environment_dataset:retailstream_rejects:ratio{{{ENVIRONMENT}}}",
                    "limit": "retailstream:reject_limit:ratio",
                },
                "percentunit",
            ),
            bars(
                "Where the records of the last run went",
                "The conservation law: what is in is out, quarantined, duplicate or superseded.",
                {
                    which: f"sum(retailstream_last_run_rows_{which}{{{ENVIRONMENT}, {_CLEANING}}})"
                    for which in ("in", "out", "quarantined", "duplicate", "superseded")
                },
            ),
            over_time(
                "Rows in each store of data",
                "Clean bucket, database and warehouse: lines that part are a broken reconciliation.",
                {"{{dataset}} in {{place}}": f"max by (dataset, place) (retailstream_table_rows{{{ENVIRONMENT}}})"},
            ),
            over_time(
                "Nulls",
                "The share of rows with nothing in a column that may be null.",
                {"{{dataset}}.{{column}}": f"max by (dataset, column) (retailstream_null_ratio{{{ENVIRONMENT}}})"},
                "percentunit",
            ),
            over_time(
                "Volume of the newest week",
                "Its rows by the median of the eight weeks before: 1 is usual.",
                {"{{dataset}}": f"max by (dataset) (retailstream_volume_ratio{{{ENVIRONMENT}}})"},
                "percentunit",
            ),
            over_time("Since new data", "By dataset.", {"{{dataset}}": f"time() - {landing}"}, "s"),
        ],
    )
