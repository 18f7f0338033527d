"""What the servers of the tests share: free ports, waiting for an answer, and what a machine may lack."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALLED = Path(__file__).parents[2] / ".cache" / "services" / "bin"
"""Where `make services` puts what no package of the system has."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def require(there: object, missing: str) -> None:
    """Skip where a part of the machine is not there, or fail where all services are required."""
    if not there and os.environ.get("RETAILSTREAM_REQUIRE") == "all":
        pytest.fail(f"{missing}, and RETAILSTREAM_REQUIRE=all")
    if not there:
        pytest.skip(missing)


def program(name: str) -> str:
    """Return a program's path; skip where it is missing, or fail where all services are required."""
    found = shutil.which(name, path=os.pathsep.join((str(INSTALLED), os.environ["PATH"], "/usr/sbin")))
    require(found, f"{name} is missing: make services")
    return str(found)


def package(name: str) -> Any:
    """Return a Python module; skip where it is not installed, or fail where all services are required."""
    there = find_spec(name.partition(".")[0])
    require(there, f"the package {name} is not installed: make test-services")
    return import_module(name)


def wait_for(process: subprocess.Popen[bytes], log: Path, answers: Callable[[], bool]) -> None:
    """Wait until a server answers."""
    wait_until(
        lambda: answers() or process.poll() is not None, lambda: f"it does not answer: {log.read_text()[-2000:]}"
    )
    assert process.poll() is None, log.read_text()[-2000:]


def own_mounts() -> str:
    """Return the program that gives a process its own view of all mounts; skip where that is not allowed."""
    unshare = program("unshare")
    done = subprocess.run([unshare, "--mount", "true"], capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"no namespace of mounts can be had: {done.stderr}")
    return unshare
