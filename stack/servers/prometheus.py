"""Prometheus, with the rules and the console page of `configs/monitoring`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from stack import prometheus
from stack.installing import program
from stack.server import Server

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "prometheus"


def _prepare(place: Place) -> None:
    prometheus.configure(place)


def _command(place: Place) -> list[str]:
    folder = place.data("monitoring")
    return [
        program(NAME),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={place.data(NAME)}",
        f"--web.listen-address={prometheus.address(place, NAME)}",
        f"--web.external-url={prometheus.url(place, NAME)}/",
        f"--web.console.templates={folder / 'consoles'}",
        "--web.enable-lifecycle",
    ]


PROMETHEUS: Final = Server(
    NAME,
    install=prometheus.installed(NAME, NAME, "promtool"),
    needs=("pushgateway", "alertmanager"),
    prepare=_prepare,
    command=_command,
    ready=partial(prometheus.ready, name=NAME),
    address=lambda place: f"{prometheus.url(place, NAME)}/consoles/retailstream.html",
    gives=lambda place: {"PROMETHEUS_URL": prometheus.url(place, NAME)},
)
