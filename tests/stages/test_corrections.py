"""What comes later is a correction: it supersedes, and what it takes the place of is recorded."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.environment import (
    FEATURES,
    SALES,
    STORES,
    Environment,
    Summary,
    any_number_sharing_keys,
    copied,
    csv,
    law_holds,
    new_environment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEATURE = "1,05/02/2010,42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"


@pytest.fixture(scope="module", autouse=True)
def files_of_a_few_records() -> Iterator[None]:
    with any_number_sharing_keys():
        yield


def sale(dept: int, amount: str, *, day: str = "05/02/2010") -> str:
    return f"1,{dept},{day},{amount},0"


def figures(counts: Summary) -> tuple[int, ...]:
    """Return in, out, quarantined, duplicate, superseded, replaced."""
    names = ("rows_in", "rows_out", "rows_quarantined", "rows_duplicate", "rows_superseded", "rows_replaced")
    assert law_holds(counts)
    return tuple(counts[name] for name in names)


def amounts(env: Environment) -> dict[int, Decimal]:
    return {int(str(row[1])): Decimal(str(row[3])) for row in env.clean("sales")}


def told(entries: list[Summary]) -> list[tuple[object, ...]]:
    return [(entry["file"], entry["record"], entry["rule"], entry["raw"]) for entry in entries]


@pytest.mark.slow
def test_a_later_file_supersedes_and_the_earlier_rows_are_recorded(env: Environment) -> None:
    env.write(
        {"sales/b.csv": csv(SALES, sale(1, "1"), sale(2, "2"), sale(3, "3")), "stores/s.csv": csv(STORES, "1,A,5")}
    )
    env.run("--run-id", "first")
    # A name that sorts before the first file's: the landing counts before the name.
    env.write(
        {"sales/a.csv": csv(SALES, sale(2, "20"), sale(3, "3"), sale(4, "4")), "stores/t.csv": csv(STORES, "1,B,5")}
    )

    datasets = env.run("--run-id", "second")["datasets"]

    assert figures(datasets["sales"]) == (3, 3, 0, 0, 0, 2)
    assert figures(datasets["stores"]) == (1, 1, 0, 0, 0, 1)
    assert amounts(env) == {1: 1, 2: 20, 3: 3, 4: 4}
    assert env.clean("stores")[0][:3] == (1, "B", 5)
    assert told(env.quarantine("--of-run", "second")) == [
        ("sales/b.csv", 2, "superseded", sale(2, "2")),  # dept 3 came again as it was: replaced, but not superseded
        ("stores/s.csv", 1, "superseded", "1,A,5"),
    ]
    assert env.database("select dept, weekly_sales_cents from sales order by dept") == [
        (1, 100),
        (2, 2000),
        (3, 300),
        (4, 400),
    ]
    assert env.failing() == []


@pytest.mark.slow
def test_features_are_corrected_too(env: Environment) -> None:
    env.write({"features/a.csv": csv(FEATURES, FEATURE)})
    env.run()
    env.write({"features/b.csv": csv(FEATURES, FEATURE.replace("42.31", "43"))})

    assert figures(env.run()["datasets"]["features"]) == (1, 1, 0, 0, 0, 1)
    assert env.clean("features")[0][2] == 43
    assert told(env.quarantine()) == [("features/a.csv", 1, "superseded", FEATURE)]


def test_within_a_landing_the_last_by_name_and_the_record_wins(env: Environment) -> None:
    # Numbers as such, texts in the order of UTF-8 bytes; in UTF-16 the last two would change places.
    names = ("9", "10", "Z", "a", "a0", "a-", "a/b", "z", "\u00e9", "\uffee", "\U0001f600")
    for place, name in enumerate(names):
        env.write({f"sales/{name}.csv": csv(SALES, sale(1, f"{place}"), sale(1, f"{place}.5"))})

    counts = env.run()["datasets"]["sales"]

    assert figures(counts) == (2 * len(names), 1, 0, 0, 2 * len(names) - 1, 0)
    assert amounts(env) == {1: Decimal(f"{len(names) - 1}.5")}
    lost = [(entry["file"], entry["record"]) for entry in env.quarantine()]
    assert sorted(lost) == sorted([(f"sales/{name}.csv", n) for name in names for n in (1, 2)])[: len(lost)]


def test_a_loser_is_compared_with_the_winner_by_value(env: Environment) -> None:
    lines = (
        "1,1,05/02/2010,7.10,0,5",  # equal to the winner, though the next one is not
        "1,1,05/02/2010,7.11,0,5",
        "1,1,05/02/2010,7.10,1,5",
        "1,1,05/02/2010,7.10,0,",
        " 01 ,1,2010-02-05,007.1,FALSE,005",  # the same values in other forms
        "1,1,05/02/2010,7.1,0,5",
    )
    env.write({"sales/a.csv": csv(f"{SALES},Customers", *lines)})

    assert figures(env.run()["datasets"]["sales"]) == (6, 1, 0, 2, 3, 0)
    assert [(entry["record"], entry["rule"]) for entry in env.quarantine()] == [
        (record, "superseded") for record in (2, 3, 4)
    ]


def test_a_reject_never_supersedes(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, sale(1, "1"), sale(1, "x"), "1,1,05/02/2010,5")})

    assert figures(env.run("--max-rejects", "2")["datasets"]["sales"]) == (3, 1, 2, 0, 0, 0)
    assert amounts(env) == {1: 1}


@pytest.fixture(scope="module")
def first_dirty(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    env = new_environment(tmp_path_factory.mktemp("dirty"))
    lines = [sale(dept, f"{dept}") for dept in range(1, 7)]
    env.write({"sales/a.csv": csv(SALES, *lines, sale(7, "x"), sale(8, "8"), sale(9, ""), sale(1, "10"))})
    env.write({"stores/s.csv": csv(STORES, "1,A,5")})
    env.run("--max-rejects", "20%", "--run-id", "first")
    return env


@pytest.fixture
def dirty(first_dirty: Environment, tmp_path: Path) -> Environment:
    """A run with two rejects and one superseded row among ten records."""
    return copied(first_dirty, tmp_path)


def open_rejects(env: Environment) -> list[Summary]:
    return [entry for entry in env.quarantine() if entry["rule"] != "superseded"]


def replay(env: Environment, content: str, *words: str, code: int = 0) -> Summary:
    path = env.home.parent / "fixed.csv"
    path.write_text(content)
    return env.stage("quarantine", "replay", "--file", str(path), *words, code=code)


@pytest.mark.slow
def test_replay_brings_corrected_records_in_and_closes_their_entries(dirty: Environment) -> None:
    assert dirty.failing() == ["reject_share_sales"]

    summary = replay(dirty, csv(SALES, sale(7, "7"), sale(9, "9")))

    assert (summary["status"], summary["datasets"]["sales"]["files_new"]) == ("ok", 1)
    assert figures(dirty.run()["datasets"]["sales"]) == (2, 2, 0, 0, 0, 0)
    assert amounts(dirty) == {1: 10, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9}
    assert open_rejects(dirty) == []
    assert dirty.failing() == []
    settled = [entry for entry in dirty.quarantine("--all") if entry["rule"] != "superseded"]
    assert {entry["state"] for entry in settled} == {"replayed"}
    assert all("replay-" in entry["reason"] for entry in settled)
    assert dirty.run()["status"] == "noop"


def test_replay_closes_the_named_entry_only(dirty: Environment) -> None:
    seventh, ninth = open_rejects(dirty)

    replay(dirty, csv(SALES, sale(7, "7")), seventh["id"][:6])
    dirty.run()

    assert amounts(dirty)[7] == 7
    assert [entry["id"] for entry in open_rejects(dirty)] == [ninth["id"]]


def test_a_corrected_record_that_is_wrong_again_is_a_new_entry(dirty: Environment) -> None:
    replay(dirty, csv(SALES, sale(7, "7"), sale(9, "y")))
    dirty.run("--max-rejects", "1")

    (entry,) = open_rejects(dirty)
    assert (entry["record"], entry["rule"], entry["value"]) == (2, "form", "y")
    assert entry["file"].startswith("sales/replay-")


@pytest.mark.parametrize(
    "content",
    [
        csv(SALES, sale(7, "7")),
        csv(SALES, '1,"7",05/02/2010,7,0'),
        csv(SALES, sale(7, "7"), sale(9, "9"), sale(8, "8")),
        csv(SALES, sale(7, "7"), "", '"1",9,05/02/2010,9,0', sale(8, "8")),
        csv(SALES),
        csv(STORES, "1,A,5"),
        "",
    ],
)
def test_nothing_is_closed_by_guess(dirty: Environment, content: str) -> None:
    before = open_rejects(dirty)
    published = dirty.files()

    assert replay(dirty, content, code=2)["status"] == "failed"

    assert open_rejects(dirty) == before
    assert dirty.files() == published


def test_replay_of_known_bytes_that_were_unreadable_closes_nothing(env: Environment) -> None:
    content = csv(SALES, sale(1, "1"))
    env.write({"sales/a.csv.gz": content})  # no gzip at all
    env.run(code=3)

    failed = replay(env, content, "sales/a.csv.gz", code=2)

    assert "the same bytes" in failed["error"]
    assert [(e["file"], e["state"]) for e in env.quarantine()] == [("sales/a.csv.gz", "open")]
    replay(env, content + "\n", "sales/a.csv.gz")
    env.run()
    assert amounts(env) == {1: 1}
    assert env.quarantine() == []


@pytest.mark.parametrize("content", [csv(SALES), csv(SALES, "", "")])
def test_a_file_without_records_closes_nothing_although_entries_are_named(dirty: Environment, content: str) -> None:
    before = open_rejects(dirty)
    failed = replay(dirty, content, before[0]["id"], code=2)
    assert "has no records" in failed["error"]
    assert "quarantine discard" in failed["error"]
    assert open_rejects(dirty) == before


def test_bytes_that_landed_before_close_nothing(dirty: Environment) -> None:
    before = open_rejects(dirty)
    content = csv(SALES, sale(70, "7"), sale(71, "7"))
    dirty.write({"sales/later.csv": content})
    dirty.run("--max-rejects", "5")

    for words in ([], ["--dry-run"]):
        failed = replay(dirty, content, *words, code=2)
        assert "the same bytes as sales/later.csv, which landed before" in failed["error"]
        assert "add a blank line to its end" in failed["error"]

    assert open_rejects(dirty) == before


def test_the_same_file_is_replayed_once_unless_it_was_stopped_before_its_entries_were_closed(
    dirty: Environment,
) -> None:
    seventh, ninth = open_rejects(dirty)
    content = csv(SALES, sale(7, "7"))
    replay(dirty, content, seventh["id"])

    assert "which landed before" in replay(dirty, content, ninth["id"], code=2)["error"]
    assert open_rejects(dirty) == [ninth]

    dirty.change_state("update quarantine set state = 'open', reason = null where id = ?", seventh["id"])
    assert replay(dirty, content, seventh["id"])["status"] == "ok"
    assert open_rejects(dirty) == [ninth]


@pytest.mark.slow
def test_a_whole_file_is_replayed(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES.replace("Dept", "Department"), sale(1, "1"), sale(2, "2"))})
    env.run(code=3)
    assert env.clean("sales") == []

    replay(env, csv(SALES, sale(1, "1"), sale(2, "2")), "sales/a.csv")
    env.run()

    assert amounts(env) == {1: 1, 2: 2}
    assert env.quarantine() == []
    assert env.checks()["open_quarantined_files"]["state"] == "ok"


def test_replay_of_several_datasets_at_once_is_refused(dirty: Environment) -> None:
    dirty.write({"stores/t.csv": csv(STORES, "0,A,5")})
    dirty.run("--max-rejects", "1")

    assert "several datasets" in replay(dirty, csv(STORES, "2,A,5"), code=2)["error"]
    replay(dirty, csv(STORES, "2,A,5"), "--dataset", "stores")
    dirty.run()
    assert [row[0] for row in dirty.clean("stores")] == [1, 2]


def test_discard_settles_for_good_and_stays_on_record(dirty: Environment) -> None:
    seventh, ninth = open_rejects(dirty)

    assert dirty.stage("quarantine", "discard", seventh["id"], "--reason", "a test till")["status"] == "ok"
    assert dirty.stage("quarantine", "discard", "sales/a.csv", "--reason", "no sale")["status"] == "ok"
    assert dirty.stage("quarantine", "discard", ninth["id"], "--reason", "again")["status"] == "noop"

    assert dirty.quarantine() == []
    reasons = {entry["id"]: entry["reason"] for entry in dirty.quarantine("--all")}
    assert (reasons[seventh["id"]], reasons[ninth["id"]]) == ("a test till", "no sale")
    assert dirty.run()["status"] == "noop"


@pytest.mark.parametrize("words", [("nobody", "--reason", "x"), ("sales/a.csv", "--reason", " "), ("sales/a.csv",)])
def test_discard_asks_for_something_known_and_a_reason(dirty: Environment, words: tuple[str, ...]) -> None:
    before = dirty.quarantine()
    assert dirty.stage("quarantine", "discard", *words, code=2)["error"]
    assert dirty.quarantine() == before


@pytest.mark.slow
def test_settled_records_stay_out_when_the_table_is_built_anew(dirty: Environment) -> None:
    dirty.stage("quarantine", "discard", open_rejects(dirty)[0]["id"], "--reason", "x")
    replay(dirty, csv(SALES, sale(9, "9")))
    dirty.run()
    before = dirty.files()
    for path in (dirty.home / "lake" / "clean" / "sales").rglob("*.parquet"):
        path.unlink()

    counts = dirty.run()["datasets"]["sales"]

    assert figures(counts) == (9, 8, 0, 0, 1, 0)
    assert dirty.files() == before
    assert open_rejects(dirty) == []


# The gate


@pytest.fixture(scope="module")
def first_shut(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    env = new_environment(tmp_path_factory.mktemp("shut"))
    env.write({"sales/a.csv": csv(SALES, sale(1, "1"), sale(2, "2")), "stores/s.csv": csv(STORES, "1,A,5")})
    env.write({"features/f.csv": csv(FEATURES, FEATURE)})
    env.run()
    env.write({"sales/b.csv": csv(SALES, sale(1, "x"), sale(2, "20"), sale(3, ""), sale(4, "4", day="31/02/2010"))})
    return env


@pytest.fixture
def shut(first_shut: Environment, tmp_path: Path) -> Environment:
    """A history, and after it a landing that the gate keeps out: 3 of 4 sales, 1 of 2 stores, and 1 of 1 features."""
    return copied(first_shut, tmp_path)


def shown(env: Environment) -> tuple[dict[str, bytes], list[tuple[object, ...]]]:
    """Return all that a reader can see."""
    return env.files("lake/clean", "warehouse"), env.database("select * from sales order by store, dept, date")


@pytest.mark.slow
def test_the_gate_publishes_nothing_and_forgets_nothing(shut: Environment) -> None:
    shut.write({"stores/t.csv": csv(STORES, "2,B,7")})
    before = shown(shut)

    for run_id in ("second", "third"):
        failed = shut.run("--run-id", run_id, code=3)

        assert shown(shut) == before
        assert failed["status"] == "failed"
        assert "3 of 4 sales records are rejected, the limit is 5%; nothing was published" in failed["error"]
        assert [stage["status"] for stage in failed["stages"]][1:] == ["failed"]
        assert figures(failed["datasets"]["sales"]) == (4, 1, 3, 0, 0, 1)
        assert [(entry["record"], entry["rule"]) for entry in shut.quarantine("--file", "sales/b.csv")] == [
            (1, "form"),
            (3, "not_null"),
            (4, "calendar"),
        ]
        assert {entry["run_id"] for entry in shut.quarantine("--file", "sales/b.csv")} == {run_id}
        assert set(shut.failing()) >= {"reject_share_sales", "last_run_glue-merge"}


@pytest.mark.slow
def test_replay_is_a_way_out_of_the_gate(shut: Environment) -> None:
    shut.run(code=3)

    replay(shut, csv(SALES, sale(1, "10"), sale(3, "3"), sale(4, "4")))
    counts = shut.run()["datasets"]["sales"]

    assert figures(counts) == (4, 4, 0, 0, 0, 2)
    assert amounts(shut) == {1: 10, 2: 20, 3: 3, 4: 4}
    assert shut.failing() == []
    assert shut.run()["status"] == "noop"


def test_discard_is_a_way_out_of_the_gate(shut: Environment) -> None:
    shut.run(code=3)

    shut.stage("quarantine", "discard", *(e["id"] for e in open_rejects(shut)), "--reason", "a broken till")
    counts = shut.run()["datasets"]["sales"]

    assert figures(counts) == (1, 1, 0, 0, 0, 1)
    assert amounts(shut) == {1: 1, 2: 20}
    assert shut.failing() == []


@pytest.mark.slow
def test_a_higher_limit_is_a_way_out_of_the_gate(shut: Environment) -> None:
    shut.run(code=3)
    shut.run("--max-rejects", "2", code=3)

    assert figures(shut.run("--max-rejects", "3")["datasets"]["sales"]) == (4, 1, 3, 0, 0, 1)
    assert amounts(shut) == {1: 1, 2: 20}


def test_the_gate_of_one_dataset_keeps_the_other_back_too(shut: Environment) -> None:
    shut.write({"sales/b.csv": csv(SALES, sale(5, "5")), "stores/t.csv": csv(STORES, "2,BB,7", "3,B,7")})
    before = shown(shut)

    assert "1 of 2 stores records are rejected" in shut.run(code=3)["error"]
    assert shown(shut) == before


@pytest.mark.slow
def test_the_gate_of_features_leaves_sales_and_stores_published(shut: Environment) -> None:
    shut.write(
        {"sales/b.csv": csv(SALES, sale(5, "5")), "features/g.csv": csv(FEATURES, FEATURE.replace("42.31", "hot"))}
    )
    before = shut.clean("features")

    failed = shut.run(code=3)

    assert [stage["stage"] for stage in failed["stages"]] == ["ingest", "glue-merge", "load-rds", "features"]
    assert figures(failed["datasets"]["features"]) == (1, 0, 1, 0, 0, 0)
    assert amounts(shut)[5] == 5
    assert shut.clean("features") == before
    assert shut.stage("features", "--source", str(shut.source), code=3)["rows_quarantined"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "rejected", "of", "code"),
    [
        ("29%", 29, 100, 0),  # 0.29 * 100 is less than 29 in floating point
        ("29%", 30, 100, 3),
        ("5%", 1, 20, 0),
        ("5%", 1, 19, 3),
        ("0%", 1, 20, 3),
        ("0", 1, 20, 3),
        ("0%", 0, 20, 0),
        ("1", 1, 20, 0),
        ("1", 2, 20, 3),
        ("12.5%", 1, 8, 0),
        ("100%", 3, 3, 0),
    ],
)
def test_the_limit_is_a_number_or_a_share_and_exact(
    env: Environment, limit: str, rejected: int, of: int, code: int
) -> None:
    lines = [sale(dept, "x" if dept <= rejected else "1") for dept in range(1, of + 1)]
    env.write({"sales/a.csv": csv(SALES, *lines)})
    env.stage("ingest", "--source", str(env.source))

    env.stage("glue-merge", "--max-rejects", limit, code=code)


@pytest.mark.parametrize("limit", ["", "%", "-1", "101%", "-1%", "5 of 100", "nan%", "0.05", "inf%", "1e400%", "5%%"])
def test_a_limit_that_is_none_is_a_usage_error(env: Environment, limit: str) -> None:
    assert "limit of rejects" in env.stage("glue-merge", f"--max-rejects={limit}", code=2)["error"]
    assert not env.home.exists()


def test_of_files_of_a_landing_the_correction_wins_and_both_are_named(env: Environment) -> None:
    for place, name in enumerate(("week-05", "week-05 (1)", "week-05+", "week-05-corrected", "x_v9", "x_v10"), start=1):
        dept = 1 if name.startswith("week") else 2
        env.write({f"sales/{name}.csv": csv(SALES, sale(dept, f"{place}"), sale(dept + 2, "7"))})

    found = [(warning["code"], warning["file"], warning["text"]) for warning in env.run()["warnings"]]

    assert amounts(env) == {1: 4, 2: 6, 3: 7, 4: 7}
    told = "landed together and disagree about 1 row; what"
    assert found == [
        (
            "files_disagree",
            f"sales/{winner}.csv",
            f"'sales/{winner}.csv' and 'sales/{name}.csv' {told} 'sales/{winner}.csv' says is taken",
        )
        for winner, name in [
            ("week-05-corrected", "week-05 (1)"),
            ("week-05-corrected", "week-05+"),
            ("week-05-corrected", "week-05"),
            ("x_v10", "x_v9"),
        ]
    ]


def test_many_disagreeing_files_are_one_warning_more(env: Environment) -> None:
    env.write({f"sales/{number}.csv": csv(SALES, sale(1, f"{number}")) for number in range(10)})
    warnings = env.run()["warnings"]
    assert [warning["code"] for warning in warnings] == ["files_disagree"] * 6
    assert warnings[-1]["text"] == "sales: 4 more pairs of files landed together and disagree about 4 rows"


def test_files_of_several_landings_do_not_disagree(env: Environment) -> None:
    for number in range(2):
        env.write({f"sales/{number}.csv": csv(SALES, sale(1, f"{number}"))})
        env.stage("ingest", "--source", str(env.source))
    assert env.stage("glue-merge")["warnings"] == []


@pytest.mark.slow
@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_rows_that_differ_in_ignored_columns_are_no_duplicates(env: Environment, quote: str) -> None:
    header = f"Till,{SALES},Receipt"
    lines = [f"{quote}7{quote},{sale(1, '5')},{receipt}" for receipt in ("", "1", "1", "2", "2")]
    env.write({"sales/a.csv": csv(header, *lines)})

    assert figures(env.run()["datasets"]["sales"]) == (5, 1, 0, 1, 3, 0)
    assert [entry["record"] for entry in env.quarantine()] == [1, 2, 3]


def test_ignored_columns_are_compared_within_a_landing(env: Environment) -> None:
    for till in (1, 2):
        env.write({f"sales/{till}.csv": csv(f"{SALES},Till", f"{sale(1, '5')},{till}")})
        env.stage("ingest", "--source", str(env.source))
    assert figures(env.stage("glue-merge")["datasets"]["sales"]) == (2, 1, 0, 1, 0, 0)


CUSTOMERS = {
    "sales/1.csv": csv(f"{SALES},Customers", f"{sale(1, '5')},57", f"{sale(2, '5')},58", f"{sale(3, '5')},59"),
    "sales/2.csv": csv(SALES, sale(1, "6"), sale(2, "6"), sale(4, "6"), sale(4, "6")),
    "sales/3.csv": csv(f"{SALES},Customers", f"{sale(2, '7')},NA", f"{sale(4, '7')},60"),
    "sales/4.csv": csv(SALES, sale(2, "8"), sale(3, "5")),
}
"""Deliveries of files with a column and without it."""


@pytest.mark.slow
@pytest.mark.parametrize("runs", [[1, 1, 1, 1], [4], [2, 2], [1, 3], [3, 1]], ids=str)
@pytest.mark.parametrize("landed", ["together", "apart"])
def test_a_column_that_a_correction_lacks_is_left_alone(env: Environment, runs: list[int], landed: str) -> None:
    files = list(CUSTOMERS.items())
    for number in runs:
        for name, content in files[:number]:
            env.write({name: content})
            if landed == "apart":
                env.stage("ingest", "--source", str(env.source))
        del files[:number]
        env.run()

    assert [(row[1], str(row[3]), row[5]) for row in env.clean("sales")] == [
        (1, "6.00", 57),
        (2, "8.00", None),  # nothing stood there when it was told last
        (3, "5.00", 59),
        (4, "7.00", 60),
    ]
    assert {entry["record"] for entry in env.quarantine("--file", "sales/1.csv")} == {1, 2}  # dept 3 came as it was
