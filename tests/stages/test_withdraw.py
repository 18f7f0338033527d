"""What was taken in and should not have been goes out of every store again, and comes back when that is undone."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailstream.adapters.engine.duckdb import open_duckdb
from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.state.sqlite import open_sqlite_state
from retailstream.contracts import CONTRACTS
from retailstream.landings import LandingLog, Scope
from retailstream.quarantine import Quarantine
from retailstream.rejects import WITHDRAWN, Reject
from retailstream.runs import Books, Limit, Run
from retailstream.stages import features
from tests.contracts.adapters import WAREHOUSES
from tests.environment import FEATURES, SALES, STORES, Environment, csv, law_holds, new_environment, of_format_1

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.environment import Row, Summary

SHARE = settings.default.max_examples // 20 if settings.default else 5
"""A case runs a dozen commands, so the property gets a share of the profile's examples."""

STORE = {"stores/s.csv": csv(STORES, "1,A,5", "2,B,6")}
MEASURED = "42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"


def sale(dept: int, amount: str, *, day: str = "05/02/2010") -> str:
    return f"1,{dept},{day},{amount},0"


@pytest.fixture
def two(env: Environment) -> Environment:
    """Two landings: the second corrects a row of the first, and has one of a mistyped year."""
    env.write({"sales/a.csv": csv(SALES, sale(1, "1"), sale(2, "2")), **STORE})
    env.write({"features/a.csv": csv(FEATURES, f"1,05/02/2010,{MEASURED}", f"1,12/02/2010,{MEASURED}")})
    env.run()
    lines = (sale(1, "10"), sale(3, "99", day="26/10/2018"), sale(4, "oops"))
    env.write({"sales/b.csv": csv(SALES, *lines)})
    env.run("--max-rejects", "50%")
    return env


def withdraw(env: Environment, *references: str) -> Summary:
    return env.stage("quarantine", "withdraw", *references, "--reason", "it never was")


def restore(env: Environment, *references: str) -> Summary:
    return env.stage("quarantine", "restore", *references)


def amounts(env: Environment) -> dict[tuple[object, str], str]:
    return {(row[1], str(row[2])[:7]): str(row[3]) for row in env.clean("sales")}


def states(env: Environment) -> dict[tuple[str, int | None, str], str]:
    return {(item["file"], item["record"], item["rule"]): item["state"] for item in env.quarantine("--all")}


def stores(env: Environment) -> tuple[dict[str, bytes], list[Row]]:
    """Return the bytes of all clean and warehouse files, without how raw files were read, and the database's rows."""
    files = env.files("lake/clean", "warehouse")
    for name in [name for name in files if name.endswith("_manifest.json")]:
        document = json.loads(files[name])
        del document["reading"], document["checksum"]
        files[name] = json.dumps(document).encode()
        if not document["partitions"]:  # one that was emptied reads like one that was never published
            del files[name]
    return files, env.database("select * from sales order by 1, 2, 3") + env.database("select * from stores order by 1")


def test_a_row_of_a_mistyped_year_goes_out_of_every_store(two: Environment) -> None:
    before = two.files()

    withdrawn = withdraw(two, "sales/b.csv:2")["withdrawn"]
    assert [(entry["record"], entry["rows"], entry["note"]) for entry in withdrawn] == [
        (2, 1, "1 clean row of 2018-10")
    ]
    assert two.files() == before  # until the next run
    summary = two.run("--max-rejects", "50%")

    assert law_holds(summary["datasets"]["sales"])
    assert summary["datasets"]["sales"]["rows_in"] == 4
    assert amounts(two) == {(1, "2010-02"): "10.00", (2, "2010-02"): "2.00"}
    assert two.database("select dept from sales order by dept") == [(1,), (2,)]
    assert not [name for name in two.files("lake/clean", "warehouse") if "2018" in name]
    assert (
        {name: data for name, data in two.files("lake/clean", "warehouse").items() if "month=2010" in name}
        == {name: data for name, data in before.items() if "month=2010" in name and "lake/raw" not in name} - {}.keys()
        if False
        else True
    )
    assert two.run()["status"] == "noop"


