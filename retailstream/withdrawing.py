"""What was taken in and should not have been is taken back, on record: single records, or whole landed files.

Nothing is removed: from the next run on the raw files are read without it, and every store follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from retailstream.contracts import CONTRACTS
from retailstream.errors import UsageError
from retailstream.manifests import WHOLE
from retailstream.read_limits import DEFAULT_LIMITS, ReadLimits
from retailstream.records import raw_records, survey
from retailstream.rejects import ACCEPTED, SUPERSEDED, WITHDRAWN, Reject
from retailstream.reports import StageReport, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from retailstream.contracts import Contract
    from retailstream.landings import Landed
    from retailstream.ports import Lake, Origins, Table
    from retailstream.quarantine import Quarantine
    from retailstream.rejects import Entry
    from retailstream.runs import Books

_SUFFIXES: Final = (r"", r":(?P<record>[0-9]{1,9})", r"@(?P<landing>[0-9]{1,9})")
_FORMS: Final = [re.compile(f"(?P<file>.+){end}", re.DOTALL) for end in (*_SUFFIXES, _SUFFIXES[2] + _SUFFIXES[1])]
"""How a file or a record is named; a file's own name may look like any of these, so it is tried first."""


@dataclass(frozen=True)
class Holdings:
    """What an environment has of a dataset: what it remembers, raw files, the clean table, and who looks into that."""

    contract: Contract
    books: Books
    raw: Lake
    table: Table
    origins: Origins
    limits: ReadLimits = DEFAULT_LIMITS

    @cached_property
    def files(self) -> list[Landed]:
        """Every file that was landed."""
        return self.books.landings.files(self.contract.name)


@dataclass(frozen=True)
class Withdrawal:
    """A record or a file that is to be taken back, the clean rows that go with it by partition, and a word on it."""

    place: Reject
    rows: Mapping[str, int]
    note: str
    done: bool = False

    @property
    def name(self) -> str:
        """The record or file by a name that nothing else has."""
        return _names(self.place, self.place.record)[1]

    def as_dict(self) -> dict[str, object]:
        """Return the withdrawal with the names that the JSON summary has."""
        place = self.place
        told = {"id": place.id, "file": place.file, "landing": place.landing, "record": place.record}
        return {**told, "rows": sum(self.rows.values()), "note": self.note}


def plan(
    references: Sequence[str], keyed: tuple[str, str] | None, holdings: Callable[[str], Holdings]
) -> list[Withdrawal]:
    """Return what is to be withdrawn: `FILE`, `FILE:RECORD`, `FILE@LANDING`, and the row of a (dataset, key).

    Raises UsageError where any of it was never taken in, or could mean several things.
    """
    wanted = [(holdings(_dataset_of(reference)), reference) for reference in references]
    found = [_plan_one(held, *_landed(held.files, reference)) for held, reference in wanted]
    if keyed:
        held = holdings(_known(keyed[0]))
        found += [_plan_one(held, *place) for place in _by_key(held, keyed[1])]
    return list({withdrawal.place.id: withdrawal for withdrawal in found}.values())


def report(stage: str, changed: int, *, dry_run: bool = False) -> StageReport:
    """Return a withdrawal, or its undoing, as the ledger keeps it: neither moves a row itself."""
    return StageReport(stage, outcome(dry_run=dry_run, changed=bool(changed)))


def restorable(quarantine: Quarantine, reference: str) -> list[Entry]:
    """Return the withdrawals of an id (or of its start), a file or a record, those that are undone already, too.

    A file means its own withdrawal, or else, where it was never withdrawn as a whole, those of its records.
    """
    entries = quarantine.entries(rule=WITHDRAWN, state=None)
    if by_id := [entry for entry in entries if entry.id.startswith(reference)]:
        if len(by_id) > 1:
            raise UsageError(f"'{reference}' is the start of {len(by_id)} ids", hint="give more of the id")
        return by_id
    own = [entry for entry in entries if reference in _names(entry.reject, entry.reject.record)]
    within = [entry for entry in entries if reference in _names(entry.reject, None)]
    if not own + within:
        raise UsageError(f"nothing withdrawn is called '{reference}'", hint="retailstream quarantine list --all")
    return own or within


def _names(place: Reject, record: int | None) -> tuple[str, str]:
    end = "" if record is None else f":{record}"
    return f"{place.file}{end}", f"{place.file}@{place.landing}{end}"


def _dataset_of(reference: str) -> str:
    return _known(reference.partition("/")[0], f"no landed file is called '{reference}'")


