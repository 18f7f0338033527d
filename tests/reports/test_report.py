"""The report, result tables, pictures and pages that the command line writes, and the page in a real browser."""

from __future__ import annotations

import os
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from retailstream.analytics.catalog import use_cases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.environment import Environment

pytestmark = pytest.mark.slow

EMPTY_SALES = "Store,Dept,Date,Weekly_Sales,IsHoliday\n"


OVERFLOWING = """() => [...document.querySelectorAll('body *')]
  .filter(element => !element.closest('.scroll') && element.getBoundingClientRect().right > innerWidth + 1)
  .map(element => element.outerHTML.slice(0, 120))"""

CUT_OFF = """() => [...document.querySelectorAll('h1, h2, h3, p, li, dd, .figure')]
  .filter(element => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
  .map(element => element.textContent.slice(0, 120))"""

OVERLAPPING = """() => {
  const boxes = [...document.querySelectorAll('h1, h2, h3, p, li, .figure, img, tr, dt, dd')]
    .map(element => ({element, box: element.getBoundingClientRect()})).filter(({box}) => box.height > 0);
  const cross = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return boxes.flatMap((one, place) => boxes.slice(place + 1)
    .filter(other => !one.element.contains(other.element) && cross(one.box, other.box))
    .map(other => `${one.element.textContent.slice(0, 40)} / ${other.element.textContent.slice(0, 40)}`));
}"""


