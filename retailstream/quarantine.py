"""Where what breaks a contract is kept, and how it leaves again: replayed or discarded, always on record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from retailstream.errors import UsageError
from retailstream.state import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

BATCH: Final = 10_000
"""How many rejects are written at a time."""

SUPERSEDED = "superseded"
"""The rule of a row that a later row of its key took the place of: recorded like a reject, yet no defect."""


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

    @property
    def id(self) -> str:
        """The same record and rule always have the same id, so that writing twice is writing once."""
        text = "\0".join((self.dataset, str(self.landing), self.file, str(self.record), self.rule))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Entry:
    """A reject as the quarantine keeps it; `state` is `open`, `replayed` or `discarded`."""

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
            "rule": reject.rule,
            "column": reject.column,
            "value": reject.value,
            "raw": reject.raw,
            "landing": reject.landing,
            "state": self.state,
            "reason": self.reason,
        }


class Quarantine:
    """The `quarantine` table of the state file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keep(self, run_id: str, rejects: Iterable[Reject]) -> None:
        """Record rejects; one that is known already keeps its state and takes the newer run's id."""
        waiting = iter(rejects)
        # What finds the rejects may take long; the file is locked for others only while they are written.
        while batch := list(islice(waiting, BATCH)):
            with transaction(self._connection):
                self._connection.executemany(
                    "insert into quarantine (id, run_id, dataset, landing, file, record, rule, column_name, value, raw)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " on conflict (id) do update set run_id = excluded.run_id where state = 'open'",
                    [
                        (r.id, run_id, r.dataset, r.landing, r.file, r.record, r.rule, r.column, r.value, r.raw)
                        for r in batch
                    ],
                )

    def entries(
        self,
        *,
        dataset: str | None = None,
        file: str | None = None,
        rule: str | None = None,
        run_id: str | None = None,
        state: str | None = "open",
        limit: int = -1,
    ) -> list[Entry]:
        """Return the entries that fit, by dataset, landing, file and record; `state` None means all."""
        wanted = {"dataset": dataset, "file": file, "rule": rule, "run_id": run_id, "state": state}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "where " + " and ".join(f"{name} = :{name}" for name in given) if given else ""
        rows = self._connection.execute(
            f"select * from quarantine {where} order by dataset, landing, file, record, rule limit :limit",
            {**given, "limit": limit},
        )
        return [_entry(row) for row in rows]

    def find(self, reference: str) -> list[Entry]:
        """Return the entry of that id (or of an unambiguous start of it), or all of a file's open entries."""
        escaped = reference.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._connection.execute(
            r"select * from quarantine where id like ? escape '\' order by id", (escaped + "%",)
        ).fetchall()
        if len(rows) > 1:
            raise UsageError(f"'{reference}' is the start of {len(rows)} ids", hint="give more of the id")
        found = [_entry(row) for row in rows] or self.entries(file=reference)
        if not found:
            raise UsageError(f"nothing in the quarantine is called '{reference}'", hint="retailstream quarantine list")
        return found

    def settle(self, entries: Sequence[Entry], *, state: str, reason: str, run_id: str) -> int:
        """Close the open ones among the entries for good, and return how many were open."""
        with transaction(self._connection):
            cursor = self._connection.executemany(
                "update quarantine set state = ?, reason = ?, settled_by = ? where id = ? and state = 'open'",
                [(state, reason, run_id, entry.id) for entry in entries],
            )
        return cursor.rowcount

    def settled_records(self, dataset: str, after: int) -> list[tuple[int, str, int | None]]:
        """Return (landing, file, record) of what was settled in landings later than `after`."""
        rows = self._connection.execute(
            "select landing, file, record from quarantine where dataset = ? and landing > ? and state <> 'open'"
            " and rule <> ?",
            (dataset, after, SUPERSEDED),
        )
        return [tuple(row) for row in rows]

    def open_rejects(self, dataset: str, run_id: str) -> int:
        """Return how many records that run put here are still open."""
        (count,) = self._connection.execute(
            "select count(*) from quarantine where dataset = ? and run_id = ? and state = 'open' and rule <> ?"
            " and record is not null",
            (dataset, run_id, SUPERSEDED),
        ).fetchone()
        return int(count)

    def count_open(self) -> int:
        """Return how many records wait to be settled."""
        (count,) = self._connection.execute(
            "select count(*) from quarantine where state = 'open' and rule <> ? and record is not null", (SUPERSEDED,)
        ).fetchone()
        return int(count)

    def open_files(self) -> list[str]:
        """Return the whole files that are quarantined and not settled."""
        rows = self._connection.execute(
            "select file from quarantine where state = 'open' and record is null order by file"
        )
        return [row[0] for row in rows]


def _entry(row: sqlite3.Row) -> Entry:
    reject = Reject(
        row["dataset"],
        row["landing"],
        row["file"],
        row["record"],
        row["rule"],
        row["column_name"],
        row["value"],
        row["raw"],
    )
    return Entry(row["id"], row["run_id"], reject, row["state"], row["reason"], row["settled_by"])
