"""The report in a real browser: nothing on the console, nothing cut off, no request to the network."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


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
