"""`verify` looks and changes nothing; `repair` makes anew what it can, says what it cannot, and may be run twice."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, copied, new_environment
from tests.stages.months import history, rows, week

if TYPE_CHECKING:
    from pathlib import Path

MONTH = "lake/clean/sales/month=2010-03/*.parquet"
RAW = "lake/raw/sales/landing-000001/2010-03-1.csv"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    env = new_environment(tmp_path_factory.mktemp("first"))
    env.write(history())
    env.run()
    return env


@pytest.fixture
def months(first: Environment, tmp_path: Path) -> Environment:
    return copied(first, tmp_path)


def flip(env: Environment, pattern: str) -> None:
    (path,) = env.home.glob(pattern)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.slow
def test_a_whole_home_is_healthy_and_a_look_changes_nothing(months: Environment) -> None:
    before = months.times()
    for deep in ([], ["--deep"]):
        found = months.stage("verify", *deep)
        assert (found["healthy"], found["damaged"]) == (True, [])
        assert all(found["looked_at"].values())
    assert months.stage("repair")["status"] == "noop"
    assert months.times() == before


def test_a_home_that_is_not_there_stays_so(tmp_path: Path) -> None:
    env = Environment(tmp_path / "source", tmp_path / "nowhere")
    assert env.stage("verify", "--deep")["healthy"]
    assert env.stage("repair", "--dry-run")["status"] == "dry-run"
    assert not env.home.exists()


def test_a_plan_names_the_damage_and_changes_nothing(months: Environment) -> None:
    flip(months, MONTH)
    before = months.files("lake", "warehouse", "locks"), months.command("runs", "--format", "json").document

    plan = months.stage("repair", "--dry-run", code=3)

    assert plan["status"] == "dry-run"
    assert [damage["place"] for damage in plan["damaged"]] == ["clean"]
    assert (months.files("lake", "warehouse", "locks"), months.command("runs", "--format", "json").document) == before


def test_a_repair_stands_in_the_ledger_and_a_second_one_finds_nothing(months: Environment) -> None:
    before = months.files()
    flip(months, MONTH)

    done = months.stage("repair")

    assert (done["status"], done["left"]) == ("ok", [])
    assert [damage["dataset"] for damage in done["mended"]] == ["sales"]
    assert "rebuilt" in [warning["code"] for warning in done["warnings"]]
    assert months.files() == before
    assert months.stage("repair")["status"] == "noop"
    assert [run["stage"] for run in months.command("runs", "--format", "json").document][:2] == ["repair", "repair"]


def test_what_a_stopped_repair_has_marked_the_next_run_makes_anew(
    months: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, loaded = months.files(), rows(months)
    flip(months, MONTH)
    monkeypatch.setattr("retailstream.repairing._remake", stop)
    assert months.command("repair").exit_code == 130
    assert [damage["state"] for damage in months.stage("verify", code=3)["damaged"]] == [
        "a file of it was found damaged, and it is not made anew yet"
    ]
    monkeypatch.undo()

    assert months.run()["status"] == "ok"

    assert (months.files(), rows(months)) == (before, loaded)
    assert months.stage("verify", "--deep")["healthy"]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["_drop_manifests", "_land", "_mark", "_remake", "_with_reason"])
def test_a_repair_that_is_stopped_before_any_step_is_carried_on_by_the_next(
    months: Environment, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before, loaded = months.files(), rows(months)
    flip(months, RAW)
    flip(months, MONTH)
    flip(months, "lake/clean/stores/_manifest.json")
    flip(months, "warehouse/features/month=2010-03/*.parquet")
    months.change_state("update runs set summary = '{' where stage = ?", "sqoop")  # stays, so that there is a reason
    (months.home / "retail.db").write_bytes(b"no database")
    monkeypatch.setattr(f"retailstream.repairing.{step}", stop)
    assert months.command("repair", "--source", str(months.source)).exit_code == 130
    monkeypatch.undo()

    done = months.stage("repair", "--source", str(months.source), code=3)

    assert [damage["place"] for damage in done["left"]] == ["memory"]
    assert (months.files(), rows(months)) == (before, loaded)


def test_what_was_hidden_behind_a_damage_is_mended_with_it(months: Environment) -> None:
    before, loaded = months.files(), rows(months)
    flip(months, MONTH)
    flip(months, "warehouse/sales/month=2010-03/*.parquet")
    months.change_database("update sales set weekly_sales_cents = 7 where dept = 1")

    done = months.stage("repair")

    assert {damage["place"] for damage in done["mended"]} == {"clean", "database", "warehouse"}
    assert (months.files(), rows(months)) == (before, loaded)


def stop(*_given: object) -> None:
    raise KeyboardInterrupt


def test_a_raw_file_that_the_source_has_no_more_is_told_and_its_table_stays(months: Environment) -> None:
    flip(months, RAW)
    flip(months, MONTH)
    shutil.rmtree(months.source)

    done = months.stage("repair", "--source", str(months.source), code=3)

    assert {(damage["place"], damage["dataset"]) for damage in done["left"]} == {("raw", "sales"), ("clean", "sales")}
    (raw,) = [damage for damage in done["left"] if damage["place"] == "raw"]
    assert "no file of the source has those bytes" in raw["state"]
    assert done["why"] == [f"clean sales is not made anew: raw file '{raw['thing']}' is lost"]
    assert "_damaged" not in "".join(months.files("lake"))


@pytest.mark.slow
def test_settled_entries_and_withdrawals_are_kept(months: Environment) -> None:
    bad = week("2010-05", store=1) | {
        "sales/bad.csv": "Store,Dept,Date,Weekly_Sales,IsHoliday\nx,1,2010-05-05,1,FALSE\n"
    }
    months.write(bad)
    months.run("--max-rejects", "100%")
    (entry,) = months.quarantine()
    months.command("quarantine", "discard", entry["id"], "--reason", "a test")
    months.command("quarantine", "withdraw", "sales/2010-03-1.csv:2", "--reason", "a test")
    months.run()
    before, loaded, entries = months.files(), rows(months), months.quarantine("--all")
    for path in [*months.home.glob("lake/clean/*/_manifest.json"), *months.home.glob("retail.db*")]:
        path.write_bytes(b"{")
    flip(months, "warehouse/features/month=2010-02/*.parquet")

    assert months.stage("repair", "--source", str(months.source))["left"] == []

    assert (months.files(), rows(months)) == (before, loaded)
    states = {item["id"]: item["state"] for item in entries}
    assert {item["id"]: item["state"] for item in months.quarantine("--all")} == states


def test_a_row_of_the_memory_that_is_not_what_its_id_says_is_named(months: Environment) -> None:
    months.change_state("update runs set summary = ? where stage = 'sqoop'", "{")
    months.change_state(
        "insert into quarantine (id, run_id, dataset, landing, file, rule) values ('x', 'r', 'sales', 1, 'f', 'type')"
    )
    months.change_state("update landed_files set sha256 = 'no digest' where file = 'sales/2010-03-1.csv'")

    found = months.stage("verify", code=3)["damaged"]

    assert [damage["place"] for damage in found] == ["memory"] * 3
    assert {damage["thing"].split(" ")[0] for damage in found} == {"run", "entry", "landed"}
    assert all("retailstream restore" in damage["mend"] for damage in found)


def test_each_damage_stands_on_a_line_of_its_own_with_what_mends_it(months: Environment) -> None:
    flip(months, MONTH)
    outcome = months.command("verify", "--deep")
    assert outcome.exit_code == 3
    assert "retailstream repair" in outcome.stdout
    assert outcome.stdout.splitlines()[-1].startswith("1 thing is damaged (looked at: ")
