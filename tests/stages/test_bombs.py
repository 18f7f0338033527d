"""Small files that ask for much of the machine are refused whole, the others go on; long records are kept in part."""

from __future__ import annotations

import pytest

from tests.environment import SALES, STORES, Environment, csv, gzipped, law_holds

SECTION = "RETAILSTREAM__LIMITS__"


def sale(dept: int, amount: str = "10.50", *, day: str = "05/02/2010") -> str:
    return f"1,{dept},{day},{amount},0"


GOOD = {"sales/good.csv": csv(SALES, sale(1), sale(2)), "stores/s.csv": csv(STORES, "1,A,5")}


@pytest.mark.slow
def test_a_bomb_is_refused_whole_and_the_others_go_on(env: Environment) -> None:
    bomb = gzipped(f"{SALES}\n" + "1\n" * 1_000_000)
    assert len(bomb) < 5_000
    env.write({**GOOD, "sales/bomb.csv.gz": bomb})

    summary = env.run()

    (entry,) = env.quarantine()
    assert (entry["file"], entry["rule"], entry["record"], entry["raw"]) == (
        "sales/bomb.csv.gz",
        "expansion",
        None,
        None,
    )
    assert entry["value"] == f"{len(bomb):,} bytes expand to more than 1,000,000 (limits.expansion is 200)"
    assert len(env.clean("sales")) == 2
    assert law_holds(summary["datasets"]["sales"])
    assert summary["datasets"]["sales"]["files_quarantined"] == 1
    assert "quarantined_files" in " ".join(env.failing()) or env.failing()
    assert env.run()["status"] == "noop"


def test_a_plan_tells_of_a_bomb(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{SECTION}RECORD_SIZE", "0.05kB")
    env.write({**GOOD, "sales/long.csv": csv(SALES, sale(3, "1" * 60))})

    (warning,) = env.stage("ingest", "--source", str(env.source), "--dry-run")["warnings"]

    assert warning["text"] == (
        "'sales/long.csv' would be refused: record_size (a record has more than 50 bytes (limits.record_size))"
    )


@pytest.mark.slow
def test_a_file_comes_in_once_the_limit_that_refused_it_is_another(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    env.write({**GOOD, "sales/long.csv": csv(SALES, sale(1, "99"), f'"1",{" " * 60}3,05/02/2010,7,0')})
    with monkeypatch.context() as patch:
        patch.setenv(f"{SECTION}RECORD_SIZE", "0.06kB")
        env.run()
        assert [entry["rule"] for entry in env.quarantine()] == ["record_size"]
        assert env.run()["status"] == "noop"

        patch.setenv(f"{SECTION}RECORD_SIZE", "0.07kB")
        env.run()
        (entry,) = env.quarantine()
        assert entry["value"] == "a record has more than 70 bytes (limits.record_size)"
        assert env.run()["status"] == "noop"

    env.run()

    assert {entry["rule"] for entry in env.quarantine()} == {"superseded"}
    assert [row[3] for row in env.clean("sales")] == pytest.approx([99, 10.5, 7])
    assert env.failing() == []
    assert env.run()["status"] == "noop"


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        (0, "2 of 3 sales records are rejected, the limit is 5%"),
        (60, "2 of 3 sales records of sales/long.csv are rejected, the limit of one file or store is 20%"),
    ],
    ids=["alone", "beside a good one"],
)
def test_a_file_that_another_limit_lets_in_is_judged_like_a_new_one(
    env: Environment, monkeypatch: pytest.MonkeyPatch, beside: int, reason: str
) -> None:
    env.write({**GOOD, "sales/long.csv": csv(SALES, f'"1",{" " * 60}3,05/02/2010,7,0', "x", "x")})
    with monkeypatch.context() as patch:
        patch.setenv(f"{SECTION}RECORD_SIZE", "0.06kB")
        env.run()
        before = env.files("lake/clean")
    if beside:
        env.write({"sales/new.csv": csv(SALES, *(sale(dept) for dept in range(10, 10 + beside)))})

    for _again in range(2):
        failed = env.run(code=3)
        assert reason in failed["error"]
        assert env.files("lake/clean") == before

    env.run("--max-rejects", "90%")
    assert len(env.clean("sales")) == 3 + beside
    assert env.run()["status"] == "noop"


