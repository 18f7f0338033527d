"""Real runs before the real programs: what is pushed, who is told of a failure, and what the console page shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from stack.servers.pushgateway import PUSHGATEWAY
from tests.services.monitoring.chain import ENVIRONMENT
from tests.services.servers import package, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.services.monitoring.chain import Shop
    from tests.services.monitoring.watching import Watch

HERE = f'environment="{ENVIRONMENT}"'
STAGES = ["ingest", "glue-merge", "load-rds", "features", "sqoop"]
PUSHED = {*STAGES, "run", "monitor", "forecast", "analyze-all", "doctor", "sample"}
SPOILT = "Store,Dept,Date,Weekly_Sales,IsHoliday\n1,1,31/04/2011,1.00,False\n1,2,01/04/2011,many,False\n"


@pytest.fixture
def healthy(watch: Watch, shop: Shop) -> None:
    """Nothing fires, and Prometheus knows every stage."""
    watch.wait_for(
        "every stage is known",
        lambda: (
            len(watch.ask(f"environment_stage:retailstream_last_run_timestamp_seconds:max{{{HERE}}}")) >= len(PUSHED)
        ),
    )
    watch.wait_for("nothing fires", lambda: not watch.ask('ALERTS{alertstate="firing"}'))


def groups(watch: Watch) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{watch.gateway}/api/v1/metrics", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]
        return found


def test_every_command_has_pushed_to_a_group_of_its_own(watch: Watch, shop: Shop) -> None:
    assert shop
    labels = [group["labels"] for group in groups(watch) if group["labels"]["environment"] == ENVIRONMENT]
    assert {label["stage"] for label in labels} == PUSHED
    assert {frozenset(label) for label in labels} == {frozenset({"job", "environment", "stage"})}
    assert {label["job"] for label in labels} == {"retailstream"}


def test_no_run_id_and_no_path_is_in_any_label(watch: Watch, shop: Shop) -> None:
    with urllib.request.urlopen(f"{watch.gateway}/metrics", timeout=10) as answer:
        lines = [line for line in answer.read().decode().splitlines() if line.startswith("retailstream_")]
    assert len(lines) > 100
    assert not [line for line in lines if re.search(r"20\d{6}T\d{6}Z|" + re.escape(str(shop.home)), line)]
    names = {name for line in lines for name in re.findall(r'(\w+)="', line)}
    assert names <= {
        *("job", "instance", "environment", "stage", "dataset", "check", "column", "place", "type"),
        *("analysis", "weeks_ahead"),
    }


def test_figures_are_those_of_the_summary(watch: Watch, shop: Shop, healthy: None) -> None:
    summary = json.loads(shop("monitor", "--json").splitlines()[-1])
    values = {check["name"]: check["value"] for check in summary["checks"]}
    rows = int(values["reconcile_sales_database"].removesuffix(" rows").replace(",", ""))
    for place in ("clean", "database", "warehouse"):
        assert watch.value(f'retailstream_table_rows{{{HERE}, dataset="sales", place="{place}"}}') == rows
    total = json.loads(shop("analyze", "yearly-stores", "--format", "json"))
    expected = sum(row["total_sales"] for row in total)
    found = watch.value(f"retailstream_sales_dollars{{{HERE}}}")
    assert found == pytest.approx(expected, abs=0.01)


def test_a_failed_stage_reaches_whoever_is_on_duty_and_its_repair_too(watch: Watch, shop: Shop, healthy: None) -> None:
    spoilt = shop.source / "sales" / "spoilt.csv"
    spoilt.write_text(SPOILT, encoding="utf-8")
    success = f'retailstream_last_success_timestamp_seconds{{{HERE}, stage="glue-merge"}}'
    before = watch.value(success)

    shop("run", code=3)

    failed = {"environment": ENVIRONMENT, "stage": "glue-merge"}
    watch.wait_for("told of the failure", lambda: watch.has_told("firing", "RetailstreamStageFailed", **failed))
    watch.wait_for("told of the rejects", lambda: watch.has_told("firing", "RetailstreamQuarantineShareHigh"))
    told = watch.has_told("firing", "RetailstreamStageFailed", **failed)
    assert told is not None
    assert told.receiver == "operators"
    assert told.labels["severity"] == "critical"
    assert told.annotations["summary"] == f"glue-merge of {ENVIRONMENT} ended with exit code 3"
    assert told.annotations["runbook_url"] == "docs/how-to/runbook.md#retailstreamstagefailed"
    rejects = watch.has_told("firing", "RetailstreamQuarantineShareHigh")
    assert rejects is not None
    assert (rejects.receiver, rejects.labels["dataset"]) == ("team", "sales")
    assert watch.value(success) == before  # a failure does not take it away
    assert watch.value(f'retailstream_last_run_rows_quarantined{{{HERE}, stage="glue-merge", dataset="sales"}}') == 2
    # `run` failed with its stage; that it did is inhibited.
    assert watch.value(f'retailstream_last_run_exit_code{{{HERE}, stage="run"}}') == 3
    assert not watch.has_told("firing", "RetailstreamStageFailed", environment=ENVIRONMENT, stage="run")

    shop("quarantine", "discard", "sales/spoilt.csv", "--reason", "a test")
    shop("run")

    watch.wait_for("told of the repair", lambda: watch.has_told("resolved", "RetailstreamStageFailed", **failed))
    watch.wait_for("rejects are settled", lambda: watch.has_told("resolved", "RetailstreamQuarantineShareHigh"))
    assert (watch.value(success) or 0) > (before or 0)


def test_a_broken_reconciliation_is_told(watch: Watch, shop: Shop, healthy: None) -> None:
    with sqlite3.connect(shop.home / "retail.db") as connection:
        connection.execute("update sales set weekly_sales_cents = weekly_sales_cents + 1 where store = 1 and dept = 1")
    connection.close()

    shop("monitor", "--check", code=3)

    broken = {"environment": ENVIRONMENT, "check": "reconcile_sales_database"}
    watch.wait_for("told", lambda: watch.has_told("firing", "RetailstreamReconciliationBroken", **broken))
    # That `monitor --check` ended with 3 is no failure of its own.
    assert not watch.ask(f'ALERTS{{alertname="RetailstreamStageFailed", stage="monitor", {HERE}}}')
    with sqlite3.connect(shop.home / "retail.db") as connection:
        connection.execute("update sales set weekly_sales_cents = weekly_sales_cents - 1 where store = 1 and dept = 1")
    connection.close()
    shop("monitor", "--check")
    watch.wait_for("resolved", lambda: watch.has_told("resolved", "RetailstreamReconciliationBroken", **broken))


def test_a_gateway_that_is_away_costs_a_warning_and_is_told_itself(watch: Watch, shop: Shop, healthy: None) -> None:
    watch.stop("pushgateway")
    try:
        told = shop("run")
        assert told.count("did not reach") == 1  # six groups, and one warning
        assert "Connection refused" in told
        watch.wait_for("told", lambda: watch.has_told("firing", "RetailstreamPushgatewayDown"))
    finally:
        watch.start(PUSHGATEWAY)
    shop("run")
    watch.wait_for("resolved", lambda: watch.has_told("resolved", "RetailstreamPushgatewayDown"))
    shop("monitor")


def test_figures_stay_where_the_gateway_was_restarted(watch: Watch, shop: Shop, healthy: None) -> None:
    shop("run")
    before = {group["labels"]["stage"] for group in groups(watch)}
    watch.stop("pushgateway")
    watch.start(PUSHGATEWAY)
    assert {group["labels"]["stage"] for group in groups(watch)} == before


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    """A page of a real browser."""
    playwright = package("playwright.sync_api")
    program = next((found for name in ("chromium", "chrome", "google-chrome") if (found := shutil.which(name))), None)
    require(program, "no Chromium is installed: make browser")
    with playwright.sync_playwright() as running:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = running.chromium.launch(executable_path=program, args=options)
        yield browser.new_page()
        browser.close()


def test_the_console_shows_health_runs_and_sales(watch: Watch, shop: Shop, healthy: None, page: Page) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto(f"{watch.prometheus}/consoles/retailstream.html")
    text = page.inner_text("body")
    assert "healthy" in text
    assert "not healthy" not in text
    rows = page.locator("table").first.inner_text()
    for stage in PUSHED:
        assert stage in rows
    assert page.locator("h2").all_inner_texts() == [
        *("Last runs", "Checks", "Rows", "Quarantine", "Sales of the newest week", "Forecast")
    ]
    for check in ("reconcile_sales_database", "volume_sales", "landed_age_sales"):
        assert check in text
    assert "$" in text
    assert problems == []


def test_the_console_fits_a_phone(watch: Watch, shop: Shop, healthy: None, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{watch.prometheus}/consoles/retailstream.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_console_names_what_fires(watch: Watch, shop: Shop, healthy: None, page: Page) -> None:
    shop("ingest", "--source", str(shop.source / "nowhere"), code=2)
    try:
        watch.wait_for("fires", lambda: watch.ask('ALERTS{alertname="RetailstreamStageFailed", alertstate="firing"}'))
        page.set_viewport_size({"width": 1200, "height": 900})
        page.goto(f"{watch.prometheus}/consoles/retailstream.html")
        alerts = page.locator("table").first.inner_text()
        assert "RetailstreamStageFailed" in alerts
        assert "ingest" in alerts
    finally:
        shop("ingest")


def test_pushing_is_quick(watch: Watch, shop: Shop) -> None:
    """A run that finds nothing pushes seven groups; it may cost a fraction of a second."""
    times: dict[str, list[float]] = {"": [], shop.gateway: []}
    for _ in range(3):
        for gateway, measured in times.items():
            began = time.monotonic()
            shop("run", RETAILSTREAM__MONITORING__PUSHGATEWAY=gateway)
            measured.append(time.monotonic() - began)
    assert min(times[shop.gateway]) - min(times[""]) < 1.0
