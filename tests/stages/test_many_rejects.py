"""Of a file with very many bad records few are entries of their own; one more stands for the rest, and nothing is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.environment import SALES, STORES, csv, law_holds

if TYPE_CHECKING:
    from tests.environment import Environment, Summary

SECTION = "RETAILSTREAM__LIMITS__"
GOOD = [f"1,{dept},05/02/2010,10.50,0" for dept in range(1, 21)]
BAD = ["x", "1,1,no,1,0"]
"""Lines that break two rules."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{SECTION}KEPT_RECORDS", "2")
    monkeypatch.setenv("RETAILSTREAM__QUALITY__MAX_REJECTS", "60%")


@pytest.fixture
def many(env: Environment, few: None) -> Environment:
    """An environment whose first file has 20 good records, then 6 of the one kind of bad ones and 4 of the other."""
    env.write({"sales/a.csv": csv(SALES, *GOOD, *BAD * 4, "x", "x"), "stores/s.csv": csv(STORES, "1,A,5")})
    env.run()
    return env


def told(entries: list[Summary]) -> list[tuple[str, int, int, str | None]]:
    return [(entry["rule"], entry["record"], entry["records"], entry["others"]) for entry in entries]


ENTRIES = [
    ("columns", 21, 1, None),
    ("form", 22, 1, None),
    ("columns", 23, 1, None),
    ("form", 24, 1, None),
    ("columns", 25, 4, "27,29-30"),
    ("form", 26, 2, "28"),
]


def open_records(env: Environment) -> int:
    health = env.stage("monitor", "--metrics-file", str(env.home.parent / "m.prom"))
    assert health
    text = (env.home.parent / "m.prom").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("retailstream_quarantine_open_records{")]
    return int(float(line.split()[-1]))


def test_one_entry_stands_for_many_and_all_are_counted(many: Environment) -> None:
    assert told(many.quarantine()) == ENTRIES
    (last,) = [entry for entry in many.quarantine() if entry["record"] == 25]
    assert (last["raw"], last["value"]) == ("x", "1 field, 5 expected")
    assert open_records(many) == 10
    assert many.checks()["reject_share_sales"]["value"] == round(10 / 30, 6)
    listed = many.command("quarantine", "list").stdout
    assert "25 and 3 more" in listed
    assert listed.splitlines()[-1] == "6 entries of 10 records"
    assert many.stage("verify", "--deep")["healthy"]
    assert many.run()["status"] == "noop"


def test_a_correction_closes_the_entry_with_all_that_it_stands_for(many: Environment) -> None:
    fixed = many.home.parent / "fixed.csv"
    fixed.write_text(csv(SALES, *(f"2,{dept},05/02/2010,1,0" for dept in range(1, 11))))

    too_few = many.home.parent / "few.csv"
    too_few.write_text(csv(SALES, "2,1,05/02/2010,1,0"))
    refused = many.command("quarantine", "replay", "--file", str(too_few))
    done = many.stage("quarantine", "replay", "--file", str(fixed))

    assert refused.error.endswith("has 1 records for 10 rejected records of sales")
    assert done["status"] == "ok"
    assert many.quarantine() == []
    assert open_records(many) == 0
    counts = many.run()["datasets"]["sales"]
    assert (counts["rows_in"], counts["rows_quarantined"]) == (10, 0)
    assert len(many.clean("sales")) == 30


def test_what_was_discarded_with_others_is_read_no_more(many: Environment) -> None:
    (rest,) = [entry["id"] for entry in many.quarantine() if entry["record"] == 25]
    many.command("quarantine", "discard", rest, "--reason", "a test")
    for manifest in many.home.glob("lake/clean/sales/_manifest.json"):
        manifest.write_bytes(b"{")

    assert many.stage("repair", "--source", str(many.source))["left"] == []  # which reads all files anew

    assert told(many.quarantine()) == [entry for entry in ENTRIES if entry[1] != 25]
    assert open_records(many) == 6
    assert len(many.clean("sales")) == 20


def test_a_record_that_another_entry_stands_for_never_came_in(many: Environment) -> None:
    (rest,) = [entry["id"] for entry in many.quarantine() if entry["record"] == 25]
    outcome = many.command("quarantine", "withdraw", "sales/a.csv:29", "--reason", "a test")
    assert outcome.exit_code == 2
    assert outcome.error == (
        "error: record 29 of 'sales/a.csv' never came in: it was rejected by the rule columns and is open"
    )
    assert f"quarantine show {rest}" in outcome.stderr


@pytest.mark.parametrize("limits", [(2, 4, 1), (4, 2), (3, 9, 2), (1, 9, 1)])
def test_another_limit_tells_the_same_records(
    env: Environment, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]
) -> None:
    """The gate stays closed, so that each run reads the same files."""
    env.write({"sales/a.csv": csv(SALES, *BAD * 4, "x", "x"), "stores/s.csv": csv(STORES, "1,A,5")})
    for limit in limits:
        monkeypatch.setenv(f"{SECTION}KEPT_RECORDS", str(limit))
        summary = env.run(code=3)

    entries = env.quarantine()
    assert open_records(env) == sum(entry["records"] for entry in entries) == 10
    rejected = {"columns": [1, 3, 5, 7, 9, 10], "form": [2, 4, 6, 8]}
    alone = {rule: [e["record"] for e in entries if e["rule"] == rule] for rule in rejected}
    assert alone == {rule: records[: limits[-1] + 1] for rule, records in rejected.items()}
    assert law_holds(summary["datasets"]["sales"])


def test_a_run_has_its_own_limit_over_all_files(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{SECTION}KEPT_RECORDS_OF_RUN", "3")
    env.write({f"sales/{name}.csv": csv(SALES, *GOOD[:2], name, name, name) for name in "ab"})

    env.run(code=3)

    alone = [("columns", record, 1, None) for record in (3, 4, 5)]
    assert told(env.quarantine()) == [*alone, ("columns", 3, 3, "4-5")]


def test_a_million_short_lines_cost_the_memory_no_more_than_their_file(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{SECTION}KEPT_RECORDS", "100")
    env.write({"sales/a.csv": csv(SALES, *["x"] * 100_000)})

    env.run(code=3)

    size = (env.source / "sales" / "a.csv").stat().st_size
    with closing(sqlite3.connect(env.home / "state.db")) as connection:
        ((used,),) = connection.execute("select sum(pgsize) from dbstat where name like '%quarantine%'").fetchall()
    assert used < size
    assert open_records(env) == 100_000


def test_a_rest_that_is_damaged_is_found(many: Environment) -> None:
    many.change_state("update quarantine set others = '29-' where others is not null and rule = ?", "columns")
    (damage,) = many.stage("verify", code=3)["damaged"]
    assert damage["state"] == "the quarantine's entry is not what its id says"
