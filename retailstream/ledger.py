"""The history of runs: written when a command starts, closed when it ends, on failure too."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, fields, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from retailstream.errors import UsageError
from retailstream.processes import may_be_alive
from retailstream.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retailstream.ports import State


@dataclass(frozen=True)
class RunEntry:
    """A run as the ledger remembers it; `status` is `running` until it is closed, `killed` if it never was.

    Its key is run id, stage and attempt: an orchestrator uses one run id for many commands and their retries.
    """

    run_id: str
    stage: str
    attempt: int
    status: str
    started_at: str
    ended_at: str | None
    seconds: float | None
    exit_code: int | None
    process_id: int
    host: str
    code_version: str
    config_hash: str
    inputs: tuple[str, ...]
    summary: Mapping[str, Any] | None
    error: str | None

    def closed(self, *, ended_at: str, summary: Mapping[str, Any], inputs: Sequence[str], exit_code: int) -> RunEntry:
        """Return the entry with how the run ended: its JSON summary, the hashes of what it read, and its exit code."""
        return replace(
            self,
            status=summary["status"],
            ended_at=ended_at,
            seconds=summary["seconds"],
            exit_code=exit_code,
            summary=summary,
            error=summary["error"],
            inputs=tuple(inputs),
        )


def begun(run_id: str, stage: str, started_at: str, config_hash: str) -> RunEntry:
    """Return the entry of a run of this process that has just begun, its first attempt as far as is known."""
    ours = os.getpid(), socket.gethostname(), __version__
    return RunEntry(run_id, stage, 1, "running", started_at, None, None, None, *ours, config_hash, (), None, None)


_NAMES = tuple(field.name for field in fields(RunEntry))
_COLUMNS = ", ".join(_NAMES)


_AFTER_ALL = 2**63 - 1
"""The place in the ledger of what is not in it."""


class Ledger:
    """The runs that an environment remembers, in the order in which they were entered.

    That is what `rowid` counts, in every memory: clocks go wrong, and are set back. Runs of another ledger that are
    still `waiting` to be brought here are listed as if they were.
    """

    def __init__(self, state: State, waiting: Ledger | None = None) -> None:
        self._state = state
        self._waiting = waiting

    def enter(self, run: RunEntry) -> RunEntry:
        """Write a run down, and return it; earlier entries of its run id and stage make it a later attempt."""
        with self._state.transaction():
            ((last,),) = self._state.ask(
                "select coalesce(max(attempt), 0) from runs where run_id = ? and stage = ?", (run.run_id, run.stage)
            )
            entry = replace(run, attempt=last + 1)
            marks = ", ".join("?" * len(_NAMES))
            self._state.change(f"insert into runs ({_COLUMNS}) values ({marks})", _row(entry))
        return entry

    def record(self, run: RunEntry) -> RunEntry:
        """Write down a run of another time: over its own entry, if it has one, or as a later attempt."""
        same = self._state.ask(
            "select attempt from runs where run_id = ? and stage = ? and started_at = ? and process_id = ?"
            " and host = ?",
            (run.run_id, run.stage, run.started_at, run.process_id, run.host),
        )
        if not same:
            return self.enter(run)
        entry = replace(run, attempt=same[0][0])
        self.close(entry)
        return entry

    def close(self, run: RunEntry) -> None:
        """Write how a run ended."""
        columns = ", ".join(f"{name} = ?" for name in _NAMES)
        self._state.change(
            f"update runs set {columns} where run_id = ? and stage = ? and attempt = ?",
            (*_row(run), run.run_id, run.stage, run.attempt),
        )

    def forget(self, run: RunEntry) -> None:
        """Take a run out of the ledger."""
        key = run.run_id, run.stage, run.attempt
        self._state.change("delete from runs where run_id = ? and stage = ? and attempt = ?", key)

    def mark_killed(self, stages: Sequence[str]) -> None:
        """Close what killed processes left running; the caller holds the lock of these stages."""
        if not stages:
            return
        marks = ", ".join("?" * len(stages))
        self._state.change(
            "update runs set status = 'killed' where status = 'running' and (process_id <> ? or host <> ?)"
            f" and stage in ({marks})",
            (os.getpid(), socket.gethostname(), *stages),
        )

    def mark_gone(self, stage: str) -> None:
        """Close what processes of this host that are gone left running of a stage which no lock has to itself."""
        query = "select distinct process_id, host from runs where status = 'running' and stage = ?"
        for process_id, host in self._state.ask(query, (stage,)):
            if not may_be_alive(host, process_id):
                self._state.change(
                    "update runs set status = 'killed' where status = 'running' and stage = ?"
                    " and process_id = ? and host = ?",
                    (stage, process_id, host),
                )

    def runs(self, *, limit: int | None = 20, stage: str | None = None) -> list[RunEntry]:
        """Return the latest entries, newest first; `limit` None, or a negative one, means all."""
        where, values = ("where stage = ?", (stage,)) if stage else ("", ())
        bounded = limit is not None and limit >= 0
        at_most = " limit ?" * bounded
        rows = self._state.ask(
            f"select {_COLUMNS} from runs {where} order by rowid desc{at_most}",
            (*values, *[limit] * bounded),
        )
        found = [_entry(row) for row in rows]
        if self._waiting:
            waiting = self._waiting.runs(limit=limit, stage=stage)
            found = [*waiting, *_others(found, waiting)]
        return found[: limit if bounded else None]

    def show(self, run_id: str) -> list[RunEntry]:
        """Return the entries of one run id, in order; UsageError where there are none."""
        found = self._of(run_id)
        if not found:
            raise UsageError(f"no run '{run_id}' is in the ledger", hint="retailstream runs")
        return found

    def last_change(self, stages: Sequence[str]) -> RunEntry | None:
        """Return the newest entry of one of these stages that changed something."""
        marks = ", ".join("?" * len(stages))
        rows = self._state.ask(
            f"select {_COLUMNS} from runs where status = 'ok' and stage in ({marks}) order by rowid desc limit 1",
            tuple(stages),
        )
        return _entry(rows[0]) if rows else None

    def stages(self) -> list[str]:
        """Return every stage that ever ran."""
        found = {str(row[0]) for row in self._state.ask("select distinct stage from runs")}
        return sorted(found.union(self._waiting.stages() if self._waiting else ()))

    def last_success(self, stage: str) -> RunEntry | None:
        """Return the newest entry of a stage that ended well, also where there was nothing to do."""
        rows = self._state.ask(
            f"select {_COLUMNS} from runs where stage = ? and status in ('ok', 'noop') order by rowid desc limit 1",
            (stage,),
        )
        return _entry(rows[0]) if rows else None

    def last_landing(self, dataset: str) -> RunEntry | None:
        """Return the newest entry whose run landed a new file of a dataset, even if what came after that failed."""
        rows = self._state.ask(
            f"select {_COLUMNS} from runs where stage in (?, ?, ?) and status in ('ok', 'failed')"
            " order by rowid desc limit 1000",
            ("ingest", "features", "replay"),
        )
        for entry in map(_entry, rows):
            if entry.summary and entry.summary["datasets"].get(dataset, {}).get("files_new"):
                return entry
        return None

    def usual_seconds(self, run: RunEntry, *, of: int = 10) -> float | None:
        """Return the median duration of the last runs of its stage before it that changed something; None of none."""
        rows = self._state.ask(
            "select seconds from runs where stage = ? and status = 'ok' and seconds is not null and rowid <"
            " coalesce((select rowid from runs where run_id = ? and stage = ? and attempt = ?), ?)"
            " order by rowid desc limit ?",
            (run.stage, run.run_id, run.stage, run.attempt, _AFTER_ALL, of),
        )
        return median(row[0] for row in rows) if rows else None

    def last(self, stage: str, *, dataset: str | None = None) -> RunEntry | None:
        """Return the newest ended entry of a stage, or with `dataset` the newest in which that had rows."""
        for entry in self.runs(limit=1000, stage=stage):
            if entry.status == "dry-run" or (entry.status == "running" and may_be_alive(entry.host, entry.process_id)):
                continue
            if dataset is None:
                return replace(entry, status="killed") if entry.status == "running" else entry
            if entry.summary and entry.summary["datasets"].get(dataset, {}).get("rows_in"):
                return entry
        return None

    def _of(self, run_id: str) -> list[RunEntry]:
        rows = self._state.ask(f"select {_COLUMNS} from runs where run_id = ? order by rowid", (run_id,))
        found, waiting = [_entry(row) for row in rows], self._waiting._of(run_id) if self._waiting else []  # noqa: SLF001 -- one of us
        return [*_others(found, waiting), *waiting]


def _others(runs: Sequence[RunEntry], waiting: Sequence[RunEntry]) -> list[RunEntry]:
    """Return the runs of which nothing newer waits: where a server went away, a run was entered there, closed here."""
    newer = {_started(run) for run in waiting}
    return [run for run in runs if _started(run) not in newer]


def _started(run: RunEntry) -> tuple[str, str, str, int, str]:
    return run.run_id, run.stage, run.started_at, run.process_id, run.host


def _row(run: RunEntry) -> tuple[object, ...]:
    values = {name: getattr(run, name) for name in _NAMES}
    values["inputs"] = json.dumps(list(run.inputs))
    values["summary"] = json.dumps(run.summary) if run.summary is not None else None
    return tuple(values.values())


def _entry(row: tuple[Any, ...]) -> RunEntry:
    values = dict(zip(_NAMES, row, strict=True))
    values["inputs"] = tuple(json.loads(values["inputs"]))
    values["summary"] = json.loads(values["summary"]) if values["summary"] else None
    return RunEntry(**values)
