"""`python -m pictures`: run a chain for some weeks before real monitoring, and take its pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from pictures import terminal
from stack import prometheus
from stack.place import ROOT, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

FOLDER: Final = ROOT / "docs" / "pictures"
PROGRAM: Final = Path(sys.executable).with_name("retailstream")

LATER: Final = 8
"""How many weeks come one after another."""

MOST: Final = 300_000
"""A picture is no larger than so many bytes."""

GRAPH: Final = (
    "sum by (environment) (retailstream_newest_week_sales_dollars)",
    'sum by (stage) (retailstream_last_run_duration_seconds{stage=~"ingest|glue-merge|load-rds|features|sqoop"})',
)
"""What Prometheus is asked to draw."""


class Chain:
    """A chain in a folder, and the commands that work for it."""

    def __init__(self, folder: Path, gateway: str) -> None:
        self.folder = folder
        self._variables = {
            "RETAILSTREAM__MONITORING__PUSHGATEWAY": gateway,
            "RETAILSTREAM__ENVIRONMENT": "production",
        }

    def __call__(self, *words: str, code: int = 0) -> None:
        """Run a command that ends with that exit code."""
        variables = {**os.environ, **self._variables}
        done = subprocess.run(
            [str(PROGRAM), *words], cwd=self.folder, env=variables, check=False, capture_output=True, text=True
        )
        if done.returncode != code:
            raise SystemExit(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")

    def shows(self, *words: str) -> tuple[str, str]:
        """Return a command and what it prints on a terminal."""
        printed = terminal.printed([str(PROGRAM), *words], self.folder, self._variables)
        return f"retailstream {' '.join(words)}", printed


def main() -> None:
    """Take every picture."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, _watched(Path(folder) / "stack") as place, sync_playwright() as running:
        chain = Chain(Path(folder), prometheus.url(place, "pushgateway"))
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        began = _live(chain, browser)
        _graph(browser, prometheus.url(place, "prometheus"), seconds=time.time() - began)
        _terminals(chain, browser)
        chain("forecast")
        chain("analyze", "all", "--report", "report")
        time.sleep(3)
        _page(browser, f"{prometheus.url(place, 'prometheus')}/consoles/retailstream.html", "console")
        _page(browser, (Path(folder) / "report" / "index.html").as_uri(), "report", height=1400)
        browser.close()
    for path in sorted(FOLDER.glob("*.png")):
        size = path.stat().st_size
        print(f"{path.relative_to(ROOT)}: {size / 1000:,.0f} kB")
        if size > MOST:
            raise SystemExit(f"{path} is too large")


@contextmanager
def _watched(folder: Path) -> Iterator[Place]:
    """Prometheus, and what belongs to it, for the block."""
    variables = {**os.environ, "RETAILSTREAM_STACK": str(folder)}
    stack = [sys.executable, "-m", "stack"]
    subprocess.run([*stack, "up", "prometheus"], cwd=ROOT, env=variables, check=True)
    try:
        os.environ["RETAILSTREAM_STACK"] = str(folder)
        yield Place.here()
    finally:
        subprocess.run([*stack, "down"], cwd=ROOT, env=variables, check=True)


def _live(chain: Chain, browser: Browser) -> float:
    """Run a first load, of which there is a picture, and some weeks; return when those began."""
    chain("sample", "all")
    shutil.copytree(chain.folder / "all", chain.folder / "drop")
    files = sorted((chain.folder / "drop" / "sales").iterdir())[-LATER:]
    for file in files:
        file.unlink()
    first = chain.shows("run", "--source", "drop")
    asked = chain.shows("analyze", "holiday-sales")
    terminal.picture(browser, dict([first, asked]), FOLDER / "run.png")
    began = time.time()
    for file in files:
        shutil.copy(chain.folder / "all" / "sales" / file.name, file)
        chain("run", "--source", "drop")
        time.sleep(4)
    return began


def _terminals(chain: Chain, browser: Browser) -> None:
    terminal.picture(browser, dict([chain.shows("monitor")]), FOLDER / "monitor.png")


def _page(browser: Browser, url: str, name: str, *, height: int = 0) -> None:
    """Take a picture of a page: its top of that height, or all of it."""
    page = browser.new_page(viewport={"width": 1200, "height": height or 900})
    page.goto(url)
    page.screenshot(path=FOLDER / f"{name}.png", full_page=not height)
    page.close()


def _graph(browser: Browser, url: str, *, seconds: float) -> None:
    """Let Prometheus draw its graphs of the last seconds, on its own page."""
    words = "&".join(
        f"g{place}.expr={quote(query)}&g{place}.tab=0&g{place}.range_input={seconds:.0f}s"
        for place, query in enumerate(GRAPH)
    )
    page = browser.new_page(viewport={"width": 1200, "height": 1560})
    page.goto(f"{url}/graph?{words}")
    page.wait_for_timeout(4000)
    page.screenshot(path=FOLDER / "prometheus.png")
    page.close()


if __name__ == "__main__":
    main()
