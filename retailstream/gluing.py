"""`glue-merge` by a deployed job of AWS Glue: started, waited for, and told as if it had run here.

The job takes the locks and enters itself into the ledger, under the run id that it is given; its summary is read there.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from retailstream.adapters.glue import GlueJobs
from retailstream.errors import LockHeldError, QualityGateError, RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from retailstream.adapters.glue import JobRun
    from retailstream.execution import Request
    from retailstream.reports import Summary
    from retailstream.wiring import Environment

log = logging.getLogger(__name__)

_ERRORS: dict[int, type[RetailStreamError]] = {
    2: UsageError,
    3: QualityGateError,
    4: TransientError,
    5: LockHeldError,
}


def run(env: Environment, request: Request, *, stop_on_interrupt: bool) -> Summary:
    """Run the job to its end, and return its summary; an error carries the summary, too, as far as there is one.

    On an interrupt the job goes on, unless it is to be stopped.
    """
    if request.dry_run:
        raise UsageError("a Glue job has no plan", hint="--dry-run with --engine duckdb shows what waits")
    job = env.settings.engine.glue_job
    if not job:
        raise UsageError("engine.glue_job is not set", hint="name the deployed job in the config file")
    jobs = GlueJobs()
    started = jobs.start(job, {"run_id": request.run_id})
    log.info("glue-merge: job %s, run %s; its log: %s", job, started.id, started.log)
    try:
        ended = jobs.wait(started, lambda now: _tell(request, now))
    except Exception:
        raise
    except BaseException:
        # The keyboard, or whoever ends processes, such as an orchestrator.
        if stop_on_interrupt:
            jobs.stop(started)
        log.warning("Glue job %s, run %s, %s", job, started.id, "is stopped" if stop_on_interrupt else "goes on")
        raise
    return _outcome(env, request, ended)


def _tell(request: Request, now: JobRun) -> None:
    request.progress(f"Glue job {now.job}: {now.state.lower()}", now.seconds, max(now.seconds, 1))


def _outcome(env: Environment, request: Request, ended: JobRun) -> Summary:
    entries = [entry for entry in env.ledger.runs(limit=100, stage="glue-merge") if entry.run_id == request.run_id]
    summary: Summary = dict(entries[0].summary or {}) if entries else {}
    if ended.state == "SUCCEEDED" and summary:
        return {**summary, "outputs": [*summary["outputs"], ended.log]}
    error = _error(ended, summary, entries[0].exit_code if entries else None)
    error.summary = summary  # type: ignore[attr-defined]
    raise error


def _error(ended: JobRun, summary: Summary, exit_code: int | None) -> RetailStreamError:
    named = re.search(r"\[exit ([0-9]+)\]", ended.message)
    code = exit_code or (int(named[1]) if named else 4 if ended.state in {"TIMEOUT", "EXPIRED"} else 1)
    reason = summary.get("error") or ended.message or "no reason given"
    if ended.state == "SUCCEEDED":
        reason = "it ended well, but the ledger has no entry of it: is its database another one?"
    return _ERRORS.get(code, RetailStreamError)(
        f"Glue job '{ended.job}', run {ended.id}, ended as {ended.state}: {reason}", hint=f"its log: {ended.log}"
    )
