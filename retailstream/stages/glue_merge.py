"""Landed sales and store files become clean, merged tables in a bucket of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream import merging, planning
from retailstream.contracts import CONTRACTS
from retailstream.pending import find_pending
from retailstream.publishing import PublishedTable

if TYPE_CHECKING:
    from retailstream.ports import Lake, Merger
    from retailstream.reports import StageReport
    from retailstream.runs import Books, Run

STAGE = "glue-merge"


def run(*, raw: Lake, clean: Lake, engine: Merger, books: Books, run: Run) -> StageReport:
    """Clean what was landed since the last merge and publish the months it touches.

    Raises QualityGateError, with the figures, where more is rejected than the limit allows; nothing is published then.
    """
    tables = [PublishedTable(clean, CONTRACTS[dataset]) for dataset in books.landings.scope.datasets]
    pending = [(table, find_pending(table, books, run.rules.limits)) for table in tables]
    prepared = [
        merging.prepare(table, waiting, raw=raw, engine=engine, books=books, run=run) for table, waiting in pending
    ]
    if run.dry_run:
        return planning.plan(STAGE, prepared, run.limit, clean.url)
    return merging.publish_all(STAGE, prepared, books=books, run=run, output=clean.url)
