"""Lambda, Scheduler, Secrets Manager and CloudFormation of AWS: ministack, which needs no container."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Final

from stack.installing import python
from stack.place import CACHE, HOST
from stack.server import Server

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "ministack"
REQUIREMENT: Final = "ministack==1.5.33"


def _install() -> None:
    python(REQUIREMENT, NAME)


def _endpoint(place: Place) -> str:
    return f"http://{HOST}:{place.port(NAME)}"


def _ready(place: Place) -> object:
    with urllib.request.urlopen(f"{_endpoint(place)}/_ministack/health", timeout=5) as answer:  # noqa: S310 -- ours
        return json.load(answer)


MINISTACK: Final = Server(
    NAME,
    install=_install,
    command=lambda _place: [str(CACHE / NAME / "bin" / "ministack")],
    environment=lambda place: {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(place.port(NAME)),
        "TMPDIR": str(place.data(NAME)),
    },
    ready=_ready,
    address=_endpoint,
    gives=lambda place: {"MINISTACK_URL": _endpoint(place)},
)
