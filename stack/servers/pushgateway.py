"""Prometheus Pushgateway: what runs push stays there until Prometheus comes for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from stack import prometheus
from stack.installing import program
from stack.server import Server

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "pushgateway"
PROGRAM: Final = "prometheus-pushgateway"


def _command(place: Place) -> list[str]:
    kept = f"--persistence.file={place.data(NAME) / 'pushed'}"
    return [program(PROGRAM), f"--web.listen-address={prometheus.address(place, NAME)}", kept]


PUSHGATEWAY: Final = Server(
    NAME,
    install=prometheus.installed(PROGRAM, PROGRAM),
    command=_command,
    ready=partial(prometheus.ready, name=NAME),
    address=partial(prometheus.url, name=NAME),
    gives=lambda place: {"RETAILSTREAM__MONITORING__PUSHGATEWAY": prometheus.url(place, NAME)},
)
