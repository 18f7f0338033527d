"""`python -m pictures.airflow_graph`: the graph of a run that went well, as Airflow itself shows it.

It starts an Airflow of its own, lets it run the DAG over a synthetic chain, and takes it away again.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from subprocess import run
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

from stack.place import ROOT, Place
from stack.servers.airflow import NAME, PIPELINE, USER, ask, endpoint

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURE: Final = ROOT / "docs" / "pictures" / "airflow-graph.png"
RUN_SECONDS: Final = 600
VIEW: Final = {
    f"direction-{PIPELINE}": '"RIGHT"',
    f"{PIPELINE}/open-groups": '["analyze"]',
    "default_dag_view": '"graph"',
}
"""What the page remembers in the browser: the graph from left to right, with the group opened."""


def main() -> None:
    """Make the picture."""
    chromium = shutil.which("chromium") or sys.exit("error: chromium is missing; make browser")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RETAILSTREAM_STACK"] = f"{folder}/airflow"
        os.environ["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "False"  # so a run begins by itself
        run([sys.executable, "-m", "stack", "up", NAME], cwd=ROOT, check=True)
        try:
            place = Place.here()
            take(place, ended(place), chromium)
        finally:
            run([sys.executable, "-m", "stack", "down"], cwd=ROOT, check=True)
    print(PICTURE.relative_to(ROOT))


def ended(place: Place) -> str:
    """Return the run id of the run that has ended well."""
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        for found in ask(place, f"/api/v2/dags/{PIPELINE}/dagRuns")["dag_runs"]:
            if found["state"] == "success":
                return str(found["dag_run_id"])
            if found["state"] == "failed":
                sys.exit(f"error: the run failed; {place.log('airflow-scheduler')}")
        time.sleep(2)
    sys.exit("error: the run does not end")


def take(place: Place, run_id: str, chromium: str) -> None:
    """Open the run's page as the administrator, and take its picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 860}, device_scale_factor=1.5)
        log_in(page, place)
        for name, value in VIEW.items():
            page.evaluate("([name, value]) => localStorage.setItem(name, value)", [name, value])
        page.goto(f"{endpoint(place)}/dags/{PIPELINE}/runs/{run_id}")
        page.locator(".react-flow__node", has_text="runs.show").wait_for(timeout=60_000)
        page.get_by_label("Collapse Details Panel").click()
        page.wait_for_timeout(2000)  # the graph glides to its place
        page.get_by_label("Fit View").click()
        page.wait_for_timeout(2000)
        page.screenshot(path=PICTURE)
        browser.close()


def log_in(page: Page, place: Place) -> None:
    """Sign in by the form."""
    page.goto(f"{endpoint(place)}/auth/login/")
    page.get_by_label("Username").fill(USER)
    page.get_by_label("Password").fill(place.secret(NAME))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{endpoint(place)}/")


if __name__ == "__main__":
    main()
