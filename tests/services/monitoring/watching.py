"""Prometheus, Pushgateway and Alertmanager of the tests' own, with a receiver of alerts that remembers them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from stack import prometheus
from stack.place import HOST, Place
from stack.progress import MissingError
from stack.servers.alertmanager import ALERTMANAGER
from stack.servers.prometheus import PROMETHEUS
from stack.servers.pushgateway import PUSHGATEWAY
from tests.processes import wait_until
from tests.services.servers import require, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stack.server import Server

SERVERS = (PUSHGATEWAY, ALERTMANAGER, PROMETHEUS)


@dataclass(frozen=True)
class Told:
    """An alert as it arrived."""

    receiver: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]

    def is_about(self, name: str, **labels: str) -> bool:
        """Say whether it is the alert of that name with those labels."""
        return {"alertname": name, **labels}.items() <= self.labels.items()


@dataclass
class Watch:
    """The three servers, and every alert that arrived so far."""

    place: Place
    told: list[Told] = field(default_factory=list)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def gateway(self) -> str:
        """Where to push to."""
        return prometheus.url(self.place, "pushgateway")

    @property
    def prometheus(self) -> str:
        """Where to ask."""
        return prometheus.url(self.place, "prometheus")

    def start(self, server: Server) -> None:
        """Start a server, and wait until it is ready."""
        server.prepare(self.place)
        log = self.place.folder / f"{server.name}.log"
        with log.open("ab") as stream:
            process = subprocess.Popen(server.command(self.place), stdout=stream, stderr=stream)
        self.running[server.name] = process
        wait_for(process, log, lambda: _answers(lambda: server.ready(self.place)))

    def stop(self, name: str) -> None:
        """End a server."""
        if process := self.running.pop(name, None):
            process.terminate()
            process.wait(timeout=20)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the answer of Prometheus to an instant query."""
        words = urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(f"{self.prometheus}/api/v1/query?{words}", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

    def value(self, query: str) -> float | None:
        """Return the one value of a query, or None where it has none."""
        found = self.ask(query)
        assert len(found) < 2, found
        return float(found[0]["value"][1]) if found else None

    def wait_for(self, what: str, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        wait_until(holds, lambda: f"{what}; told: {self.told}; firing: {self.ask('ALERTS')}", every=0.2)

    def has_told(self, status: str, name: str, **labels: str) -> Told | None:
        """Return the last notification of that status and alert, if it arrived."""
        found = [told for told in self.told if told.status == status and told.is_about(name, **labels)]
        return found[-1] if found else None


def _answers(question: Callable[[], object]) -> bool:
    try:
        question()
    except OSError:
        return False
    return True


@contextmanager
def receiver(port: int, told: list[Told]) -> Iterator[None]:
    """Listen for alerts, and remember them."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            notification = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.extend(
                Told(self.path.strip("/"), alert["status"], alert["labels"], alert["annotations"])
                for alert in notification["alerts"]
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, port), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def installed() -> None:
    """The programs of Debian, installed where the tests may; a machine that cannot have them skips."""
    try:
        for server in SERVERS:
            server.install()
    except MissingError as error:
        require(there=False, missing=str(error))


@pytest.fixture(scope="session")
def watch(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """The three servers, up."""
    place = Place(tmp_path_factory.mktemp("watch"))
    (place.folder / "log").mkdir()
    for server in SERVERS:
        place.port(server.name)
    watch = Watch(place)
    with ExitStack() as stack:
        stack.enter_context(receiver(place.port("pager"), watch.told))
        for server in SERVERS:
            stack.callback(watch.stop, server.name)
            watch.start(server)
        yield watch


def clean_environment(**variables: str) -> dict[str, str]:
    """Return this process's variables without settings of ours, and with these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RETAILSTREAM__")} | variables
