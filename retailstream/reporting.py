"""Answers as a report: one page, and beside it each table and each chart as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream import monitoring
from retailstream.analytics import export
from retailstream.analytics.catalog import use_cases
from retailstream.analytics.charts import drawing
from retailstream.analytics.report import page
from retailstream.analytics.report.evidence import Evidence, Finding, extent
from retailstream.printable import printable
from retailstream.questions import ask
from retailstream.targets import check_folder, replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.analytics.export import TypedAnswer
    from retailstream.analytics.report.evidence import Extent
    from retailstream.wiring import Environment

PAGE: Final = "index.html"

_INTO_WAREHOUSE: Final = ("sqoop", "features")
_LANDING: Final = ("ingest", "features")


def gather(env: Environment, found: Extent) -> Evidence:
    """Return where an environment's data came from, what the tables hold, and how healthy it is."""
    loaded, landed = env.ledger.last_change(_INTO_WAREHOUSE), env.ledger.last_change(_LANDING)
    rejected = env.quarantine.count_open()
    return Evidence(
        extent=found,
        run_id=printable(loaded.run_id) if loaded else None,
        as_of=loaded.ended_at if loaded else None,
        landed_at=landed.ended_at if landed else None,
        rows_in=found.sales_rows + found.feature_rows + rejected,
        rows_quarantined=rejected,
        findings=[Finding(check.name, printable(check.shown), check.state) for check in monitoring.look(env).checks],
    )


def write_all(env: Environment, folder: Path) -> Path:
    """Write the report of all analyses, and return its page."""
    check_folder(folder, "--report")
    questions = export.analyses({name: {} for name in use_cases()})
    answers, found = ask(env.home, env.settings, lambda engine: (questions(engine), extent(engine))).found
    return write(answers, gather(env, found), folder)[0]


def write(answers: Sequence[TypedAnswer], evidence: Evidence, folder: Path) -> list[Path]:
    """Write the page and its files into a folder, made if need be; the page, which links to them, comes last."""
    files = [*export.write_all(answers, folder, "csv"), *export.write_all(answers, folder, "parquet")]
    for found in answers:
        chart = drawing.draw(found.answer)
        pictures = [folder / f"{found.answer.use_case.name}{ending}" for ending in drawing.PICTURES]
        for picture in pictures:
            if chart is None:
                picture.unlink(missing_ok=True)
            else:
                drawing.write(chart, picture)
                files.append(picture)
    target = folder / PAGE
    with replacing(target) as part:
        part.write_text(page.render(answers, evidence, files=True), encoding="utf-8")
    return [target, *files]
