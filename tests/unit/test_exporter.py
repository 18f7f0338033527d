"""Whoever connects to the exporter and keeps silent takes it from nobody else."""

from __future__ import annotations

import socket
import time
import urllib.request
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

import pytest

from retailstream import metrics
from retailstream.adapters.metrics import exporter
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(exporter._Handler, "timeout", 0.3)
    with exporter.serving(HOST, 0) as (port, show):
        show([({"environment": "local"}, [metrics.LOOK_FAILED.of(0)])])
        yield port


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def test_a_silent_connection_is_closed(port: int) -> None:
    with closing(socket.create_connection((HOST, port), timeout=30)) as silent:
        silent.sendall(b"GET /met")
        assert silent.recv(1) == b""

    assert f"{metrics.LOOK_FAILED.name}{{" in scraped(port)


@pytest.mark.parametrize("sent", [b"GET /metrics HTTP/1.0", b"GET /metrics HTTP/1.0\r\nX: "], ids=["line", "header"])
def test_who_sends_a_byte_at_a_time_has_no_more_time_than_others(
    port: int, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(exporter._Handler, "deadline", 1.0)
    with closing(socket.create_connection((HOST, port), timeout=0.1)) as dripping:
        dripping.sendall(sent)
        begun, closed = time.monotonic(), False
        while not closed and time.monotonic() < begun + 20:
            with suppress(TimeoutError):
                dripping.sendall(b"x")
                closed = dripping.recv(1) == b""

    assert closed
    assert f"{metrics.LOOK_FAILED.name}{{" in scraped(port)


def test_who_does_not_take_what_it_asked_for_has_no_more_time_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "CONNECTIONS", 1)
    monkeypatch.setattr(exporter._Handler, "deadline", 1.0)
    with exporter.serving(HOST, 0) as (port, show), closing(socket.socket()) as dripping:
        show([({"environment": f"{number:0500}"}, [metrics.LOOK_FAILED.of(0)]) for number in range(20_000)])
        dripping.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        dripping.connect((HOST, port))
        dripping.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert dripping.recv(1)
        show([])
        begun, served = time.monotonic(), False
        while not served and time.monotonic() < begun + 8:
            dripping.recv(1)
            time.sleep(0.1)
            with suppress(OSError):
                served = scraped(port) == ""

    assert served


def test_too_many_connections_are_turned_away_and_the_next_are_served(port: int) -> None:
    with ExitStack() as stack:
        many = [
            stack.enter_context(closing(socket.create_connection((HOST, port), timeout=30)))
            for _ in range(3 * exporter.CONNECTIONS)
        ]
        for connection in many:
            assert connection.recv(1) == b""

    assert f"{metrics.LOOK_FAILED.name}{{" in scraped(port)


def test_no_more_are_served_at_once_than_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter._Handler, "timeout", 30)
    with exporter.serving(HOST, 0) as (port, _show), ExitStack() as stack:
        held = [
            stack.enter_context(closing(socket.create_connection((HOST, port), timeout=30)))
            for _ in range(exporter.CONNECTIONS)
        ]
        with closing(socket.create_connection((HOST, port), timeout=30)) as beyond:
            assert beyond.recv(1) == b""
        held.pop().close()


def test_where_nothing_can_listen_is_told(port: int) -> None:
    with pytest.raises(UsageError, match=f"nothing can listen on {HOST}:{port}: "), exporter.serving(HOST, port):
        pass
