"""Questions put to the warehouse, and their answers brought where the command line wants them."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retailstream import wiring
from retailstream.analytics import export
from retailstream.analytics.figures import figures_of
from retailstream.analytics.report.evidence import extent
from retailstream.cli.answers import print_all, print_answer
from retailstream.cli.render import as_json, print_json, progress_bar, say
from retailstream.cli.session import open_session, wants_json
from retailstream.errors import UsageError
from retailstream.masking import masked
from retailstream.questions import ask
from retailstream.reports import summary_of_nothing
from retailstream.targets import check_file, check_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import typer

    from retailstream.analytics.export import Form, TypedAnswer
    from retailstream.analytics.report.evidence import Extent
    from retailstream.cli.session import Session
    from retailstream.metrics import Sample
    from retailstream.querying import QueryEngine

    Question = Callable[[QueryEngine], list[TypedAnswer]]

PICTURES = (".svg", ".png")
"""The endings that a chart's file may have."""


@dataclass(frozen=True)
class Begun:
    """Which command began, as summaries and as metrics call it, and when."""

    stage: str
    told_as: str
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    clock: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Delivery:
    """Who is to answer, and where answers go beside, or instead of, stdout."""

    form: Form | None = None
    output: Path | None = None
    chart: Path | None = None
    report: Path | None = None
    save: bool = False
    engine: str | None = None

    @property
    def flags(self) -> dict[str, str | None]:
        """What beats the settings."""
        return {"analyze.engine": self.engine}


def put(context: typer.Context, name: str, parameters: Mapping[str, object], to: Delivery) -> None:
    """Put one analysis, and deliver its answer."""
    put_question(context, Begun("analyze", f"analyze-{name}"), export.analyses({name: parameters}), to)


def put_question(context: typer.Context, begun: Begun, question: Question, to: Delivery) -> None:
    """Put a question that has one answer, and deliver it."""
    form = _form(context, to, default=None)
    for name, file in (("--output", to.output), ("--chart", to.chart)):
        if file:
            check_file(file, name)
    if to.chart and to.chart.suffix.lower() not in PICTURES:
        raise UsageError(f"--chart {to.chart} is no picture", hint=f"end its name in {' or '.join(PICTURES)}")
    with _opened(context, begun, to) as (session, figures):
        answers, held = _ask(session, question, with_extent=form == "html")
        [found] = answers
        figures.extend(figures_of(answers))
        files = [to.output] if to.output else []
        text = _page(session, found, held) if held else None
        if to.output:
            export.write(found, to.output, form, text=text)
            if not (found.answer.speaks or session.quiet):
                _note(found.answer.headline)
        if to.chart:
            files += _draw(found, to.chart, quiet=session.quiet)
        outputs = [*map(str, files), *(_save(session, answers) if to.save else ())]
        if session.as_json:
            _print_summary(session, begun, outputs, _told(found))
        elif to.output is None:
            print_answer(found, form, text=text)
    _tell(session, outputs)


def put_all(context: typer.Context, questions: Mapping[str, Mapping[str, object]], to: Delivery) -> None:
    """Put several questions, and deliver their answers."""
    form = _form(context, to, default="csv" if to.output else "table")
    if to.output is None and form == "csv":
        raise UsageError("CSV holds one analysis", hint="use --output FOLDER for several, or --format json")
    for name, folder in (("--output", to.output), ("--report", to.report)):
        if folder:
            check_folder(folder, name)
    begun = Begun("analyze", "analyze-all")
    with _opened(context, begun, to) as (session, figures):
        answers, held = _ask(session, export.analyses(questions), with_extent=to.report is not None)
        figures.extend(figures_of(answers))
        files = export.write_all(answers, to.output, form) if to.output else []
        pages = _report(session, answers, held, to.report) if held and to.report else []
        outputs = [*map(str, (*files, *pages)), *(_save(session, answers) if to.save else ())]
        if session.as_json:
            _print_summary(session, begun, outputs, {"answers": [_told(found) for found in answers]})
        elif not (to.output or to.report):
            print_all(answers, form)
        tables = f"{len(answers)} tables of {masked(session.environment.settings.database.url)}"
    _tell(session, [f"{len(files)} files in {to.output}"] if files else [], [str(page) for page in pages[:1]])
    _tell(session, [tables] if to.save else [])


