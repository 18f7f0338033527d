"""The history of runs: written when a command starts, closed when it ends, on failure too."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from retailstream.errors import UsageError
from retailstream.state import transaction
from retailstream.version import __version__

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class RunKey:
    """One entry of the ledger; an orchestrator uses one run id for many commands and their retries."""

    run_id: str
    stage: str
    attempt: int


@dataclass(frozen=True)
class RunEntry:
    """A run as the ledger remembers it; `status` is `running` until it is closed, `killed` if it never was."""

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


class Ledger:
    """The `runs` table of the state file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def start(self, run_id: str, stage: str, started_at: str, config_hash: str) -> RunKey:
        """Open an entry and return its key; earlier entries of this run id and stage make it a later attempt."""
        with transaction(self._connection):
            (last,) = self._connection.execute(
                "select coalesce(max(attempt), 0) from runs where run_id = ? and stage = ?", (run_id, stage)
            ).fetchone()
            key = RunKey(run_id, stage, last + 1)
            self._connection.execute(
                "insert into runs (run_id, stage, attempt, status, started_at, process_id, host, code_version,"
                " config_hash) values (?, ?, ?, 'running', ?, ?, ?, ?, ?)",
                (run_id, stage, key.attempt, started_at, os.getpid(), socket.gethostname(), __version__, config_hash),
            )
        return key

    def close(
        self, key: RunKey, *, ended_at: str, summary: Mapping[str, Any], inputs: Sequence[str], exit_code: int
    ) -> None:
        """Write how the run ended: its JSON summary, the hashes of what it read, and its exit code."""
        self._connection.execute(
            "update runs set status = ?, ended_at = ?, seconds = ?, exit_code = ?, summary = ?, error = ?, inputs = ?"
            " where run_id = ? and stage = ? and attempt = ?",
            (
                summary["status"],
                ended_at,
                summary["seconds"],
                exit_code,
                json.dumps(summary),
                summary["error"],
                json.dumps(list(inputs)),
                key.run_id,
                key.stage,
                key.attempt,
            ),
        )

    def mark_killed(self, stages: Sequence[str]) -> None:
        """Close what killed processes left running; the caller holds the lock of these stages."""
        marks = ", ".join("?" * len(stages))
        self._connection.execute(
            "update runs set status = 'killed' where status = 'running' and (process_id <> ? or host <> ?)"
            f" and stage in ({marks})",
            (os.getpid(), socket.gethostname(), *stages),
        )

    def runs(self, *, limit: int = 20, stage: str | None = None) -> list[RunEntry]:
        """Return the latest entries, newest first."""
        where, values = ("where stage = ?", (stage,)) if stage else ("", ())
        rows = self._connection.execute(
            f"select * from runs {where} order by started_at desc, rowid desc limit ?", (*values, limit)
        )
        return [_entry(row) for row in rows]

    def show(self, run_id: str) -> list[RunEntry]:
        """Return the entries of one run id, in order; UsageError where there are none."""
        rows = self._connection.execute("select * from runs where run_id = ? order by rowid", (run_id,)).fetchall()
        if not rows:
            raise UsageError(f"no run '{run_id}' is in the ledger", hint="retailstream runs")
        return [_entry(row) for row in rows]

    def last_change(self, stages: Sequence[str]) -> RunEntry | None:
        """Return the newest entry of one of these stages that changed something."""
        marks = ", ".join("?" * len(stages))
        row = self._connection.execute(
            f"select * from runs where status = 'ok' and stage in ({marks})"
            " order by started_at desc, rowid desc limit 1",
            tuple(stages),
        ).fetchone()
        return _entry(row) if row else None

    def last(self, stage: str, *, dataset: str | None = None) -> RunEntry | None:
        """Return the newest ended entry of a stage, or with `dataset` the newest in which that had rows."""
        for entry in self.runs(limit=1000, stage=stage):
            if entry.status == "dry-run" or (entry.status == "running" and _alive(entry)):
                continue
            if dataset is None:
                return replace(entry, status="killed") if entry.status == "running" else entry
            if entry.summary and entry.summary["datasets"].get(dataset, {}).get("rows_in"):
                return entry
        return None


def _alive(entry: RunEntry) -> bool:
    """Say whether the process of a running entry may still be there; only its own host can tell."""
    if entry.host != socket.gethostname():
        return True
    try:
        os.kill(entry.process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _entry(row: sqlite3.Row) -> RunEntry:
    values = dict(row)
    values["inputs"] = tuple(json.loads(values["inputs"]))
    values["summary"] = json.loads(values["summary"]) if values["summary"] else None
    return RunEntry(**values)
