"""Whether the pipeline runs: one look for whoever is on duty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards.panels import ENVIRONMENT, judged, listing, number, over_time, page, worded

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

_STAGES: Final = 'stage=~"ingest|glue-merge|load-rds|features|sqoop"'
_DAY: Final = 86_400


def build() -> Dashboard:
    """Return the dashboard."""
    exit_codes = f"environment_stage:retailstream_last_run_exit_code:max{{{ENVIRONMENT}}}"
    last_run = f"environment_stage:retailstream_last_run_timestamp_seconds:max{{{ENVIRONMENT}}}"
    success = f"environment_stage:retailstream_last_success_timestamp_seconds:max{{{ENVIRONMENT}}}"
    duration = f"environment_stage:retailstream_last_run_duration_seconds:max{{{ENVIRONMENT}}}"
    alerts = 'ALERTS{alertname=~"Retailstream.+", alertstate="firing", environment=~"$environment|"}'
    return page(
        "pipeline health",
        "pipeline",
        "Whether the stages run, succeed and keep their time.",
        [
            worded(
                judged(
                    number(
                        "Health",
                        "What monitor found last.",
                        f"min(environment:retailstream_healthy:min{{{ENVIRONMENT}}})",
                    ),
                    good_from=1,
                ),
                {"0": "not healthy", "1": "healthy"},
            ),
            judged(
                number(
                    "Alerts", "Those that fire now; the runbook has a section of each.", f"sum({alerts}) or vector(0)"
                ),
                bad_from=1,
            ),
            judged(
                number("Failed commands", "Commands whose last run ended badly.", f"sum({exit_codes} > bool 0)"),
                bad_from=1,
            ),
            judged(
                number(
                    "Since the last success",
                    "Of the stage that has waited for it longest.",
                    f"time() - min({success.removesuffix('}')}, {_STAGES}}})",
                    "s",
                ),
                bad_from=14 * _DAY,
            ),
            judged(
                number(
                    "Since the last look",
                    "The age of what monitor says.",
                    f"time() - min(environment:retailstream_last_look_timestamp_seconds:max{{{ENVIRONMENT}}})",
                    "s",
                ),
                bad_from=14 * _DAY,
            ),
            judged(
                number(
                    "Since the last push",
                    "The age of the newest figures in the gateway.",
                    f'time() - max(push_time_seconds{{job="retailstream", {ENVIRONMENT}}})',
                    "s",
                ),
                bad_from=14 * _DAY,
            ),
            listing(
                "Last runs",
                "A line for every command of every environment.",
                {
                    "exit code": (exit_codes, "short"),
                    "last run": (f"{last_run} * 1000", "dateTimeFromNow"),
                    "last success": (f"{success} * 1000", "dateTimeFromNow"),
                    "took": (duration, "s"),
                },
                ["environment", "stage"],
            ),
            over_time(
                "Duration",
                "How long each stage took, and what it usually takes.",
                {
                    "{{stage}}": f"{duration.removesuffix('}')}, {_STAGES}}}",
                    "{{stage}}, usually": "environment_stage:retailstream_usual_duration_seconds:max"
                    f"{{{ENVIRONMENT}, {_STAGES}}}",
                },
                "s",
            ),
            over_time(
                "Exit codes", "0 is well; 3 a quality gate, 4 and 5 to be tried again.", {"{{stage}}": exit_codes}
            ),
            over_time(
                "Rows into each stage",
                "Of its last run; nothing where nothing was new.",
                {"{{stage}}": f"sum by (stage) (retailstream_last_run_rows_in{{{ENVIRONMENT}, {_STAGES}}})"},
            ),
            over_time(
                "Size of new files",
                "Of the last run of each stage.",
                {"{{stage}}": f"sum by (stage) (retailstream_last_run_size_bytes{{{ENVIRONMENT}, {_STAGES}}})"},
                "bytes",
            ),
        ],
    )