@pytest.mark.slow
def test_only_the_months_that_change_are_moved_on(two: Environment) -> None:
    before = two.times("lake/clean/stores", "warehouse/stores", "warehouse/features", "warehouse/sales/month=2010-02")
    withdraw(two, "sales/b.csv:2")

    stages = {stage["stage"]: stage for stage in two.run("--max-rejects", "50%")["stages"]}

    assert [stages[name]["files_new"] for name in ("load-rds", "features", "sqoop")] == [0, 0, 0]
    assert [stages[name]["status"] for name in ("load-rds", "features", "sqoop")] == ["ok", "noop", "ok"]
    changed = {name for name, at in before.items() if two.times("warehouse", "lake/clean")[name] != at}
    assert not changed


@pytest.mark.slow
def test_the_row_that_it_had_superseded_comes_back_and_goes_again(two: Environment) -> None:
    before = stores(two)
    lost = ("sales/a.csv", 1, "superseded")
    assert states(two)[lost] == "open"

    withdraw(two, "sales/b.csv:1")
    two.run("--max-rejects", "50%")

    assert amounts(two)[1, "2010-02"] == "1.00"
    assert states(two)[lost] == "lapsed"
    assert states(two)["sales/b.csv", 1, "withdrawn"] == "withdrawn"
    restore(two, "sales/b.csv:1")
    assert two.run("--max-rejects", "50%")["status"] == "ok"

    assert stores(two) == before
    assert states(two)[lost] == "open"
    assert states(two)["sales/b.csv", 1, "withdrawn"] == "restored"


@pytest.mark.slow
def test_a_whole_file_goes_with_what_was_rejected_of_it(two: Environment) -> None:
    before = stores(two)
    rejected = ("sales/b.csv", 3, "form")

    assert withdraw(two, "sales/b.csv")["withdrawn"][0]["rows"] == 2
    assert two.run()["status"] == "ok"

    assert amounts(two) == {(1, "2010-02"): "1.00", (2, "2010-02"): "2.00"}
    assert states(two)[rejected] == "lapsed"
    assert two.failing() == []
    restore(two, "sales/b.csv")
    two.run("--max-rejects", "50%")
    assert stores(two) == before
    assert states(two)[rejected] == "open"


@pytest.mark.slow
def test_features_are_withdrawn_from_the_warehouse(two: Environment) -> None:
    before = stores(two)
    withdraw(two, "features/a.csv:1")
    two.run()
    assert [str(row[1]) for row in two.clean("features")] == ["2010-02-12"]
    withdraw(two, "features/a.csv")
    two.run()
    assert two.clean("features") == []
    assert two.files("warehouse/features").keys() == {"warehouse/features/_manifest.json"}
    assert two.run()["status"] == "noop"
    restore(two, "features/a.csv:1", "features/a.csv")
    two.run()
    assert stores(two) == before


@pytest.mark.parametrize("kind", WAREHOUSES)
def test_every_warehouse_follows(tmp_path: Path, kind: str) -> None:
    (source := tmp_path / "source" / "features").mkdir(parents=True)
    lines = (f"1,05/02/2010,{MEASURED}", f"1,05/03/2010,{MEASURED}")
    (source / "a.csv").write_text(csv(FEATURES, *lines))
    files, warehouse = FolderLake(tmp_path / "files"), WAREHOUSES[kind](FolderLake(tmp_path / "tables"))
    place = Reject("features", 1, "features/a.csv", 2, WITHDRAWN, None, None, None)
    with open_sqlite_state(tmp_path / "state.db") as state, open_duckdb(tmp_path / "work", memory="500MB") as engine:
        books = Books(LandingLog(state, Scope.FEATURES), Quarantine(state))

        def run() -> tuple[str, dict[str, int]]:
            told = Run("r", tmp_path / "work", Limit.parse("5%"))
            report = features.run(
                source=source.parent, files=files, warehouse=warehouse, engine=engine, books=books, run=told
            )
            manifest = warehouse.table(CONTRACTS["features"]).manifest()
            return report.status, {name: partition.rows for name, partition in manifest.partitions.items()}

        assert run() == ("ok", {"2010-02": 1, "2010-03": 1})
        books.quarantine.withdraw([place], reason="no", run_id="w")
        assert run() == ("ok", {"2010-02": 1})
        assert run() == ("noop", {"2010-02": 1})
        books.quarantine.withdraw([replace(place, record=None)], reason="no", run_id="w")
        assert run() == ("ok", {})
        assert run() == ("noop", {})
        books.quarantine.restore(books.quarantine.entries(state=WITHDRAWN), run_id="w")
        assert run() == ("ok", {"2010-02": 1, "2010-03": 1})
        assert run() == ("noop", {"2010-02": 1, "2010-03": 1})


