"""What every memory of an environment does."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream.landings import Landed, LandingLog, Scope
from retailstream.ledger import Ledger, begun
from retailstream.quarantine import Quarantine
from retailstream.rejects import WITHDRAWN, Reject
from retailstream.reports import summary_of_nothing
from retailstream.source_files import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from retailstream.ports import State

ODD = "a 'b' \"c\" \\ % ? 😀\té\n"


def reject(number: int, rule: str = "form", raw: str = ODD) -> Reject:
    return Reject("sales", 1, f"sales/{ODD}.csv", number, rule, "weekly_sales", "x", raw)


def test_what_is_written_is_read_back_whatever_it_is(state: State) -> None:
    quarantine = Quarantine(state)
    whole = Reject("stores", 2, "stores/b.csv", None, "not_text", None, None, None)
    quarantine.keep("r1", [reject(2), reject(1), whole, reject(3, raw="x" * 100_000)])

    found = quarantine.entries()

    assert [entry.reject for entry in found] == [reject(1), reject(2), reject(3, raw="x" * 100_000), whole]
    assert {(entry.run_id, entry.state, entry.reason, entry.settled_by) for entry in found} == {
        ("r1", "open", None, None)
    }


def test_a_reject_that_is_known_keeps_its_state_and_takes_the_run_only_while_it_is_open(state: State) -> None:
    quarantine = Quarantine(state)
    quarantine.keep("r1", [reject(1), reject(2)])
    assert quarantine.settle(quarantine.find(reject(1).id), state="discarded", reason="why", run_id="r2") == 1
    assert quarantine.settle(quarantine.entries(state=None), state="replayed", reason="no", run_id="r2") == 1

    quarantine.keep("r3", [reject(1), reject(2), reject(3)])

    kept = {entry.reject.record: (entry.run_id, entry.state, entry.reason) for entry in quarantine.entries(state=None)}
    assert kept == {1: ("r1", "discarded", "why"), 2: ("r1", "replayed", "no"), 3: ("r3", "open", None)}
    assert sorted(quarantine.settled_records("sales", 0)) == [(1, reject(1).file, 1), (1, reject(1).file, 2)]
    assert [entry.reject.record for entry in quarantine.find(reject(3).id[:10])] == [3]
    assert quarantine.find(reject(3).file)[0].reject.record == 3


def test_what_is_withdrawn_is_left_out_until_it_is_restored(state: State) -> None:
    quarantine, whole = Quarantine(state), Reject("sales", 2, "sales/b.csv", None, WITHDRAWN, None, None, None)
    place = reject(1, WITHDRAWN)

    assert quarantine.withdraw([place, whole], reason="why", run_id="r1") == 2
    assert quarantine.withdraw([place], reason="again", run_id="r2") == 0
    assert sorted(quarantine.withdrawn("sales")) == [(1, place.file, 1), (2, "sales/b.csv", None)]
    assert sorted(quarantine.settled_records("sales", 0)) == sorted(quarantine.withdrawn("sales"))
    assert (quarantine.withdrawn("stores"), quarantine.settled_records("sales", 2)) == ([], [])
    assert (quarantine.count_open(), quarantine.open_files(), quarantine.entries()) == (0, [], [])
    assert quarantine.settle(quarantine.find(place.id), state="discarded", reason="no", run_id="r3") == 0

    assert quarantine.restore(quarantine.find(place.id), run_id="r4") == 1
    assert quarantine.restore(quarantine.find(place.id), run_id="r5") == 0
    assert quarantine.withdrawn("sales") == [(2, "sales/b.csv", None)]
    (entry,) = quarantine.find(place.id)
    assert (entry.state, entry.reason, entry.settled_by, entry.run_id) == ("restored", "why", "r4", "r1")
    assert quarantine.withdraw([place], reason="after all", run_id="r6") == 1
    (entry,) = quarantine.find(place.id)
    assert (entry.state, entry.reason, entry.settled_by, entry.run_id) == ("withdrawn", "after all", "r6", "r6")


def test_what_a_table_made_anew_does_not_meet_again_lapses_until_it_is_met(state: State) -> None:
    quarantine = Quarantine(state)
    quarantine.keep("r1", [reject(1), reject(2), reject(3)])
    quarantine.settle(quarantine.find(reject(3).id), state="discarded", reason="why", run_id="r1")

    quarantine.doubt("sales", "another way")
    quarantine.lapse("sales", "the same way")
    assert quarantine.count_open() == 2
    quarantine.keep("r2", [reject(1)])
    quarantine.lapse("stores", "another way")
    assert quarantine.count_open() == 2
    quarantine.lapse("sales", "another way")

    def kept() -> dict[int | None, tuple[str, str]]:
        return {entry.reject.record: (entry.state, entry.run_id) for entry in quarantine.entries(state=None)}

    assert kept() == {1: ("open", "r2"), 2: ("lapsed", "r1"), 3: ("discarded", "r1")}
    assert quarantine.settled_records("sales", 0) == [(1, reject(3).file, 3)]
    quarantine.keep("r3", [reject(2), reject(3)])
    assert kept() == {1: ("open", "r2"), 2: ("open", "r3"), 3: ("discarded", "r1")}
    quarantine.lapse("sales", "another way")
    assert quarantine.count_open() == 2


def test_many_rejects_are_kept(state: State) -> None:
    quarantine = Quarantine(state)
    quarantine.keep("r1", (reject(number) for number in range(25_000)))
    quarantine.keep("r2", (reject(number) for number in range(25_000)))
    assert quarantine.count_open() == 25_000
    assert quarantine.open_rejects("sales", "r2") == 25_000
    assert [len(quarantine.entries(limit=limit)) for limit in (7, 0, -1)] == [7, 0, 25_000]


def test_rejects_are_listed_by_the_bytes_of_their_files(state: State) -> None:
    names = ["sales/Z.csv", "sales/a.csv", "sales/b", "sales/é.csv", "sales/￿.csv", "sales/😀.csv"]
    Quarantine(state).keep("r", [Reject("sales", 1, name, 1, "form", None, None, None) for name in reversed(names)])
    assert [entry.reject.file for entry in Quarantine(state).entries()] == names


def test_landings_are_numbered_and_completed(state: State, tmp_path: Path) -> None:
    log = LandingLog(state, Scope.SALES_AND_STORES)
    first = SourceFile("sales", f"sales/{ODD}", tmp_path / "x", "1" * 64, 2**40)
    second = SourceFile("stores", "stores/b.csv", tmp_path / "x", "2" * 64, 0)
    assert log.last() == 0

    assert log.open("r1", [first]) == 1
    assert log.unfinished() == 1
    log.complete(1)
    assert log.open("r2", [second]) == 2
    log.complete(2, [Landed("stores", 2, "stores/b.csv", "2" * 64, 0)])

    assert log.unfinished() is None
    assert set(log.known().last) == {f"sales/{ODD}"}
    assert log.known().ever == {("sales", "1" * 64)}
    assert log.files() == [Landed("sales", 1, f"sales/{ODD}", "1" * 64, 2**40)]
    assert (log.files("stores"), log.files(after=1), log.files("sales", landing=1)) == ([], [], log.files())
    assert LandingLog(state, Scope.FEATURES).last() == 0


def test_adopted_files_keep_their_landings_also_where_their_bytes_are_the_same(state: State) -> None:
    log = LandingLog(state, Scope.FEATURES)
    files = [Landed("features", landing, f"features/{landing}.csv", "7" * 64, 1) for landing in (3, 2)]
    log.adopt(files)
    assert log.files() == files[::-1]
    assert log.open("r", []) == 4


def test_a_name_holds_what_it_landed_with_last(state: State) -> None:
    log = LandingLog(state, Scope.SALES_AND_STORES)
    old, new, again = (
        Landed("sales", landing, "sales/w.csv", digest * 64, 1) for landing, digest in enumerate("aba", 1)
    )
    log.adopt([old, new])
    assert log.known().last == {"sales/w.csv": new}
    assert log.known().current == {("sales", "b" * 64): new}
    assert log.known().ever == {("sales", "a" * 64), ("sales", "b" * 64)}

    assert log.open("r", [SourceFile("sales", "sales/w.csv", Path("w.csv"), "a" * 64, 1)]) == 3

    assert log.known().last == {"sales/w.csv": again}
    assert log.files() == [old, new, again]


def test_copies_are_known_by_name_and_are_no_files_and_go_with_their_original(state: State) -> None:
    log = LandingLog(state, Scope.SALES_AND_STORES)
    first, second = (SourceFile("sales", f"sales/{name}", Path(name), "a" * 64, 1) for name in ("a.csv", "b.csv"))
    log.open("r", [first], [(second, "sales/a.csv")])
    original, copy = Landed("sales", 1, "sales/a.csv", "a" * 64, 1), "sales/b.csv"

    assert log.files() == [original]
    assert log.copies("sales", {1}) == {(1, "sales/a.csv"): [copy]}
    assert (log.copies("sales", {2}), log.copies("stores", {1})) == ({}, {})
    assert set(log.known().last) == {"sales/a.csv", copy}

    log.complete(1, [original])
    assert log.known().last == {}


@pytest.mark.parametrize("settled", [False, True])
def test_bytes_that_were_refused_as_a_whole_are_not_known(state: State, settled: bool) -> None:
    log = LandingLog(state, Scope.SALES_AND_STORES)
    log.adopt([Landed("sales", 1, f"sales/{name}", digest * 64, 1) for name, digest in (("a", "a"), ("b", "b"))])
    Quarantine(state).keep(
        "r", [Reject("sales", 1, "sales/a", record, "empty", None, None, None) for record in (None, 1)]
    )
    Quarantine(state).keep("r", [Reject("sales", 1, "sales/b", 1, "form", None, None, None)])
    if settled:
        Quarantine(state).settle(Quarantine(state).entries(), state="discarded", reason="why", run_id="r")

    known = log.known()

    assert set(known.last) == {"sales/a", "sales/b"}
    assert known.ever == set(known.current) == {("sales", "b" * 64)}


def test_the_ledger_counts_attempts_and_lists_the_newest_first(state: State) -> None:
    ledger = Ledger(state)
    runs = [
        ledger.enter(begun("r", stage, at, "hash")) for at, stage in [("2", "a"), ("2", "a"), ("2", "b"), ("1", "a")]
    ]
    assert [run.attempt for run in runs] == [1, 2, 1, 3]

    closed = runs[1].closed(
        ended_at="3", summary=summary_of_nothing("a", "r") | {"error": ODD, "seconds": 1.25}, inputs=["x"], exit_code=4
    )
    ledger.close(closed)

    assert [(run.stage, run.attempt) for run in ledger.runs()] == [("a", 3), ("b", 1), ("a", 2), ("a", 1)]
    assert ledger.runs(limit=2, stage="a") == [runs[3], closed]
    assert len(ledger.runs(limit=-1)) == 4
    assert [run.attempt for run in ledger.show("r")] == [1, 2, 1, 3]
    assert ledger.record(closed).attempt == 1  # the same process, begun at the same time: its first entry


def test_a_transaction_that_fails_leaves_nothing(state: State) -> None:
    def interrupted() -> None:
        with state.transaction():
            state.change("insert into landings (scope, landing, run_id) values ('features', 1, 'r')")
            assert state.ask("select count(*) from landings") == [(1,)]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert state.ask("select count(*) from landings") == [(0,)]


def test_transactions_of_several_memories_come_one_after_another(
    state: State, open_state: Callable[[], AbstractContextManager[State]]
) -> None:
    def enter() -> None:
        with open_state() as another:
            for _ in range(5):
                Ledger(another).enter(begun("r", "ingest", "1", "hash"))

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.attempt for run in Ledger(state).show("r")) == list(range(1, 21))