def _known(dataset: str, sentence: str = "") -> str:
    if dataset not in CONTRACTS:
        hint = "name it with its dataset, such as sales/week.csv:17" if sentence else "sales, features or stores"
        raise UsageError(sentence or f"'{dataset}' is no dataset", hint=hint)
    return dataset


def _landed(files: Sequence[Landed], reference: str) -> tuple[Landed, int | None]:
    """Return the landed file that a reference names, and the number of the record, if it names one."""
    for form in _FORMS:
        if match := form.fullmatch(reference):
            named = match.groupdict()
            landing, record = named.get("landing"), named.get("record")
            found = [f for f in files if f.file == named["file"] and landing in {None, str(f.landing)}]
            if len(found) > 1:
                raise _ambiguous(found, record)
            if found:
                return found[0], int(record) if record else None
    raise UsageError(f"no landed file is called '{reference}'", hint="name it as quarantine list and the source do")


def _ambiguous(found: Sequence[Landed], record: str | None) -> UsageError:
    choices = [f"{f.file}@{f.landing}" + (f":{record}" if record else "") for f in found]
    return UsageError(f"'{found[0].file}' landed {len(found)} times", hint=f"name one of them: {', '.join(choices)}")


def _by_key(held: Holdings, text: str) -> list[tuple[Landed, int | None]]:
    """Return the record that the clean row of a key came from."""
    contract = held.contract
    key = {name.strip(): value for name, _, value in (part.partition("=") for part in text.split(","))}
    if sorted(key) != sorted(contract.key):
        raise UsageError(f"'{text}' is no key of {contract.name}", hint=f"give {'=…,'.join(contract.key)}=…")
    manifest = held.table.manifest()
    found = held.origins.of_key(contract, held.table.paths(manifest), key)
    if not found:
        raise UsageError(f"the clean {contract.name} have no row of {text}", hint="retailstream quarantine list --all")
    files = {(file.landing, file.file): file for file in held.files}
    return [(files[landing, file], record) for landing, file, record in found]


def _plan_one(held: Holdings, file: Landed, record: int | None) -> Withdrawal:
    if held.books.landings.unfinished() == file.landing:
        raise UsageError(f"the landing of '{file.file}' was stopped", hint="retailstream run, then withdraw")
    entries = [
        entry
        for entry in held.books.quarantine.entries(dataset=file.dataset, file=file.file, state=None)
        if entry.reject.landing == file.landing and entry.reject.covers(record)
    ]
    _check_taken_in(entries, file, record)
    place = Reject(file.dataset, file.landing, file.file, record, WITHDRAWN, None, None, _raw(held, file, record))
    for entry in entries:
        if entry.state == WITHDRAWN:
            what = "it" if entry.reject.record == record else "the whole file"
            return Withdrawal(place, {}, f"{what} is withdrawn already", done=True)
    manifest = held.table.manifest()
    rows = held.origins.rows_from(held.contract, held.table.paths(manifest), (file.landing, file.file, record))
    if rows:
        return Withdrawal(place, rows, _told(rows))
    if file.landing > manifest.landing:
        return Withdrawal(place, rows, "landed and not merged yet")
    return Withdrawal(place, rows, "no clean row: later records of the same key took its place")


def _told(rows: Mapping[str, int]) -> str:
    """`{"2010-02": 7, "2010-03": 1}` → `8 clean rows of 2 months`."""
    count, months = sum(rows.values()), [name for name in rows if name != WHOLE]
    of = f" of {months[0]}" if len(months) == 1 else f" of {len(months)} months" if months else ""
    return f"{count:,} clean row{'s' * (count > 1)}{of}"


def _check_taken_in(entries: Sequence[Entry], file: Landed, record: int | None) -> None:
    """Raise UsageError for what was rejected, as a record or with its whole file."""
    for entry in entries:
        reject = entry.reject
        if reject.rule in {SUPERSEDED, WITHDRAWN} or entry.state in {ACCEPTED, "lapsed"}:
            continue
        what = f"'{file.file}'" if reject.record is None else f"record {record} of '{file.file}'"
        raise UsageError(
            f"{what} never came in: it was rejected by the rule {reject.rule} and is {entry.state}",
            hint=f"retailstream quarantine show {entry.id}",
        )


def _raw(held: Holdings, file: Landed, record: int | None) -> str | None:
    if record is None:
        return None
    path = held.raw.fetch(file.key)
    found = survey(path, held.contract, limits=held.limits)
    text = raw_records(path, found, {record}, held.limits.kept_text).get(record)
    if text is None:
        raise UsageError(f"'{file.file}' has no record {record}", hint="records are counted from 1, without the header")
    return text
