"""Corrected records come back: they land as a new file, and the entries they correct are closed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.contracts import CONTRACTS
from retailstream.durable import naming
from retailstream.errors import UsageError
from retailstream.landing import land
from retailstream.records import records, survey
from retailstream.rejects import SUPERSEDED
from retailstream.reports import Counts, StageReport, outcome
from retailstream.source_files import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from retailstream.landing import RawStore
    from retailstream.landings import Landed
    from retailstream.quarantine import Quarantine
    from retailstream.read_limits import ReadLimits
    from retailstream.rejects import Entry
    from retailstream.runs import Books


@dataclass(frozen=True)
class Replay:
    """What a replay did: the file that landed (None where one that was stopped had), and how many entries it closed."""

    dataset: str
    landed: Landed | None
    closed: int


def choose(quarantine: Quarantine, references: Sequence[str], dataset: str | None) -> list[Entry]:
    """Return the open entries that a replay closes: those named, or else all open rejects of one dataset.

    Raises UsageError where the entries belong to several datasets, or to none.
    """
    if references:
        entries = [entry for reference in references for entry in quarantine.find(reference)]
    else:
        entries = [entry for entry in quarantine.entries(dataset=dataset) if entry.reject.rule != SUPERSEDED]
    datasets = {entry.reject.dataset for entry in entries}
    if len(datasets) > 1:
        raise UsageError(
            f"the entries belong to several datasets: {', '.join(sorted(datasets))}",
            hint="name the ids of one dataset, or give --dataset",
        )
    if not entries:
        raise UsageError("no open entry is in the quarantine", hint="retailstream quarantine list")
    return entries


def check(file: Path, entries: Sequence[Entry], *, named: bool, limits: ReadLimits) -> None:
    """Raise UsageError where a corrected file is not readable, or does not fit the entries it stands for.

    Without named entries it must hold exactly one record for each open one: nothing is closed by guess.
    """
    if not file.is_file():
        raise UsageError(f"the file {file} does not exist")
    contract = CONTRACTS[entries[0].reject.dataset]
    found = survey(file, contract, limits=limits)
    if found.defect:
        raise UsageError(
            f"{file} is not readable as {contract.name}: {found.defect.rule} ({found.defect.value})",
            hint="give it the header of the table",
        )
    count = sum(1 for _ in records(file, found, contract)) if found.records is None else found.records
    if not count:
        raise UsageError(
            f"{file} has no records, so it would correct nothing",
            hint="retailstream quarantine discard ID|FILE --reason TEXT closes entries without a correction",
        )
    rejected = sum(entry.reject.records for entry in entries)
    if not named and count != rejected:
        what = "open entries" if rejected == len(entries) else "rejected records"
        raise UsageError(
            f"{file} has {count:,} records for {rejected:,} {what} of {contract.name}",
            hint="name the ids that it corrects",
        )


def plan(*, file: Path, entries: Sequence[Entry], books: Books) -> SourceFile:
    """Return the file that a replay lands.

    Raises UsageError while a stopped landing waits, since its rows come first, and where the file has the very bytes
    of one that landed before: known bytes are never new, so they would correct nothing.
    """
    if books.landings.unfinished() is not None:
        raise UsageError("a landing was stopped and is not complete", hint="retailstream run, then replay")
    dataset = entries[0].reject.dataset
    with naming(file):
        data = file.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    name = f"{dataset}/replay-{digest[:12]}{''.join(file.suffixes[-2:]) if file.suffix.lower() == '.gz' else '.csv'}"
    unreadable = {(entry.reject.landing, entry.reject.file) for entry in entries if entry.reject.record is None}
    refused = [f for f in books.landings.files(dataset) if f.sha256 == digest and (f.landing, f.file) in unreadable]
    current = books.landings.known().current.get((dataset, digest))
    same = refused[0] if refused else current
    if same and (same.file != name or _is_done(books.quarantine, dataset, name)):
        raise UsageError(
            f"{file} has the same bytes as {same.file}, which landed before: it would correct nothing",
            hint="correct it, or add a blank line to its end",
        )
    return SourceFile(dataset, name, file, digest, len(data))


def replay(*, corrected: SourceFile, entries: Sequence[Entry], raw: RawStore, books: Books, run_id: str) -> Replay:
    """Land a corrected file, as planned, and close the entries it corrects; one that was stopped is completed."""
    landed = land(raw, run_id, [corrected], old=True).copied
    closed = books.quarantine.settle(entries, state="replayed", reason=_reason(corrected.file), run_id=run_id)
    return Replay(corrected.dataset, landed[0] if landed else None, closed)


def _is_done(quarantine: Quarantine, dataset: str, name: str) -> bool:
    """Say whether a file has closed its entries, which is the last step of a replay."""
    entries = quarantine.entries(dataset=dataset, state="replayed")
    return any(entry.reason == _reason(name) for entry in entries)


def _reason(name: str) -> str:
    return f"replayed by {name}"


def report(done: Replay) -> StageReport:
    """Return the replay as the ledger keeps it: the file that landed, under its dataset."""
    file = done.landed
    counts = Counts(1, 1, bytes=file.bytes) if file else Counts(1)
    status = outcome(dry_run=False, changed=bool(file or done.closed))
    return StageReport("replay", status, {done.dataset: counts}, inputs=(file.sha256,) if file else ())
