"""The page of the metrics, read from their catalogue."""

from __future__ import annotations

from typing import Final

from retailstream import metrics
from retailstream.adapters.metrics.pushgateway import JOB
from retailstream.cli.reference.tables import code, table

_INTRODUCTION: Final = """\
# Metrics

Every command that works tells its metrics, whether it ends well or badly, to whoever the settings name:

- `monitoring.pushgateway`: pushed by POST to the group `job="{job}"`, `environment`, `stage`. What a failing run does
  not tell, such as the time of the last success, stays as it was.
- `monitoring.metrics_file` or `--metrics-file FILE`: a file for the textfile collector of node_exporter, replaced in
  one step. All stages, and even all environments, may share it: each replaces its own samples alone.
- `retailstream monitor --serve PORT`: scraped. The same of every stage, from the ledger, and a look at the health
  every 30 seconds (`--every`).

All are gauges in base units. Labels are `environment` (the setting) and `stage`, then those of the table below; no run
id is ever among them. `stage` is `ingest`, `glue-merge`, `load-rds`, `features`, `sqoop`, `run`, `replay`, `discard`,
`monitor`, `forecast`, `analyze-NAME`, `analyze-all`, `doctor` or `sample`. `run` tells of each of its stages and of
itself, and of its look at the end as stage `monitor`. Listings, plans (`--dry-run`), `monitor --watch` and what fails
before the settings are read tell nothing; nor does a process that is killed, which `monitor` knows all the same.

A target that does not answer costs a command three seconds at most, once, and a warning in its log; exit code and
output stay as they are.
"""


def metrics_page() -> str:
    """Return the page: where metrics go, and every one with its labels."""
    rows = [
        (code(metric.name), ", ".join(code(label) for label in metric.labels), metric.meaning)
        for metric in metrics.CATALOGUE
    ]
    return f"{_INTRODUCTION.format(job=JOB)}\n{table(('metric', 'labels', 'says'), rows)}"