class Links(HTMLParser):
    """The addresses that a page names, and the text it shows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attributes if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_names_its_files(chain: Environment, report: Path) -> None:
    names = {path.name for path in report.iterdir()}
    endings = ("csv", "parquet", "svg", "png")
    assert names == {"index.html", *(f"{name}.{ending}" for name in use_cases() for ending in endings)}


def test_the_page_sums_up_every_answer(chain: Environment, report: Path) -> None:
    text = " ".join(Links((report / "index.html").read_text()).text.split())
    for told in chain.stage("analyze", "all")["answers"]:
        assert text.count(" ".join(told["headline"].split())) >= 2
        assert use_cases()[told["analysis"]].question in text
    assert "The data: not healthy" in text  # what the chain of the fixtures tells on purpose
    assert re.search(r"Run \d{8}T\d{6}Z-[0-9a-f]{6}; weeks from", text)


def test_the_page_needs_nothing_but_itself_and_the_files_beside_it(report: Path) -> None:
    html = (report / "index.html").read_text()
    assert "<script" not in html
    addresses = Links(html).addresses
    assert len(addresses) > 2 * len(use_cases())
    for address in addresses:
        assert address.startswith(("data:", "#")) or (report / address).is_file(), address


@pytest.mark.parametrize("name", use_cases())
def test_each_table_and_chart_lies_beside_the_page(chain: Environment, report: Path, name: str) -> None:
    assert (report / f"{name}.csv").read_text() == chain.command("analyze", name, "--format", "csv").stdout
    for ending in ("parquet", "svg", "png"):
        assert (report / f"{name}.{ending}").stat().st_size > 500


def test_the_same_data_gives_the_same_page(chain: Environment) -> None:
    first, second = (chain.command("analyze", "yearly-stores", "--format", "html").stdout for _ in range(2))
    assert first == second


def test_run_writes_a_report_only_when_asked(env: Environment, tmp_path: Path) -> None:
    env.write({"sales/week.csv": EMPTY_SALES + "1,1,2012-02-10,5,TRUE\n", "stores/s.csv": "Store,Type,Size\n1,A,10\n"})
    assert not any("index.html" in output for output in env.run()["outputs"])
    summary = env.run("--report", str(tmp_path / "report"))
    assert summary["outputs"][-1] == str(tmp_path / "report" / "index.html")
    text = " ".join(Links((tmp_path / "report" / "index.html").read_text()).text.split())
    assert "The stores have no type B; they have A." in text
    assert "There are no features yet" in text
    assert not (tmp_path / "report" / "fuel-prices.svg").exists()


def test_a_report_of_nothing_is_sentences(env: Environment, tmp_path: Path) -> None:
    env.write({"sales/week.csv": EMPTY_SALES})
    env.run()
    env.command("analyze", "all", "--report", str(tmp_path))
    text = " ".join(Links((tmp_path / "index.html").read_text()).text.split())
    assert "The warehouse has no sales yet." in text
    assert text.count("There are no sales yet: retailstream run") >= 3
    assert not list(tmp_path.glob("*.svg"))


def test_a_chart_is_written_for_one_answer(chain: Environment, tmp_path: Path) -> None:
    for ending, start in (("svg", b"<svg"), ("png", b"\x89PNG")):
        file = tmp_path / f"chart.{ending}"
        outcome = chain.command("analyze", "fuel-prices", "--chart", str(file))
        assert outcome.stderr == f"written: {file}\n"
        assert file.read_bytes().startswith(start)
    assert chain.command("analyze", "fuel-prices", "--chart", str(tmp_path / "chart.gif")).error == (
        f"error: --chart {tmp_path / 'chart.gif'} is no picture"
    )


def test_there_is_no_chart_without_rows(chain: Environment, tmp_path: Path) -> None:
    outcome = chain.command("analyze", "customer-visits", "--type", "Q", "--chart", str(tmp_path / "c.svg"))
    assert outcome.exit_code == 0
    assert outcome.stderr.splitlines() == [
        f"there is nothing to draw; {tmp_path / 'c.svg'} is not written",
        "The stores have no type Q; they have A, B and C.",
    ]
    assert not list(tmp_path.iterdir())


def test_one_answer_as_a_page(chain: Environment, tmp_path: Path) -> None:
    page = chain.command("analyze", "yearly-stores", "--format", "html").stdout
    assert page.startswith("<!doctype html>")
    assert all(address.startswith("data:") for address in Links(page).addresses)
    chain.command("analyze", "yearly-stores", "--output", str(tmp_path / "page.html"))
    assert (tmp_path / "page.html").read_text() == page


def test_saved_answers_take_the_place_of_older_ones(chain: Environment) -> None:
    first = chain.stage("analyze", "weekly-top-stores", "--save", "--run-id", "first")
    rows = chain.database("select * from result_weekly_top_stores")
    assert len(rows) == first["rows"]
    assert {row[-1] for row in rows} == {"first"}

    second = chain.stage("analyze", "weekly-top-stores", "--top", "1", "--save", "--run-id", "second")
    assert second["outputs"] == [f"sqlite:///{chain.home}/retail.db#result_weekly_top_stores"]
    rows = chain.database(
        "select typeof(date), typeof(total_sales), typeof(store), run_id from result_weekly_top_stores"
    )
    assert len(rows) == second["rows"]
    assert set(rows) == {("text", "real", "integer", "second")}


def test_all_answers_are_saved_and_figures_stay_as_printed(chain: Environment) -> None:
    chain.command("analyze", "all", "--save")
    for name in use_cases():
        rows = chain.command("analyze", name, "--format", "json").document
        table = f"result_{name.replace('-', '_')}"
        columns = ", ".join(rows[0])
        assert chain.database(f"select {columns} from {table}") == [tuple(row.values()) for row in rows]


def test_the_pipeline_never_minds_result_tables(chain: Environment) -> None:
    chain.command("analyze", "all", "--save")
    assert chain.run()["status"] == "noop"
    assert not [check for check in chain.failing() if check.startswith("reconcile")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("RETAILSTREAM_REQUIRE") == "all":
            pytest.fail("there is no Chromium on this machine, and RETAILSTREAM_REQUIRE=all asks for it")
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- only where there is a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Browser, file: Path, width: int, requests: list[str], console: list[str]) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: console.append(message.text))
    page.on("pageerror", lambda error: console.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_whole_at_desktop_and_phone_width(browser: Browser, report: Path, width: int) -> None:
    requests: list[str] = []
    console: list[str] = []
    page = opened(browser, report / "index.html", width, requests, console)
    assert console == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate(OVERLAPPING) == []
    # Every chart is drawn for the width it has: letters of 11 pixels are never shrunk to less than 9.
    assert page.evaluate("[...document.images].every(image => image.width / image.naturalWidth > 0.85)")
    page.close()


def test_the_page_prints_an_answer_a_sheet(browser: Browser, report: Path, tmp_path: Path) -> None:
    page = opened(browser, report / "index.html", 1280, [], [])
    answers = page.locator("section").count()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})  # the printable width of A4
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("[...document.querySelectorAll('table')].filter(t => t.offsetWidth > 689).length") == 0
    pdf = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    page.close()
    assert len(re.findall(rb"/Type /Page\b", pdf)) == answers + 1
