"""A process that has imported everything and opened nothing: each command line it is sent runs in a fork of it.

A fork costs hundredths of a second where a new interpreter costs most of one. It counts what it does to files and to
both databases, so that it can kill or stop itself before the N-th of these events, and notes them in a file.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sqlite3
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import duckdb
from botocore.httpsession import URLLib3Session
from pymysql.connections import Connection as MySqlConnection
from typer.main import get_command

from retailstream import diagnosis, execution, stage_wiring
from retailstream.adapters.database import sqlite
from retailstream.adapters.engine import duckdb as engine
from retailstream.adapters.lake.s3_runtime import Runtime
from retailstream.adapters.warehouse import folder
from retailstream.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Callable

AUDITED = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "sqlite3.connect")
PIECE = 700
"""How many bytes of a file are copied at a time, so that half a copy is a moment too."""
COMMANDS = get_command(app)
IMPORTED = (diagnosis, execution, sqlite, engine, folder)
"""What commands import when they need it: a fork has it already."""


class Events:
    """What a command line does, counted; before event `last`, its process gets a signal."""

    def __init__(self, home: str, last: int | str | tuple[str, str, int, int], last_signal: int) -> None:
        self.seen: list[tuple[str, str, str]] = []
        self.stage = "around"
        self._home = home
        self._last = last
        self._signal = last_signal
        self._one_at_a_time = threading.RLock()

    def tick(self, kind: str, detail: str) -> None:
        with self._one_at_a_time:
            if self._is_last(kind, detail):
                self._last = -1
                os.kill(os.getpid(), self._signal)
            self.seen.append((self.stage, kind, detail))

    def _is_last(self, kind: str, detail: str) -> bool:
        if isinstance(self._last, int):
            return self._last == len(self.seen)
        if isinstance(self._last, str):
            return self._last in f"{self.stage} {kind} {detail}"
        stage, ending, nth, later = self._last
        if self.stage == stage and detail.endswith(ending):
            self._last = (stage, ending, nth - 1, later) if nth else len(self.seen) + later
        return self._last == len(self.seen)

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event in AUDITED:
            self.tick(event, str(args[1] if event == "os.rename" else args[0]))
        elif event == "open" and str(args[0]).startswith(self._home):
            self.tick(event, str(args[0]))


class Connection(sqlite3.Connection):
    """A connection that counts what is executed."""

    events: Events

    def execute(self, *args: Any) -> Any:
        self.events.tick("sqlite", args[0].strip())
        return super().execute(*args)

    def executemany(self, *args: Any) -> Any:
        self.events.tick("sqlite", args[0].strip())
        return super().executemany(*args)


class Counted:
    """A connection of DuckDB that counts what is executed."""

    def __init__(self, connection: Any, events: Events) -> None:
        self._connection = connection
        self._events = events

    def execute(self, *args: Any) -> Any:
        self._events.tick("duckdb", args[0].strip())
        return self._connection.execute(*args)

    def cursor(self) -> Counted:
        return Counted(self._connection.cursor(), self._events)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def watch(events: Events) -> None:
    """Count what is written from now on in this process."""
    Connection.events = events
    opened, connected, sent, synced = sqlite3.connect, duckdb.connect, os.sendfile, os.fsync

    def counted(*args: Any, factory: type[sqlite3.Connection] = sqlite3.Connection, **more: Any) -> sqlite3.Connection:
        return opened(*args, factory=type("Counted", (Connection, factory), {}), **more)

    def send(out: int, into: int, at: int, size: int) -> int:
        events.tick("sendfile", "")
        return sent(out, into, at, min(size, PIECE))

    def sync(file: int) -> None:
        events.tick("fsync", "")
        synced(file)

    def staged(stage: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            events.stage = stage
            try:
                return real(*args)
            finally:
                events.stage = "around"

        return call

    def told(real: Callable[..., Any], kind: str, about: Callable[..., str]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            events.tick(kind, about(*args))
            return real(*args, **more)

        return call

    sql = told(MySqlConnection.query, "mysql", lambda _connection, statement, *_: str(statement).strip())
    http = told(URLLib3Session.send, "s3", lambda _session, request: f"{request.method} {request.url}")
    begun = told(Runtime.begin, "s3", lambda _runtime, key, *_: f"PUT {key}")
    stored = told(Runtime._stored, "s3", lambda *_: "is it stored?")
    changed: tuple[tuple[Any, str, Any], ...] = (
        (sqlite3, "connect", counted),
        (duckdb, "connect", lambda *args, **more: Counted(connected(*args, **more), events)),
        (os, "sendfile", send),
        (os, "fsync", sync),
        (MySqlConnection, "query", sql),
        (URLLib3Session, "send", http),
        (Runtime, "begin", begun),
        (Runtime, "_stored", stored),
    )
    for module, name, value in changed:
        setattr(module, name, value)
    for stages in (stage_wiring.STAGES, stage_wiring.REMAKING):
        stages.update({stage: staged(stage, work) for stage, work in stages.items()})
    sys.addaudithook(events.audit)


def command(request: dict[str, Any]) -> NoReturn:
    """Run one command line in this process, and end it."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        os.dup2(os.open(f"{request['output']}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    tempfile.tempdir = str(Path(request["home"]).parent)
    # A shell starts what it sends to the background with SIGINT ignored, and that would be inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    events = Events(request["home"], request["last"], request["signal"])
    watch(events)
    if request["shim"]:
        root, journal, at, how = request["shim"]
        ctypes.CDLL(None).shim_begin(os.fsencode(root), os.fsencode(journal), ctypes.c_long(at), how)
    code = 1
    try:
        COMMANDS(request["words"])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    if request["record"]:
        Path(request["record"]).write_text(json.dumps(events.seen))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def answer(request: dict[str, Any]) -> int:
    """Start a command line (→ its process id), or wait for one (→ its exit code, or minus the signal it got)."""
    if "words" in request:
        return os.fork() or command(request)
    _pid, status = os.waitpid(request["wait"], os.WUNTRACED)
    return -signal.SIGSTOP if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)


def main() -> None:
    """Answer requests, one JSON object a line."""
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
