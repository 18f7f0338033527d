"""Prometheus Alertmanager, and the pager it sends alerts to."""

from __future__ import annotations

import sys
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Final

from stack import prometheus
from stack.installing import program
from stack.place import ROOT
from stack.server import Server

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "alertmanager"
PROGRAM: Final = "prometheus-alertmanager"
PAGER: Final = "pager"


def _prepare(place: Place) -> None:
    prometheus.configure(place)


def _command(place: Place) -> list[str]:
    return [
        program(PROGRAM),
        f"--config.file={place.data('monitoring') / 'alertmanager.yml'}",
        f"--storage.path={place.data(NAME)}",
        f"--web.listen-address={prometheus.address(place, NAME)}",
        "--cluster.listen-address=",  # it has no peers, and must not wait for any
    ]


def _pager_ready(place: Place) -> object:
    with urllib.request.urlopen(prometheus.url(place, PAGER), timeout=5) as answer:  # noqa: S310 -- ours
        return answer.status


ALERTS: Final = Server(
    PAGER,
    install=lambda: None,
    command=lambda place: [sys.executable, "-m", "stack.pager", str(place.port(PAGER))],
    environment=lambda _place: {"PYTHONPATH": str(ROOT)},
    ready=_pager_ready,
    address=partial(prometheus.url, name=PAGER),
)

ALERTMANAGER: Final = Server(
    NAME,
    install=prometheus.installed(PROGRAM, PROGRAM, "amtool"),
    needs=(PAGER,),
    prepare=_prepare,
    command=_command,
    ready=partial(prometheus.ready, name=NAME),
    address=partial(prometheus.url, name=NAME),
    gives=lambda place: {"ALERTMANAGER_URL": prometheus.url(place, NAME)},
)