def test_of_a_long_record_the_beginning_is_kept(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{SECTION}KEPT_TEXT", "0.03kB")
    long = sale(3, "9" * 5_000)
    env.write({**GOOD, "sales/b.csv": csv(SALES, long, sale(4), sale(5)), "sales/q.csv": csv(SALES, f'"1",{long[2:]}')})

    env.run("--max-rejects", "50%")

    first, second = env.quarantine()
    assert first["raw"] == f"{long[:30]}… (cut: {len(long):,} characters)"
    assert second["raw"].startswith('"1",3,05/02/2010,9999')
    assert first["value"] == second["value"] == "9" * 999 + "…"


@pytest.mark.slow
def test_a_run_keeps_so_much_text_and_names_the_other_records(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{SECTION}KEPT_TEXT_OF_RUN", "0.05kB")
    env.write({**GOOD, "sales/b.csv": csv(SALES, *(sale(dept, "oops") for dept in range(3, 7)))})

    env.run("--max-rejects", "100%")

    kept = [entry["raw"] for entry in env.quarantine()]
    assert kept == [sale(3, "oops"), sale(4, "oops"), *["(not kept: limits.kept_text_of_run)"] * 2]
    assert [entry["record"] for entry in env.quarantine()] == [1, 2, 3, 4]


@pytest.mark.slow
def test_what_is_kept_in_part_is_replayed_withdrawn_and_restored(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{SECTION}KEPT_TEXT", "0.01kB")
    monkeypatch.setenv(f"{SECTION}KEPT_TEXT_OF_RUN", "0.05kB")
    env.write({**GOOD, "sales/b.csv": csv(SALES, *(sale(dept, "oops") for dept in (3, 4, 5)))})
    env.run("--max-rejects", "100%")
    cut, _second, absent = env.quarantine()
    fixed = env.source / "fixed.csv"
    fixed.write_text(csv(SALES, sale(3), sale(5)))

    env.stage("quarantine", "replay", cut["id"], absent["id"], "--file", str(fixed))
    env.stage("quarantine", "withdraw", "sales/good.csv:1", "--reason", "never was")
    fixed.unlink()
    env.run("--max-rejects", "100%")

    assert [row[1] for row in env.clean("sales")] == [2, 3, 5]
    (withdrawn,) = env.quarantine("--all", "--rule", "withdrawn")
    assert withdrawn["raw"] == f"{sale(1)[:10]}… (cut: {len(sale(1))} characters)"
    env.stage("quarantine", "restore", "sales/good.csv:1")
    env.run("--max-rejects", "100%")
    assert [row[1] for row in env.clean("sales")] == [1, 2, 3, 5]


@pytest.mark.slow
def test_a_bomb_is_no_correction(env: Environment) -> None:
    env.write({**GOOD, "sales/b.csv": csv(SALES, sale(3, "oops"))})
    env.run("--max-rejects", "100%")
    bomb = env.source.parent / "fixed.csv.gz"
    bomb.write_bytes(gzipped(f"{SALES}\n" + "1\n" * 1_000_000))

    outcome = env.command("quarantine", "replay", "--file", str(bomb))

    assert outcome.exit_code == 2
    assert "is not readable as sales: expansion" in outcome.error


@pytest.mark.parametrize("value", ["lots", "7", "-1MB"])
def test_a_limit_that_is_no_size_is_told(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(f"{SECTION}RECORD_SIZE", value)

    outcome = env.command("monitor")

    assert outcome.exit_code == 2
    assert outcome.error.startswith("error: setting 'limits.record_size' (environment): ")