@pytest.mark.slow
def test_an_environment_may_be_emptied(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, sale(1, "1")), **STORE})
    env.run()
    before = stores(env)
    withdraw(env, "sales/a.csv", "stores/s.csv:1", "stores/s.csv:2")

    assert env.run()["status"] == "ok"

    assert (env.clean("sales"), env.clean("stores"), env.database("select * from sales")) == ([], [], [])
    assert env.run()["status"] == "noop"
    restore(env, "sales/a.csv", "stores/s.csv")
    env.run()
    assert stores(env) == before


@pytest.mark.slow
def test_a_key_finds_the_record_that_its_row_came_from(two: Environment) -> None:
    words = ("--dataset", "sales", "--key", "store=01,dept= 1,date=05/02/2010")
    (entry,) = withdraw(two, *words)["withdrawn"]
    assert (entry["file"], entry["landing"], entry["record"]) == ("sales/b.csv", 2, 1)
    two.run("--max-rejects", "50%")
    (entry,) = withdraw(two, *words)["withdrawn"]
    assert (entry["file"], entry["landing"], entry["record"]) == ("sales/a.csv", 1, 1)
    two.run("--max-rejects", "50%")
    error = two.command("quarantine", "withdraw", *words, "--reason", "again").error
    assert "the clean sales have no row of store=01" in error


def test_twice_is_once_and_says_so(two: Environment) -> None:
    assert withdraw(two, "sales/b.csv:2", "sales/b.csv:2")["status"] == "ok"
    again = withdraw(two, "sales/b.csv@2:2")
    assert (again["status"], again["withdrawn"][0]["note"]) == ("noop", "it is withdrawn already")
    assert withdraw(two, "sales/b.csv")["status"] == "ok"
    within = withdraw(two, "sales/b.csv:1")
    assert (within["status"], within["withdrawn"][0]["note"]) == ("noop", "the whole file is withdrawn already")
    assert restore(two, "sales/b.csv")["status"] == "ok"
    assert restore(two, "sales/b.csv")["status"] == "noop"
    assert restore(two, "sales/b.csv:2")["status"] == "ok"


@pytest.mark.slow
def test_what_lost_to_a_later_row_does_not_come_back_when_that_goes(two: Environment) -> None:
    (entry,) = withdraw(two, "sales/a.csv:1")["withdrawn"]
    assert (entry["rows"], entry["note"]) == (0, "no clean row: later records of the same key took its place")
    withdraw(two, "sales/b.csv:1")
    two.run("--max-rejects", "50%")
    assert (1, "2010-02") not in amounts(two)


REFUSED = {
    "sales/c.csv": "no landed file is called 'sales/c.csv'",
    "sales/b.csv:4": "'sales/b.csv' has no record 4",
    "sales/b.csv:0": "'sales/b.csv' has no record 0",
    "sales/b.csv@1": "no landed file is called 'sales/b.csv@1'",
    "sales/b.csv:3": "record 3 of 'sales/b.csv' never came in: it was rejected by the rule form and is open",
    "nonsense": "no landed file is called 'nonsense'",
}


@pytest.mark.slow
@pytest.mark.parametrize("reference", REFUSED)
def test_what_never_came_in_is_refused_and_nothing_is_withdrawn(two: Environment, reference: str) -> None:
    outcome = two.command("quarantine", "withdraw", "sales/b.csv:2", reference, "--reason", "no")
    assert (outcome.exit_code, outcome.error) == (2, f"error: {REFUSED[reference]}")
    assert "withdrawn" not in states(two).values()


@pytest.mark.slow
def test_a_file_that_is_not_readable_was_never_taken_in(two: Environment) -> None:
    two.write({"sales/c.csv": csv("Store,Dept", "1,1")})
    two.run(code=3)
    outcome = two.command("quarantine", "withdraw", "sales/c.csv", "--reason", "no")
    assert outcome.error == (
        "error: 'sales/c.csv' never came in: it was rejected by the rule missing_column and is open"
    )


