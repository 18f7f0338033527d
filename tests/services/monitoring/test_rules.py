"""Rules and routes before the programs that read them, and each alert before its runbook."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from retailstream.metrics import CATALOGUE

ROOT = Path(__file__).parents[3]
FILES = ROOT / "configs" / "monitoring"
RULES = FILES / "rules"
CASES = sorted(Path(__file__).parent.glob("alerts_of_*.yml"))

ALERTS = [
    rule
    for group in yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
NAMES = sorted({rule["alert"] for rule in ALERTS})

pytestmark = pytest.mark.usefixtures("installed")


def told(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_configuration_and_every_rule() -> None:
    assert "SUCCESS" in told("promtool", "check", "config", FILES / "prometheus.yml")
    assert "SUCCESS" in told("promtool", "check", "rules", *sorted(RULES.glob("*.yml")))


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.stem)
def test_alerts_fire_and_do_not_fire(cases: Path, tmp_path: Path) -> None:
    copy = tmp_path / cases.name
    copy.write_text(cases.read_text(encoding="utf-8").replace("RULES/", f"{RULES}/"), encoding="utf-8")
    assert "SUCCESS" in told("promtool", "test", "rules", copy)


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    tests = [test for path in CASES for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    partly = {  # a case with several environments or stages, of which only some fire
        case["alertname"]
        for test in tests
        for case in test.get("alert_rule_test", [])
        if 0 < len(case["exp_alerts"]) < len(test["input_series"])
    }
    assert sorted(fires) == NAMES
    assert sorted(silent | partly) == NAMES


def test_every_alert_has_a_section_of_the_runbook_and_every_section_an_alert() -> None:
    for rule in ALERTS:
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor == rule["alert"].lower()
        assert rule["alert"] in headings
    sections = re.findall(r"^## (Retailstream.+)$", (ROOT / "docs/how-to/runbook.md").read_text(), re.MULTILINE)
    assert sorted(sections) == NAMES


def test_alertmanager_takes_the_configuration() -> None:
    assert "SUCCESS" in told("amtool", "check-config", FILES / "alertmanager.yml")


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_severity_decides_who_is_told(rule: dict[str, dict[str, str]]) -> None:
    severity = rule["labels"]["severity"]
    words = [f"severity={severity}", f"alertname={rule['alert']}", "environment=production"]
    route = ["amtool", "config", "routes", "test", f"--config.file={FILES / 'alertmanager.yml'}"]
    receiver = {"critical": "operators", "warning": "team"}[severity]
    assert told(*route, f"--verify.receivers={receiver}", *words).strip() == receiver


def test_what_has_no_severity_is_told_to_the_team() -> None:
    route = ["amtool", "config", "routes", "test", f"--config.file={FILES / 'alertmanager.yml'}"]
    assert told(*route, "alertname=Another").strip() == "team"


def test_metrics_of_rules_are_ones_that_commands_tell() -> None:
    known = {metric.name for metric in CATALOGUE}
    for path in RULES.glob("*.yml"):
        text = re.sub(r"#.*|^.*(record|runbook_url):.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert set(re.findall(r"(?<![\w:])retailstream_\w+(?!\w*:)", text)) <= known
