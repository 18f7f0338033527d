"""One command that changes data, as the ledger sees it: entered, locked, timed, run, and closed whatever happens."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from retailstream import metrics, stage_wiring, wiring
from retailstream.errors import DamagedError, QualityGateError, RetailStreamError, UsageError, exit_code
from retailstream.interruption import sentence_of
from retailstream.ledger import begun
from retailstream.locks import Holder
from retailstream.masking import masked, masked_text
from retailstream.merge_warnings import REBUILT
from retailstream.ports import no_progress
from retailstream.reports import RunWarning, StageReport, Summary
from retailstream.runs import Run
from retailstream.stages import ORDER, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from retailstream.ledger import RunEntry
    from retailstream.ports import Progress
    from retailstream.runs import TableRequest
    from retailstream.wiring import Environment

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What the command line asks of a run, beside the settings."""

    run_id: str
    dry_run: bool = False
    progress: Progress = no_progress
    only: str | None = None
    """The dataset that `load-rds` is to load alone."""
    table: TableRequest | None = None
    """The table that `sqoop` is to copy instead of those of the pipeline."""


@dataclass
class Entry:
    """A run in the making: what it says of itself grows until its entry is closed."""

    stage: str
    run_id: str
    started_at: str
    clock: float
    report: StageReport
    extra: Summary = field(default_factory=dict)
    at_work: bool = False
    """Whether it has begun to work: what fails before with a wrong command line was no run."""

    def summary(self, error: BaseException | None = None) -> Summary:
        """Return what the run did so far, as the JSON object of its command."""
        status = "failed" if error else self.report.status
        return {
            "stage": self.stage,
            "run_id": self.run_id,
            "status": status,
            "started_at": self.started_at,
            "seconds": round(time.monotonic() - self.clock, 3),
            **self.report.counts.as_dict(),
            "outputs": [masked(output) for output in self.report.outputs],
            "datasets": {name: counts.as_dict() for name, counts in self.report.datasets.items()},
            "error": describe(error) if error else None,
            "warnings": [warning.as_dict() for warning in self.report.warnings],
            **({"files": list(self.report.files)} if self.report.status == "dry-run" else {}),
            **self.extra,
        }