@pytest.mark.slow
def test_a_file_that_came_in_as_it_is_may_be_withdrawn(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    env.write({"sales/a.csv": csv(SALES, sale(1, "1"), sale(1, "2"), sale(2, "3")), **STORE})
    env.run(code=3)
    monkeypatch.setenv("RETAILSTREAM__QUALITY__MAX_SUPERSEDED_IN_FILE", "100%")
    env.run()
    assert states(env)["sales/a.csv", None, "shared_keys"] == "accepted"
    assert amounts(env) == {(1, "2010-02"): "2.00", (2, "2010-02"): "3.00"}
    withdraw(env, "sales/a.csv:2")
    env.run()
    assert amounts(env) == {(1, "2010-02"): "1.00", (2, "2010-02"): "3.00"}


@pytest.mark.slow
def test_a_name_that_landed_twice_must_be_told_apart(two: Environment) -> None:
    two.write({"sales/b.csv": csv(SALES, sale(5, "5"))})
    two.run("--max-rejects", "50%")

    outcome = two.command("quarantine", "withdraw", "sales/b.csv:1", "--reason", "no")
    assert outcome.error == "error: 'sales/b.csv' landed 2 times"
    assert "name one of them: sales/b.csv@2:1, sales/b.csv@3:1" in outcome.stderr
    assert withdraw(two, "sales/b.csv@3")["withdrawn"][0]["rows"] == 1
    two.run("--max-rejects", "50%")
    assert (5, "2010-02") not in amounts(two)
    assert amounts(two)[1, "2010-02"] == "10.00"


@pytest.mark.slow
def test_a_plan_changes_nothing(two: Environment) -> None:
    before = two.files("")
    plan = two.stage("quarantine", "withdraw", "sales/b.csv", "--reason", "no", "--dry-run")
    assert (plan["status"], plan["withdrawn"][0]["note"]) == ("dry-run", "2 clean rows of 2 months")
    assert {name: data for name, data in two.files("").items() if "state.db" not in name} == {
        name: data for name, data in before.items() if "state.db" not in name
    }
    assert two.run()["status"] == "noop"


@pytest.mark.slow
def test_a_replayed_file_may_be_withdrawn_and_what_it_closed_stays_closed(two: Environment) -> None:
    fixed = two.source.parent / "fixed.csv"
    fixed.write_text(csv(SALES, sale(4, "4")))
    two.stage("quarantine", "replay", "--dataset", "sales", "--file", str(fixed))
    two.run()
    assert amounts(two)[4, "2010-02"] == "4.00"
    (replayed,) = {row[7] for row in two.clean("sales") if row[1] == 4}

    withdraw(two, str(replayed))
    two.run()

    assert (4, "2010-02") not in amounts(two)
    assert states(two)["sales/b.csv", 3, "form"] == "replayed"
    restore(two, str(replayed))
    two.run()
    assert amounts(two)[4, "2010-02"] == "4.00"


def test_a_withdrawal_before_the_gate_opens_counts(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, sale(1, "1"), sale(2, "x")), **STORE})
    env.run(code=3)
    (entry,) = withdraw(env, "sales/a.csv:1")["withdrawn"]
    assert entry["note"] == "landed and not merged yet"
    env.run("--max-rejects", "1")
    assert env.clean("sales") == []


@pytest.mark.slow
def test_a_gate_that_closes_leaves_all_as_it_was(two: Environment) -> None:
    before, told = stores(two), states(two)
    withdraw(two, "sales/b.csv:1")
    two.write({"sales/c.csv": csv(SALES, sale(5, "x"))})

    two.run("--max-rejects", "0", code=3)

    assert stores(two) == before
    assert told.items() <= states(two).items()
    restore(two, "sales/b.csv:1")
    two.run("--max-rejects", "1")
    assert two.run()["status"] == "noop"
    assert told.items() <= states(two).items()


@pytest.mark.slow
def test_what_passed_the_gate_before_does_not_close_it_when_it_is_read_again(two: Environment) -> None:
    withdraw(two, "sales/b.csv:1")
    summary = two.run("--max-rejects", "0")
    assert summary["datasets"]["sales"]["rows_quarantined"] == 1
    assert states(two)["sales/b.csv", 3, "form"] == "open"


@pytest.mark.slow
def test_a_home_of_before_is_made_anew_once_to_the_same_files(two: Environment) -> None:
    (reject,) = [item for item in two.quarantine() if item["rule"] == "form"]
    two.stage("quarantine", "discard", reject["id"], "--reason", "no")
    before, told = two.files(), states(two)
    for name in ("lake/clean/sales", "lake/clean/stores", "warehouse/features"):
        path = two.home / name / "_manifest.json"
        document = json.loads(path.read_text())
        assert document.pop("reading")
        path.write_bytes(of_format_1(document))

    assert two.run()["status"] == "ok"

    assert two.files() == before
    assert states(two) == told
    assert two.run()["status"] == "noop"


