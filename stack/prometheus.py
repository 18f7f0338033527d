"""What the servers of monitoring share: the files of `configs/monitoring`, with our addresses and in a hurry."""

from __future__ import annotations

import re
import shutil
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Final

from stack.installing import debian
from stack.place import HOST, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stack.place import Place

FILES: Final = ROOT / "configs" / "monitoring"

PORTS: Final = {"prometheus": 9090, "pushgateway": 9091, "alertmanager": 9093, "pager": 9095}
"""The servers, and where the files suppose them to be."""

_HURRY: Final = (
    (r"(scrape_interval|evaluation_interval|group_wait|group_interval): \S+", r"\1: 1s"),
    (r"\bfor: ([0-9]+)m", r"for: \1s"),
    (r"\bfor: 1h", "for: 60s"),
)
"""Minutes become seconds: nobody wants to wait for an alert on his own machine."""


def installed(package: str, *programs: str) -> Callable[[], None]:
    """Return what installs a package of Debian that would start a service of its own, on all addresses."""
    return partial(debian, package, *programs, services=(package,))


def address(place: Place, name: str) -> str:
    """Return where one of the servers listens."""
    return f"{HOST}:{place.port(name)}"


def url(place: Place, name: str) -> str:
    """Return the URL of one of the servers."""
    return f"http://{address(place, name)}"


def configure(place: Place) -> Path:
    """Write this stack's copy of the files, and return their folder."""
    folder = place.data("monitoring")
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    for path in folder.rglob("*.yml"):
        text = path.read_text(encoding="utf-8")
        for name, port in PORTS.items():
            text = text.replace(f"{HOST}:{port}", address(place, name))
        for pattern, replacement in _HURRY:
            text = re.sub(pattern, replacement, text)
        path.write_text(text, encoding="utf-8")
    return folder


def ready(place: Place, name: str) -> bytes:
    """Ask a server whether it is ready to serve."""
    with urllib.request.urlopen(f"{url(place, name)}/-/ready", timeout=5) as answer:  # noqa: S310 -- ours
        data: bytes = answer.read()
        return data
