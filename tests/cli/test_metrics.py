"""What each command tells of itself, well or badly ended, into the file that `--metrics-file` names."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from retailstream import metrics
from retailstream.landings import Scope
from retailstream.locks import Holder, hold
from retailstream.stages import ORDER
from tests.environment import SALES, copied, csv

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Environment

Told = dict[str, dict[str, float]]

EXIT_CODE = metrics.EXIT_CODE.name
SUCCESS = metrics.LAST_SUCCESS.name


@pytest.fixture
def env(small: Environment, tmp_path: Path) -> Environment:
    return copied(small, tmp_path)


def told(path: Path) -> Told:
    """Return the figures without labels of their own by stage and name."""
    found: Told = {}
    for family in text_string_to_metric_families(path.read_text()):
        for sample in family.samples:
            assert sample.labels["environment"] == "local"
            if sample.labels.keys() == {"environment", "stage"}:
                found.setdefault(sample.labels["stage"], {})[sample.name] = sample.value
    return found


def ran(env: Environment, *words: str, code: int = 0) -> Told:
    """Return what one command told."""
    path = env.home.parent / "metrics.prom"
    path.unlink(missing_ok=True)
    outcome = env.command(*words, "--metrics-file", str(path))
    assert outcome.exit_code == code, outcome.stderr
    return told(path) if path.exists() else {}


WELL = {
    "ingest": ("ingest", "--source", "SOURCE"),
    "glue-merge": ("glue-merge",),
    "load-rds": ("load-rds",),
    "features": ("features", "--source", "SOURCE"),
    "sqoop": ("sqoop",),
    "monitor": ("monitor",),
    "analyze-fuel-prices": ("analyze", "fuel-prices"),
    "analyze-all": ("analyze", "all", "--json"),
    "doctor": ("doctor",),
    "sample": ("sample", "NEW", "--stores", "1", "--depts", "1", "--weeks", "5"),
    "discard": ("quarantine", "discard", "sales/2010-02.csv", "--reason", "a test"),
}


@pytest.mark.parametrize("stage", WELL)
def test_a_command_that_ends_well_tells_so(env: Environment, stage: str, tmp_path: Path) -> None:
    places = {"SOURCE": str(env.source), "NEW": str(tmp_path / "new")}
    if stage == "discard":
        places["sales/2010-02.csv"] = env.quarantine("--dataset", "sales")[0]["file"]
    began = time.time() - 1

    found = ran(env, *(places.get(word, word) for word in WELL[stage]))

    assert set(found) == {stage}
    assert found[stage][EXIT_CODE] == 0
    assert found[stage][SUCCESS] == found[stage][metrics.LAST_RUN.name] >= began
    assert 0 <= found[stage][metrics.DURATION.name] < 60


def test_a_run_tells_of_every_stage_of_itself_and_of_the_health(env: Environment) -> None:
    found = ran(env, "run", "--source", str(env.source))
    assert set(found) == {*ORDER, "run", "monitor"}
    assert {found[stage][EXIT_CODE] for stage in (*ORDER, "run")} == {0}
    assert metrics.HEALTHY.name in found["monitor"]
    assert EXIT_CODE not in found["monitor"]  # that is told by monitor itself
    assert found["monitor"][metrics.SALES.name] > 0
    assert metrics.USUAL_DURATION.name in found["sqoop"]


BADLY = {
    "a source that is not there": (("ingest", "--source", "nowhere"), 2, {"ingest": 2}),
    "a run without a source": (("run", "--source", "nowhere"), 2, {"ingest": 2, "run": 2}),
    "an unhealthy environment": (("monitor", "--check"), 3, {"monitor": 3}),
    "a question that is none": (("analyze", "customer-visits", "--month", "13"), 2, {"analyze-customer-visits": 2}),
    "a correction of nothing": (("quarantine", "replay", "--file", "x.csv", "zzz"), 2, {"replay": 2}),
    "an entry that is not there": (("quarantine", "discard", "zzz", "--reason", "x"), 2, {"discard": 2}),
}


@pytest.mark.parametrize("what", BADLY)
def test_a_command_that_ends_badly_tells_so(env: Environment, what: str) -> None:
    words, code, codes = BADLY[what]
    if what == "an unhealthy environment":
        env.change_database("delete from sales")

    found = ran(env, *words, code=code)

    assert {stage: values[EXIT_CODE] for stage, values in found.items()} == codes
    assert not any(SUCCESS in values for values in found.values())


def test_a_failing_gate_tells_its_figures(env: Environment) -> None:
    env.write({"sales/spoilt.csv": csv(SALES, "x,1,2010-05-07,1,0")})
    path = env.home.parent / "metrics.prom"
    assert env.command("run", "--source", str(env.source), "--metrics-file", str(path)).exit_code == 3
    assert {stage: values[EXIT_CODE] for stage, values in told(path).items()} == {
        "ingest": 0,
        "glue-merge": 3,
        "run": 3,
    }
    quarantined = 'retailstream_last_run_rows_quarantined{dataset="sales",environment="local",stage="glue-merge"} 1.0'
    assert quarantined in path.read_text().splitlines()


def test_a_lock_that_is_held_is_told(env: Environment) -> None:
    with hold(env.home / "locks", list(Scope), Holder("other", "run", "2026-01-01T00:00:00+00:00")):
        assert ran(env, "load-rds", code=5)["load-rds"][EXIT_CODE] == 5
        found = ran(env, "run", "--source", str(env.source), code=5)
    assert {stage: values[EXIT_CODE] for stage, values in found.items()} == {"run": 5}


def test_a_home_that_cannot_be_opened_is_told(env: Environment) -> None:
    (env.home / "state.db").unlink()
    (env.home / "state.db").mkdir()
    assert ran(env, "load-rds", code=1)["load-rds"][EXIT_CODE] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--dry-run", "--source", "nowhere"),
        ("load-rds", "--dry-run"),
        ("runs",),
        ("config", "show"),
        ("quarantine", "list"),
        ("analyze", "list"),
    ],
    ids=" ".join,
)
def test_plans_and_listings_tell_nothing(env: Environment, words: tuple[str, ...]) -> None:
    code = 2 if "nowhere" in words else 0
    assert ran(env, *words, code=code) == {}


def test_nothing_new_is_a_success_whatever_a_scheduler_is_told(env: Environment) -> None:
    env.run()
    found = ran(env, "load-rds", "--skip-if-empty", code=99)
    assert found["load-rds"][EXIT_CODE] == 0
    assert SUCCESS in found["load-rds"]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://user:s3cret@127.0.0.1:1", "nonsense://", "http://[::1", "127.0.0.1:port"]
)
def test_a_gateway_that_takes_nothing_changes_neither_output_nor_exit_code(
    env: Environment, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = env.command("load-rds", "--json").document
    monkeypatch.setenv("RETAILSTREAM__MONITORING__PUSHGATEWAY", address)
    outcome = env.command("load-rds", "--json")
    assert outcome.exit_code == 0
    assert outcome.document.keys() == well.keys()
    assert outcome.stderr.count("WARNING: the metrics of load-rds did not reach") == 1
    assert "s3cret" not in outcome.stderr
    failed = env.command("ingest", "--source", "nowhere")
    assert failed.exit_code == 2
    assert failed.error.startswith("error: the source folder nowhere does not exist")
    assert env.command("config", "show").stdout.count("s3cret") == 0


def test_a_file_that_cannot_be_written_is_a_warning(env: Environment) -> None:
    (env.source / ".retailstream.prom.lock").mkdir()
    outcome = env.command("load-rds", "--metrics-file", str(env.source / "retailstream.prom"))
    assert outcome.exit_code == 0
    assert "did not reach" in outcome.stderr


def test_metrics_cost_nothing_where_nobody_asks_for_them(env: Environment) -> None:
    code = (
        "import sys; from retailstream.cli.app import app\n"
        f"try: app(['load-rds', '--home', {str(env.home)!r}])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert 'prometheus_client' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, capture_output=True)


def test_doctor_asks_the_gateway_and_looks_at_the_folder_of_the_file(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAILSTREAM__MONITORING__PUSHGATEWAY", "http://ann:s3cret@127.0.0.1:1")
    path = env.home.parent / "metrics.prom"
    outcome = env.command("doctor", "--format", "json", "--metrics-file", str(path))
    found = {item["name"]: (item["state"], item["detail"]) for item in outcome.document}
    assert found["pushgateway"][0] == "FAILED"
    assert "Connection refused" in found["pushgateway"][1]
    assert found["metrics_file"] == ("OK", str(path.parent))
    assert "s3cret" not in outcome.stdout
    assert told(path)["doctor"][EXIT_CODE] == 1