@contextmanager
def _opened(context: typer.Context, begun: Begun, to: Delivery) -> Iterator[tuple[Session, list[Sample]]]:
    """Open the environment, and a list of figures that are told with how the block ends."""
    with (
        open_session(context, to.flags, create=False) as session,
        session.environment.telemetry.command(begun.told_as) as figures,
    ):
        yield session, figures


def _ask(session: Session, question: Question, *, with_extent: bool) -> tuple[list[TypedAnswer], Extent | None]:
    """Return the answers, and what the tables hold where that is asked for; tell people which are empty."""
    env, engine = session.environment, session.environment.settings.analyze.engine
    with progress_bar(quiet=session.quiet or engine == "duckdb") as progress:
        asked = ask(
            env.home,
            env.settings,
            lambda queries: (question(queries), extent(queries) if with_extent else None),
            progress,
        )
    if asked.empty_tables and not session.quiet:
        _note(f"the warehouse has no {' and no '.join(asked.empty_tables)} yet; retailstream run brings them")
    return asked.found


def _form(context: typer.Context, to: Delivery, *, default: Form | None) -> Form:
    """Return how to write what was asked for; without a default as --output ends. UsageError for what cannot be."""
    if to.output is None and to.form and wants_json(context):
        raise UsageError("--json and --format both ask for stdout", hint="give the rows a file with --output")
    if to.output is None and to.form == "parquet":
        raise UsageError("Parquet is binary", hint="write it to a file with --output")
    return to.form or default or (export.form_of(to.output) if to.output else "table")


def _page(session: Session, found: TypedAnswer, held: Extent) -> str:
    from retailstream import reporting
    from retailstream.analytics.report import page

    return page.render([found], reporting.gather(session.environment, held), files=False)


def _draw(found: TypedAnswer, file: Path, *, quiet: bool) -> list[Path]:
    from retailstream.analytics.charts import drawing

    chart = drawing.draw(found.answer)
    if chart is None:
        if not quiet:
            _note(f"there is nothing to draw; {file} is not written")
        return []
    drawing.write(chart, file)
    return [file]


def _report(session: Session, answers: Sequence[TypedAnswer], held: Extent, folder: Path) -> list[Path]:
    from retailstream import reporting

    return reporting.write(answers, reporting.gather(session.environment, held), folder)


def _save(session: Session, answers: Sequence[TypedAnswer]) -> list[str]:
    """Keep answers in the database, and return the names of their tables."""
    tables = [export.result_table(found, session.run_id) for found in answers]
    url = session.environment.settings.database.url
    with wiring.open_results(url) as results:
        for table in tables:
            results.replace(table)
    return [f"{masked(url)}#{table.name}" for table in tables]


def _told(found: TypedAnswer) -> dict[str, object]:
    """Return what the summary says of an answer."""
    answer = found.answer
    return {
        "analysis": answer.use_case.name,
        "parameters": {name: as_json(value) for name, value in answer.parameters.items()},
        "headline": answer.headline,
        "rows": len(answer.rows),
        "lacks": answer.absence.lacks if answer.absence else None,
    }


def _print_summary(session: Session, begun: Begun, outputs: Sequence[str], told: Mapping[str, object]) -> None:
    print_json(
        summary_of_nothing(begun.stage, session.run_id)
        | {"started_at": begun.at, "seconds": round(time.monotonic() - begun.clock, 3), "outputs": list(outputs)}
        | dict(told)
    )


def _tell(session: Session, *outputs: Sequence[str]) -> None:
    """Say on stderr what was written."""
    if not session.quiet and not session.as_json:
        for text in (text for texts in outputs for text in texts):
            _note(f"written: {text}")


def _note(text: str) -> None:
    say(text, sys.stderr)
