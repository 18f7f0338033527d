"""`python -m stack up|down|status|logs|install`."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from filelock import FileLock
from rich.console import Console
from rich.table import Table

from stack import mysql
from stack.installing import debian, python
from stack.place import CACHE, Place, variables, write_private
from stack.progress import PROGRESS, MissingError
from stack.servers import SERVERS, with_needs
from stack.supervision import RUNNING, Supervisor
from stack.tools import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from stack.server import Server
    from stack.supervision import Process
    from stack.tools import Tool

SPARK_OF_GLUE: Final = (
    "pyspark==3.5.6 awsgluedataplanepython==5.1.0 pandas>=2.2,<3 pyarrow>=17,<22 boto3 duckdb filelock pydantic pymysql"
    " python-dotenv tenacity"
)
"""The environment of a Glue job, in which the tests run it."""

READY_SECONDS: Final = 180
TAIL: Final = 15

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The real services on this machine.",
)


class FailedError(Exception):
    """A server that did not start, with the end of its log."""


@app.command()
def install() -> None:
    """Install what servers and tests need into the cache; at once where nothing is missing."""
    compiler = partial(debian, "gcc libc6-dev", "gcc")  # tests/power compiles what records a run
    _install(SERVERS, mysql.install, partial(python, SPARK_OF_GLUE, "spark35"), compiler)


@app.command()
def up(
    names: Annotated[list[str] | None, typer.Argument(help="These, and what they need; all without.")] = None,
) -> None:
    """Start every server that does not run, wait until all are ready, and write the file of variables."""
    servers = _named(names or [])
    _install(servers)
    place = Place.here()
    place.keep()
    with FileLock(place.folder / "lock"):
        fresh = not Supervisor(place).is_running()
        try:
            _start(place, servers)
        except BaseException:
            if fresh:
                _take_away(place)
            raise
    _print(place, Supervisor(place).processes())
    print(f"\nready; what to set is in {_shown(place.environment)}, which configs/stack.toml reads")


@app.command()
def down() -> None:
    """Stop every server, and remove all data of the stack; what was installed stays."""
    place = Place.here()
    there = place.folder.exists()
    _take_away(place)
    print(f"{_shown(place.folder)} is gone, with all its servers" if there else "no stack is there")


@app.command()
def status() -> None:
    """Say of every server whether it runs, where and since when; ends with 1 where one does not."""
    place = Place.here()
    processes = Supervisor(place).processes()
    if not processes:
        print("no stack is running; make stack-up")
        raise typer.Exit(1)
    _print(place, processes)
    failed = [process.name for process in processes if process.state != RUNNING]
    for name in failed:
        print(f"\n{_crashed(place, name)}")
    if failed:
        print("\nmake stack-up starts it again")
        raise typer.Exit(1)


@app.command()
def logs(
    server: Annotated[str, typer.Argument(help="One server; all of them without.")] = "",
    lines: Annotated[int, typer.Option(help="How many lines of each.")] = 40,
) -> None:
    """Print the ends of the servers' logs."""
    place = Place.here()
    for name in [server] if server else [found.name for found in SERVERS]:
        print(f"== {name}: {_shown(place.log(name))}")
        print(_tail(place.log(name), lines))


def _install(servers: Sequence[Server], *more: Callable[[], object]) -> None:
    """Install servers, their tools and more; another stack that installs into the same cache goes first."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "lock"):
        installs = [*(server.install for server in servers), *(tool.install for tool in _tools(servers))]
        PROGRESS.install_all([*more, *installs])


def _named(names: Sequence[str]) -> tuple[Server, ...]:
    known = [server.name for server in SERVERS]
    found = {name: [server for server in known if name in {server, server.partition("-")[0]}] for name in names}
    for name, servers in found.items():
        if not servers:
            raise FailedError(f"there is no server {name}; there are {', '.join(known)}")
    return with_needs([server for servers in found.values() for server in servers])


def _start(place: Place, servers: Sequence[Server]) -> None:
    """Start servers in their order, each when those that it needs are ready; others start side by side."""
    for server in servers:
        place.port(server.name)
        server.command(place)
        server.environment(place)
    place.keep()
    supervisor = Supervisor(place)
    supervisor.open(servers)
    started: list[Server] = []
    for server in servers:
        for needed in [found for found in started if found.name in server.needs]:
            _finish(place, supervisor, needed)
            started.remove(needed)
        server.prepare(place)
        supervisor.start(server)
        started.append(server)
    for server in started:
        _finish(place, supervisor, server)
    for tool in _tools(servers):
        tool.write(place)
    _tell_variables(place, {process.name for process in supervisor.processes()})


def _tell_variables(place: Place, running: Collection[str]) -> None:
    there = [server for server in SERVERS if server.name in running]
    given: dict[str, str] = {}
    for gives in [*(server.gives for server in there), *(tool.gives for tool in _tools(there))]:
        given |= gives(place)
    place.keep()
    write_private(place.environment, variables(given.items()))


def _tools(servers: Collection[Server]) -> list[Tool]:
    names = {server.name for server in servers}
    return [tool for tool in TOOLS if tool.server in names]


def _finish(place: Place, supervisor: Supervisor, server: Server) -> None:
    _wait(place, supervisor, server)
    server.arrange(place)


def _wait(place: Place, supervisor: Supervisor, server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            server.ready(place)
        except Exception as error:
            process = next(found for found in supervisor.processes() if found.name == server.name)
            if process.state not in {RUNNING, "STARTING"}:
                raise FailedError(_crashed(place, server.name)) from error
            if time.monotonic() > deadline:
                told = f"{server.name} is not ready after {READY_SECONDS} seconds: {error}"
                raise FailedError(f"{told}\n{_tail(place.log(server.name), TAIL)}") from error
            time.sleep(0.1)
        else:
            return


def _take_away(place: Place) -> None:
    Supervisor(place).stop()
    place.remove()


def _print(place: Place, processes: Sequence[Process]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("server", "state", "address", "pid", "memory", "since"):
        table.add_column(name, justify="right" if name in {"pid", "memory"} else "left", no_wrap=name != "address")
    found = {process.name: process for process in processes}
    for server in SERVERS:
        if process := found.get(server.name):
            runs = process.state == RUNNING
            since = datetime.fromtimestamp(process.since).astimezone().strftime("%H:%M:%S") if runs else ""
            told = (str(process.pid), _memory(process.pid)) if runs else ("", "")
            table.add_row(server.name, process.state.lower(), server.address(place), *told, since)
    Console(width=None if sys.stdout.isatty() else 140).print(table, highlight=False, markup=False)


def _memory(pid: int) -> str:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return f"{int(line.split()[1]) // 1024} MB"
    return ""


def _crashed(place: Place, name: str) -> str:
    return f"{name} has ended; its log {_shown(place.log(name))} ends with\n{_tail(place.log(name), TAIL)}"


def _tail(path: Path, lines: int) -> str:
    if not path.is_file():
        return "  (nothing)"
    last = path.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(f"  {line}" for line in last) or "  (nothing)"


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def main() -> None:
    """Run the command line; what fails is told in a sentence."""
    try:
        app()
    except (FailedError, MissingError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
