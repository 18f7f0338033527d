"""Feature files of the source land in their own store, and their clean rows in the warehouse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from retailstream import merging, planning
from retailstream.contracts import FEATURES
from retailstream.errors import QualityGateError
from retailstream.pending import find_pending
from retailstream.reports import StageReport, outcome
from retailstream.stages import ingest

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.ports import Lake, Merger, Warehouse
    from retailstream.runs import Books, Run

STAGE = "features"


def run(
    *, source: Path | None, files: Lake, warehouse: Warehouse, engine: Merger, books: Books, run: Run
) -> StageReport:
    """Land new feature files, none where there is no source, and publish the months they touch.

    Raises QualityGateError, with the figures, where more is rejected than the limit allows; nothing is published then.
    """
    table = warehouse.table(FEATURES)
    landed = StageReport(STAGE, "noop")
    if source is not None:
        landed = ingest.run(source=source, lake=files, tables=[table], books=books, run=run)
    pending = find_pending(table, books, run.rules.limits)
    prepared = merging.prepare(table, pending, raw=files, engine=engine, books=books, run=run)
    if run.dry_run:
        waiting = planning.plan(STAGE, [prepared], run.limit, warehouse.url)
        together = {FEATURES.name: landed.counts + waiting.counts}
        warnings = (*landed.warnings, *waiting.warnings)
        return replace(waiting, datasets=together, warnings=warnings, files=landed.files)
    try:
        report = merging.publish_all(STAGE, [prepared], books=books, run=run, output=warehouse.url)
    except QualityGateError as error:
        found = error.report and _together(landed, error.report)
        raise QualityGateError(error.message, hint=error.hint, report=found) from error
    return _together(landed, report)


def _together(landed: StageReport, report: StageReport) -> StageReport:
    """Return the report of both halves of the stage."""
    counts = {FEATURES.name: replace(report.counts, files_in=landed.counts.files_in)}
    status = outcome(dry_run=False, changed="ok" in (landed.status, report.status))
    return replace(report, status=status, datasets=counts, warnings=(*landed.warnings, *report.warnings))
