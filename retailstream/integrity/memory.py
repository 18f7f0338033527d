"""The memory of an environment: ledger, landings and quarantine, each entry readable and fitting the others."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from retailstream.integrity.damage import MEMORY, RESTORE, Damage
from retailstream.landings import Scope
from retailstream.quarantine import Quarantine
from retailstream.record_ranges import are_ranges
from retailstream.rejects import ACCEPTED, WITHDRAWN

if TYPE_CHECKING:
    from retailstream.integrity.damage import Findings
    from retailstream.ports import State

_SHA256: Final = re.compile("[0-9a-f]{64}")
_STATES: Final = {"open", "replayed", "discarded", "lapsed", "restored", ACCEPTED, WITHDRAWN}
_ENDS: Final = {"running", "ok", "noop", "failed", "killed", "dry-run"}


def look(findings: Findings, state: State) -> None:
    """Look at every entry of the memory."""
    for table, look_at in (("runs", _runs), ("landings", _landings), ("quarantine", _quarantine)):
        with findings.looking(MEMORY, table, mend=RESTORE):
            look_at(findings, state)


def _runs(findings: Findings, state: State) -> None:
    rows = state.ask("select run_id, stage, attempt, status, started_at, ended_at, inputs, summary from runs")
    findings.count(MEMORY, len(rows))
    for run_id, stage, attempt, status, started, ended, inputs, summary in rows:
        try:
            for moment in (started, ended or started):
                datetime.fromisoformat(moment)
            readable = isinstance(json.loads(inputs), list) and isinstance(json.loads(summary or "{}"), dict)
        except (ValueError, TypeError):
            readable = False
        if not readable or status not in _ENDS:
            _note(findings, f"run {run_id} {stage} {attempt}", "the ledger's entry is not one that a run wrote")


def _landings(findings: Findings, state: State) -> None:
    known = {(scope, landing) for scope, landing in state.ask("select scope, landing from landings")}
    rows = state.ask("select dataset, scope, landing, file, sha256, bytes from landed_files")
    findings.count(MEMORY, len(known) + len(rows))
    datasets = {scope.value: scope.datasets for scope in Scope}
    for dataset, scope, landing, file, digest, size in rows:
        fits = dataset in datasets.get(scope, ()) and (scope, landing) in known and str(file).startswith(f"{dataset}/")
        if not fits or not _SHA256.fullmatch(str(digest)) or not isinstance(size, int) or size < 0:
            _note(findings, f"landed file {file} of landing {landing}", "the entry is not one that a landing wrote")


def _quarantine(findings: Findings, state: State) -> None:
    entries = Quarantine(state).entries(state=None)
    findings.count(MEMORY, len(entries))
    landed = {tuple(row) for row in state.ask("select dataset, landing, file from landed_files")}
    for entry in entries:
        reject = entry.reject
        told = reject.others is None or are_ranges(reject.others)
        if entry.id != reject.id or entry.state not in _STATES or not told:
            _note(findings, f"entry {entry.id}", "the quarantine's entry is not what its id says")
        elif (reject.dataset, reject.landing, reject.file) not in landed:
            _note(findings, f"entry {entry.id}", f"no landing is known of its file {reject.file}@{reject.landing}")


def _note(findings: Findings, thing: str, state: str) -> None:
    findings.add(Damage(MEMORY, thing, state, RESTORE))
