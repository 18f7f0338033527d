"""What does not enter the clean data, and what became of it: a record, many of one file, or a whole file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from retailstream.record_ranges import count, holds

SUPERSEDED = "superseded"
"""The rule of a row that a later row of its key took the place of: recorded like a reject, yet no defect."""

WITHDRAWN = "withdrawn"
"""The rule, and while it holds the state, of a record or a whole file that somebody took back: it breaks no rule."""

ACCEPTED = "accepted"
"""The state of a file that was refused, and then came in as it is."""


@dataclass(frozen=True)
class Reject:
    """One record, or one whole file (`record` None), that does not enter the clean data, and why."""

    dataset: str
    landing: int
    file: str
    record: int | None
    rule: str
    column: str | None
    value: str | None
    raw: str | None
    others: str | None = None
    """The numbers of further records of the file that broke the same rule, for which there is no room one by one."""

    @property
    def records(self) -> int:
        """How many records it stands for; a whole file counts as one."""
        return 1 + count(self.others or "")

    def covers(self, record: int | None) -> bool:
        """Say whether it stands for that record, or for the whole file."""
        return self.record in {None, record} or (record is not None and holds(self.others or "", record))

    @property
    def id(self) -> str:
        """The same record and rule always have the same id, so that writing twice is writing once."""
        text = "\0".join((self.dataset, str(self.landing), self.file, str(self.record), self.rule))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Entry:
    """A reject as the quarantine keeps it.

    Its `state` is `open`, `replayed`, `discarded`, `accepted` where a file came in as it is, or `lapsed`: a table made
    anew did not meet it any more. What somebody took back is `withdrawn`, and `restored` once that was undone.
    """

    id: str
    run_id: str
    reject: Reject
    state: str
    reason: str | None
    settled_by: str | None

    def as_dict(self) -> dict[str, object]:
        """Return the entry with the names that the listing prints."""
        reject = self.reject
        return {
            "id": self.id,
            "run_id": self.run_id,
            "dataset": reject.dataset,
            "file": reject.file,
            "record": reject.record,
            "records": reject.records,
            "others": reject.others,
            "rule": reject.rule,
            "column": reject.column,
            "value": reject.value,
            "raw": reject.raw,
            "landing": reject.landing,
            "state": self.state,
            "reason": self.reason,
        }
