"""The processes of a stack, kept by supervisor: one daemon behind a socket in the folder of the stack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervisor.xmlrpc import SupervisorTransport

from stack.place import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stack.place import Place
    from stack.server import Server

MARK: Final = "RETAILSTREAM_STACK_PROCESS"
"""The variable that every process of a stack has; its value is the folder of the stack."""

STOP_SECONDS: Final = 20

RUNNING: Final = "RUNNING"


@dataclass(frozen=True)
class Process:
    """A process as supervisor tells of it."""

    name: str
    state: str
    pid: int
    since: float


class Supervisor:
    """The daemon of one stack."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._socket = place.folder / "supervisor.sock"

    def open(self, servers: Sequence[Server]) -> None:
        """Start the daemon for these servers; one that runs is told of those that it does not know."""
        settings = self._place.folder / "supervisord.conf"
        if not self.is_running():
            write_private(settings, self._settings(servers))
            scratch = str(self._place.data("tmp"))
            environment = {**os.environ, MARK: str(self._place.folder), "TMPDIR": scratch}
            command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(settings)]
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
            return
        known = {process.name for process in self.processes()}
        if added := [server for server in servers if server.name not in known]:
            lines = [line for server in added for line in self._program(server)]
            write_private(settings, settings.read_text() + "".join(f"{line}\n" for line in lines))
            self._ask("reloadConfig")
            for server in added:
                self._ask("addProcessGroup", server.name)

    def start(self, server: Server) -> None:
        """Start a server that does not run."""
        process = next(found for found in self.processes() if found.name == server.name)
        if process.state not in {RUNNING, "STARTING"}:
            self._ask("startProcess", server.name, False)  # noqa: FBT003 -- without waiting

    def is_running(self) -> bool:
        """Say whether the daemon answers."""
        try:
            self._ask("getState")
        except (OSError, xmlrpc.client.Fault):  # it is not there, or about to go
            return False
        return True

    def processes(self) -> list[Process]:
        """Return every process; none where the daemon is not there."""
        if not self.is_running():
            return []
        return [
            Process(found["name"], found["statename"], found["pid"], found["start"])
            for found in self._ask("getAllProcessInfo")
        ]

    def stop(self) -> None:
        """End the daemon and all servers, and whatever a daemon that was killed has left."""
        if self.is_running():
            self._ask("shutdown")
            self._wait_until_gone()
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._left():
                os.kill(pid, number)
            self._wait_until_gone()

    def _wait_until_gone(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while any(self._left()) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _left(self) -> Iterator[int]:
        """Yield the processes that bear the mark of this stack: a number alone might be another's by now."""
        mark = f"{MARK}={self._place.folder}".encode()
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                marked = mark in path.read_bytes().split(b"\0")
                zombie = path.with_name("stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                continue
            if marked and not zombie:
                yield int(path.parent.name)

    def _ask(self, method: str, *words: Any) -> Any:  # noqa: ANN401 -- as supervisor's interface has it
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport) as proxy:
            return getattr(proxy.supervisor, method)(*words)

    def _settings(self, servers: Sequence[Server]) -> str:
        folder = self._place.folder
        lines = [
            "[unix_http_server]",
            f"file={self._socket}",
            "chmod=0700",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
            "[supervisord]",
            f"logfile={folder / 'log' / 'supervisor.log'}",
            f"pidfile={folder / 'supervisor.pid'}",
            f"childlogdir={folder / 'log'}",
        ]
        for server in servers:
            lines += self._program(server)
        return "".join(f"{line}\n" for line in lines)

    def _program(self, server: Server) -> list[str]:
        variables = ",".join(f'{name}="{value}"' for name, value in server.environment(self._place).items())
        words = " ".join(f'"{word}"' for word in server.command(self._place))
        return [
            f"[program:{server.name}]",
            f"command={_escaped(words)}",
            f"environment={_escaped(variables)}",
            f"directory={_escaped(str(self._place.folder))}",
            f"stdout_logfile={_escaped(str(self._place.log(server.name)))}",
            "redirect_stderr=true",
            "autostart=false",
            "autorestart=false",  # a crash is to be seen, not hidden
            "startsecs=0",
            "stopasgroup=true",
            "killasgroup=true",
            f"stopwaitsecs={STOP_SECONDS - 5}",
        ]


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