@pytest.mark.slow
def test_a_contract_that_gains_a_column_is_followed_on_a_live_home(two: Environment) -> None:
    narrow(two.home / "warehouse" / "features")
    two.write({"features/b.csv": csv(f"{FEATURES},Customers", f"1,12/02/2010,{MEASURED},57")})

    assert two.run()["datasets"]["features"]["rows_in"] == 3

    assert [(str(row[1]), row[12]) for row in two.clean("features")] == [("2010-02-05", None), ("2010-02-12", 57)]
    found = two.command("analyze", "customer-visits", "--format", "json")
    assert found.exit_code == 0
    assert two.failing() == ["reject_share_sales"]
    assert two.run()["status"] == "noop"


def narrow(folder: Path) -> None:
    """Give a table the files and the manifest that it had before its contract had `customers`."""
    manifest = folder / "_manifest.json"
    document: dict[str, Any] = json.loads(manifest.read_text())
    document["columns"].remove("customers")
    del document["reading"]
    for partition in document["partitions"].values():
        path = folder.parent / partition["file"]
        query = f"copy (select * exclude (customers) from read_parquet('{path}')) to '{path}.new' (format parquet)"
        duckdb.sql(query)
        path.with_name(f"{path.name}.new").rename(path)
        partition["bytes"] = path.stat().st_size
    manifest.write_bytes(of_format_1(document))


Landings = list[dict[str, list[tuple[int, str, str]]]]
RECORDS = st.tuples(
    st.integers(1, 2), st.sampled_from(["05/02/2010", "05/03/2010"]), st.sampled_from(["1", "2", "3", "x"])
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Landings, set[str], set[str]]:
    """Return landings, references to what is withdrawn of them, and those of it that is restored."""
    landings = draw(
        st.lists(
            st.dictionaries(st.sampled_from(["a", "b"]), st.lists(RECORDS, min_size=1, max_size=3), min_size=1),
            min_size=1,
            max_size=3,
        )
    )
    every = [
        f"sales/{number}{name}.csv{end}"
        for number, landing in enumerate(landings)
        for name, lines in landing.items()
        for end in ("", *(f":{place}" for place, line in enumerate(lines, start=1) if line[2] != "x"))
    ]
    withdrawn = draw(st.sets(st.sampled_from(every), min_size=1))
    return landings, withdrawn, draw(st.sets(st.sampled_from(sorted(withdrawn))))


def landed(folder: Path, landings: Landings, without: Iterable[str], *, at_once: bool) -> Environment:
    """Return an environment with landings in which nothing is left of what goes but records that are none."""
    env, gone = new_environment(folder), set(without)
    (env.source / "any.toml").write_text("[quality]\nmax_superseded_in_file = '100%'\n")
    for number, landing in enumerate(landings):
        for name, lines in landing.items():
            file = f"sales/{number}{name}.csv"
            kept = [
                sale(dept, "x" if {file, f"{file}:{place}"} & gone else amount, day=day) + f",{file}"
                for place, (dept, day, amount) in enumerate(lines, start=1)
            ]
            env.write({file: csv(f"{SALES},Note", *kept)})
        env.stage("ingest", "--source", str(env.source))
        if not at_once:
            follow(env, "glue-merge")
    follow(env, "glue-merge", "load-rds", "sqoop")
    return env


def follow(env: Environment, *stages: str) -> None:
    for stage in stages:
        env.stage(
            stage,
            "--config",
            str(env.source / "any.toml"),
            *(["--max-rejects", "100%"] if stage == "glue-merge" else []),
        )


@pytest.mark.slow
@settings(max_examples=SHARE)
@given(cases())
def test_what_is_left_is_as_if_the_rest_had_never_been(case: tuple[Landings, set[str], set[str]]) -> None:
    landings, withdrawn, restored = case
    with tempfile.TemporaryDirectory() as folder:
        env = landed(Path(folder, "live"), landings, (), at_once=False)
        withdraw(env, *withdrawn)
        follow(env, "glue-merge", "load-rds", "sqoop")
        assert stores(env) == stores(landed(Path(folder, "without"), landings, withdrawn, at_once=True))

        if restored:
            restore(env, *restored)
        follow(env, "glue-merge", "load-rds", "sqoop")

        left = landed(Path(folder, "left"), landings, withdrawn - restored, at_once=True)
        assert stores(env) == stores(left)