def describe(error: BaseException) -> str:
    """Return an error in one sentence, with its hint."""
    if isinstance(error, RetailStreamError):
        return f"{error.message} (hint: {error.hint})" if error.hint else error.message
    if sentence := sentence_of(error):
        return sentence
    return masked_text(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def execute(env: Environment, stage: str, request: Request) -> Summary:
    """Run one stage and return its summary; an error that leaves carries the summary as its `summary`."""
    with attended(env, stage, request, stage_wiring.locks_of(stage, request.table)) as entry:
        _run_stage(env, entry, request)
    return entry.summary()


@contextmanager
def attended(env: Environment, stage: str, request: Request, scopes: tuple[str, ...]) -> Iterator[Entry]:
    """Enter a command into the ledger and hold its locks for the block, which says in `report` what it did."""
    entry = _new(stage, request)
    with _entered(env, entry, request), _locked(env, request, entry, scopes):
        yield entry


def execute_all(env: Environment, request: Request, *, first: str = ORDER[0]) -> Summary:
    """Run the stages in order, from `first` on, and have a look at the health of what came of it."""
    with attended(env, "run", request, stage_wiring.SCOPES["run"]) as whole, _sharing(env, request) as shared:
        summaries: list[Summary] = []
        whole.extra["stages"] = summaries
        waiting, remade = list(ORDER[ORDER.index(first) :]), set[str]()
        while waiting:
            stage = waiting.pop(0)
            entry = _new(stage, request)
            try:
                with _entered(env, entry, request):
                    entry.at_work = bool(summaries)
                    _run_stage(shared, entry, request)
            except DamagedError as error:
                summaries.append(summary_of(error))
                if error.remade_by is None or error.remade_by in remade or request.dry_run:
                    raise
                remade.add(error.remade_by)
                waiting = [*ORDER[ORDER.index(error.remade_by) : ORDER.index(stage) + 1], *waiting]
                entry.report = replace(entry.report, warnings=(_remaking(error),))
                continue
            except BaseException as error:
                summaries += filter(None, [summary_of(error)])  # a stage that the ledger could not take has none
                whole.at_work = entry.at_work
                raise
            finally:
                whole.report = _together(whole.report, entry.report)
            summaries.append(entry.summary())
        # While the locks are held, nobody else changes what is looked at.
        health: Summary = {} if request.dry_run else {"health": _look(shared)}
    return whole.summary() | health


def _remaking(error: DamagedError) -> RunWarning:
    """Return what is told of damage that the run itself mends; its stage has ended with it."""
    log.warning("%s; %s makes it anew", error.message, error.remade_by)
    return RunWarning(REBUILT, f"{error.message}; {error.remade_by} makes it anew")


def summary_of(error: BaseException) -> Summary:
    """Return the summary that an error carries; empty for one from before a run began."""
    found: Summary = getattr(error, "summary", {})
    return found


def _new(stage: str, request: Request) -> Entry:
    return Entry(stage, request.run_id, _now(), time.monotonic(), StageReport(stage, "noop"))


@contextmanager
def _entered(env: Environment, entry: Entry, request: Request) -> Iterator[None]:
    run = None
    if not request.dry_run:
        run = env.memory.enter(begun(entry.run_id, entry.stage, entry.started_at, env.loaded.hash))
    try:
        yield
    except BaseException as error:
        if entry.stage != "run" and isinstance(error, QualityGateError) and error.report is not None:
            entry.report = error.report
        error.summary = entry.summary(error)  # type: ignore[attr-defined]
        if run:
            _close(env, run, entry, error)
        raise
    if run:
        _close(env, run, entry)


def _close(env: Environment, run: RunEntry, entry: Entry, error: BaseException | None = None) -> None:
    """Write down how a run ended, and tell it; a usage error before it began to work was no run."""
    ended_at, code = _now(), exit_code(error) if error else 0
    summary = summary_of(error) if error else entry.summary()
    if isinstance(error, UsageError) and not entry.at_work:
        env.memory.forget(run)
    else:
        env.memory.close(run.closed(ended_at=ended_at, summary=summary, inputs=entry.report.inputs, exit_code=code))
    env.telemetry.tell(
        entry.stage, lambda: metrics.of_run(summary, code, ended_at=ended_at, usual=_usual_seconds(env, run))
    )


def _usual_seconds(env: Environment, run: RunEntry) -> float | None:
    """Return how long the stage usually takes, or None where the ledger cannot be asked."""
    try:
        return env.ledger.usual_seconds(run)
    except RetailStreamError:
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def _locked(env: Environment, request: Request, entry: Entry, scopes: tuple[str, ...]) -> Iterator[None]:
    """Hold the locks of the command; a plan needs none."""
    if request.dry_run:
        yield
        return
    with env.memory.hold(scopes, Holder(request.run_id, entry.stage, entry.started_at)):
        alone = [name for name, wanted in stage_wiring.SCOPES.items() if set(wanted) <= set(scopes)]
        env.ledger.mark_killed(alone)
        env.ledger.mark_gone(TABLE)
        yield


def _sharing(env: Environment, request: Request) -> AbstractContextManager[Environment]:
    """Have the stages of a run share what is slow to open; a plan holds no locks, and so shares nothing."""
    return nullcontext(env) if request.dry_run else wiring.sharing_duckdb(env)


@contextmanager
def run_of(env: Environment, entry: Entry, request: Request, scope: str) -> Iterator[Run]:
    """Yield what a stage is told of the run, with a folder for its work."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(TemporaryDirectory())) if request.dry_run else env.work(scope)
        yield Run(
            request.run_id,
            work / "engine",
            env.limit,
            env.rules(datetime.now(UTC).date()),
            dry_run=request.dry_run,
            progress=_noted(entry, request.progress),
            only=request.only,
            table=request.table,
        )


def _run_stage(env: Environment, entry: Entry, request: Request) -> None:
    with run_of(env, entry, request, stage_wiring.locks_of(entry.stage, request.table)[0]) as run:
        carry_out = stage_wiring.STAGES.get(entry.stage) or stage_wiring.BESIDE[entry.stage]
        try:
            entry.report = carry_out(env, run)
        except QualityGateError as error:
            entry.report = error.report or entry.report
            raise
        finally:
            for warning in entry.report.warnings:
                log.warning("%s: %s", entry.stage, warning.text)


def _noted(entry: Entry, progress: Progress) -> Progress:
    """Return a progress that notes that the stage is at work."""

    def show(what: str, done: int, of: int) -> None:
        entry.at_work = True
        progress(what, done, of)

    return show


def _together(whole: StageReport, report: StageReport) -> StageReport:
    """Add a stage to the report of the run; each dataset has the figures of the stage that cleans it."""
    own = report.datasets if report.stage in {"glue-merge", "features"} else {}
    return replace(
        whole,
        status=report.status if whole.status == "noop" else whole.status,
        datasets={**whole.datasets, **own},
        outputs=tuple(dict.fromkeys((*whole.outputs, *report.outputs))),
        warnings=(*whole.warnings, *report.warnings),
        files=(*whole.files, *report.files),
    )


def _look(env: Environment) -> Summary:
    """Return the health of the environment; a look that fails is reported and changes nothing."""
    from retailstream import monitoring  # noqa: PLC0415 -- what a single stage does without

    try:
        found = monitoring.look(env)
    except RetailStreamError as error:
        log.warning("monitor: %s", describe(error))
        return {"healthy": None, "checks": []}
    monitoring.tell_health(env, found)
    return found.as_dict()
