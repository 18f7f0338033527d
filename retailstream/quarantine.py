"""Where what breaks a contract is kept, and how it leaves again: replayed or discarded, always on record.

What was taken in and then withdrawn is on record here, too.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from retailstream.errors import UsageError
from retailstream.record_ranges import numbers
from retailstream.rejects import ACCEPTED, SUPERSEDED, Entry, Reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from retailstream.ports import Origin, State

BATCH: Final = 10_000
"""How many rejects are written at a time."""

_LEFT_OUT: Final = "('replayed', 'discarded', 'withdrawn')"
"""The states of records that are not read any more."""


_COLUMNS: Final = (
    "id, run_id, dataset, landing, file, record, rule, column_name, value, raw, others, state, reason, settled_by"
)


class Quarantine:
    """The rejects that an environment remembers."""

    def __init__(self, state: State) -> None:
        self._state = state

    def keep(self, run_id: str, rejects: Iterable[Reject]) -> None:
        """Record rejects; one that is known already takes the newer run's id, unless it is settled.

        A lapsed one is open again.
        """
        waiting = iter(rejects)
        # What finds the rejects may take long; the memory is locked for others only while they are written.
        while batch := list(islice(waiting, BATCH)):
            with self._state.transaction():
                self._make_way([reject for reject in batch if reject.others])
                self._insert(run_id, batch, state="open", over="('open', 'lapsed')")

    def withdraw(self, places: Sequence[Reject], *, reason: str, run_id: str) -> int:
        """Leave records or whole files out from now on, and return how many were not left out before."""
        with self._state.transaction():
            self._insert(run_id, places, state="restored", over="('restored')")
            return self._state.change_all(
                "update quarantine set state = 'withdrawn', reason = ?, settled_by = ?"
                " where id = ? and state = 'restored'",
                [(reason, run_id, place.id) for place in places],
            )

    def restore(self, entries: Sequence[Entry], *, run_id: str) -> int:
        """Read the withdrawn ones among the entries again from now on, and return how many were withdrawn."""
        with self._state.transaction():
            return self._state.change_all(
                "update quarantine set state = 'restored', settled_by = ? where id = ? and state = 'withdrawn'",
                [(run_id, entry.id) for entry in entries],
            )

    def withdrawn(self, dataset: str) -> list[Origin]:
        """Return all that is left out of a dataset because somebody took it back."""
        rows = self._state.ask(
            "select landing, file, record from quarantine where dataset = ? and state = 'withdrawn'", (dataset,)
        )
        return [(landing, file, record) for landing, file, record in rows]

    def doubt(self, dataset: str, reading: str) -> None:
        """Mark the open entries of a table that is made anew; `keep` takes the mark off those that it meets again."""
        self._state.change(
            "update quarantine set settled_by = ? where dataset = ? and state = 'open'", (reading, dataset)
        )

    def has_unsettled(self, dataset: str, reading: str) -> bool:
        """Say whether entries are closed once a table is published: open files, and what this reading marked.

        A run that is killed once it has published leaves marks behind.
        """
        return bool(
            self._state.ask(
                "select 1 from quarantine where dataset = ? and state = 'open' and (record is null or settled_by = ?)"
                " limit 1",
                (dataset, reading),
            )
        )

    def lapse(self, dataset: str, reading: str) -> None:
        """Close the entries that are still marked, once the table that was made anew by this reading is published."""
        self._state.change(
            "update quarantine set state = 'lapsed' where dataset = ? and state = 'open' and settled_by = ?",
            (dataset, reading),
        )

    def entries(
        self,
        *,
        dataset: str | None = None,
        file: str | None = None,
        rule: str | None = None,
        run_id: str | None = None,
        state: str | None = "open",
        limit: int | None = None,
    ) -> list[Entry]:
        """Return the entries that fit, by dataset, landing, file and record.

        `state` None means any, `limit` None (or a negative one) all of them.
        """
        wanted = {"dataset": dataset, "file": file, "rule": rule, "run_id": run_id, "state": state}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "where " + " and ".join(f"{name} = ?" for name in given) if given else ""
        bounded = limit is not None and limit >= 0
        at_most = " limit ?" * bounded
        rows = self._state.ask(
            f"select {_COLUMNS} from quarantine {where} order by dataset, landing, file, record, rule{at_most}",
            (*given.values(), *[limit] * bounded),
        )
        return [_entry(row) for row in rows]

    def find(self, reference: str) -> list[Entry]:
        """Return the entry of that id (or of an unambiguous start of it), or all of a file's open entries."""
        rows = self._state.ask(
            f"select {_COLUMNS} from quarantine where substr(id, 1, ?) = ? order by id", (len(reference), reference)
        )
        if len(rows) > 1:
            raise UsageError(f"'{reference}' is the start of {len(rows)} ids", hint="give more of the id")
        found = [_entry(row) for row in rows] or self.entries(file=reference)
        if not found:
            raise UsageError(f"nothing in the quarantine is called '{reference}'", hint="retailstream quarantine list")
        return found

    def settle(self, entries: Sequence[Entry], *, state: str, reason: str, run_id: str) -> int:
        """Close the open ones among the entries for good, and return how many were open."""
        with self._state.transaction():
            return self._state.change_all(
                "update quarantine set state = ?, reason = ?, settled_by = ? where id = ? and state = 'open'",
                [(state, reason, run_id, entry.id) for entry in entries],
            )

    def settled_records(self, dataset: str, after: int) -> list[Origin]:
        """Return what was settled or withdrawn in landings later than `after`."""
        rows = self._state.ask(
            "select landing, file, record, others from quarantine"
            f" where dataset = ? and landing > ? and state in {_LEFT_OUT} and rule <> ?",
            (dataset, after, SUPERSEDED),
        )
        return [
            (landing, file, number)
            for landing, file, record, others in rows
            for number in (record, *numbers(others or ""))
        ]

    def accepted_files(self, dataset: str) -> set[tuple[int, str]]:
        """Return (landing, file) of what was refused once and then came in as it is."""
        rows = self._state.ask(
            "select landing, file from quarantine where dataset = ? and state = ? and record is null",
            (dataset, ACCEPTED),
        )
        return {(landing, file) for landing, file in rows}

    def refused_files(self, dataset: str) -> set[tuple[int, str]]:
        """Return (landing, file) of what is refused as a whole, and not settled."""
        rows = self._state.ask(
            "select landing, file from quarantine where dataset = ? and state = 'open' and record is null", (dataset,)
        )
        return {(landing, file) for landing, file in rows}

    def open_rejects(self, dataset: str, run_id: str) -> int:
        """Return how many records that run put here are still open."""
        ((found,),) = self._state.ask(
            "select coalesce(sum(records), 0) from quarantine"
            " where dataset = ? and run_id = ? and state = 'open' and rule <> ? and record is not null",
            (dataset, run_id, SUPERSEDED),
        )
        return int(found)

    def count_open(self) -> int:
        """Return how many records wait to be settled."""
        ((found,),) = self._state.ask(
            "select coalesce(sum(records), 0) from quarantine"
            " where state = 'open' and rule <> ? and record is not null",
            (SUPERSEDED,),
        )
        return int(found)

    def open_files(self) -> list[Entry]:
        """Return the entries of whole files that are quarantined and not settled, by file."""
        rows = self._state.ask(
            f"select {_COLUMNS} from quarantine where state = 'open' and record is null order by file, landing"
        )
        return [_entry(row) for row in rows]

    def _make_way(self, rests: Sequence[Reject]) -> None:
        """Close open entries whose records those entries stand for that are written now: another limit held before."""
        self._state.change_all(
            "update quarantine set state = 'lapsed' where dataset = ? and landing = ? and file = ? and rule = ?"
            " and state = 'open' and record > ?",
            [(rest.dataset, rest.landing, rest.file, rest.rule, rest.record) for rest in rests],
        )

    def _insert(self, run_id: str, rejects: Sequence[Reject], *, state: str, over: str) -> None:
        """Write entries of a state; of those that are known, only the ones whose state is among `over`."""
        insert = (
            "insert into quarantine"
            " (id, run_id, dataset, landing, file, record, rule, column_name, value, raw, others, records, state,"
            " settled_by) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)"
        )
        rows = [
            (
                *(r.id, run_id, r.dataset, r.landing, r.file, r.record, r.rule, r.column, r.value, r.raw),
                *(r.others, r.records, state),
            )
            for r in rejects
        ]
        taken = ("run_id", "settled_by", "others", "records", "state", "value")
        self._state.upsert(insert, rows, key="id", update=taken, where=f"state in {over}")


def _entry(row: tuple[Any, ...]) -> Entry:
    id_, run_id, *reject, state, reason, settled_by = row
    return Entry(id_, run_id, Reject(*reject), state, reason, settled_by)
