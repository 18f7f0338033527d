"""`monitor --watch` and `monitor --serve`: looks at the health of an environment, again and again until stopped."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from retailstream import metrics, monitoring
from retailstream.cli.health_table import COLUMNS, rows, verdict
from retailstream.cli.render import drawn_table, print_json, print_table, say
from retailstream.cli.session import load_settings, open_session, run_id, wants_json
from retailstream.errors import RetailStreamError, UsageError
from retailstream.execution import describe
from retailstream.interruption import TerminatedError
from retailstream.masking import masked_text
from retailstream.printable import printable
from retailstream.reports import summary_of_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import typer

    from retailstream.health import Health
    from retailstream.metrics import Sample

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"


def watch(context: typer.Context, every: float) -> None:
    """Show each look in the place of the last one, or below it where stdout is no terminal; Ctrl-C ends it well."""
    with ExitStack() as stack:
        show = _show_json if wants_json(context) else _live(stack) if sys.stdout.isatty() else _show_plain
        try:
            while True:
                show(run_id(context), *_look(context))
                sys.stdout.flush()
                time.sleep(every)
        except (KeyboardInterrupt, TerminatedError):
            return


def serve(context: typer.Context, address: str, every: float) -> None:
    """Serve the last look as metrics, and with it how the last run of each stage ended; a signal ends it well."""
    from retailstream.adapters.metrics.exporter import serving

    host, port = _address(address)
    load_settings(context)
    with serving(host, port) as (port, show):
        say(f"metrics are at http://{host}:{port}/metrics", sys.stderr)
        try:
            while True:
                show(_groups(context))
                time.sleep(every)
        except (KeyboardInterrupt, TerminatedError):
            pass
    if wants_json(context):
        print_json(summary_of_nothing("monitor", run_id(context)))


def _look(context: typer.Context) -> tuple[Health | None, RetailStreamError | None]:
    """Return what was found, or why nothing could be: the next look may go well."""
    with open_session(context, create=False) as session:
        try:
            return monitoring.look(session.environment), None
        except RetailStreamError as error:
            return None, error


def _groups(context: typer.Context) -> list[tuple[dict[str, str], list[Sample]]]:
    """Return the figures of health and of last runs by their groups; where a look fails, that it did."""
    with open_session(context, create=False) as session:
        env = session.environment
        name = env.settings.environment
        groups: dict[str, list[Sample]] = {}
        try:
            groups |= monitoring.run_figures(env)
            groups.setdefault("monitor", []).extend(monitoring.health_figures(env, monitoring.look(env)))
        except RetailStreamError as error:
            log.warning("monitor: %s", describe(error))
            groups.setdefault("monitor", []).append(metrics.LOOK_FAILED.of(1))
        else:
            groups["monitor"].append(metrics.LOOK_FAILED.of(0))
    return [(metrics.group(name, stage), found) for stage, found in groups.items()]


def _show_json(run: str, found: Health | None, error: RetailStreamError | None) -> None:
    told = found.as_dict() if found else {}
    status, reason = ("failed", describe(error)) if error else ("ok", None)
    print_json(summary_of_nothing("monitor", run) | {"status": status, "error": reason} | told)


def _show_plain(_run: str, found: Health | None, error: RetailStreamError | None) -> None:
    if found:
        print_table(COLUMNS, rows(found))
    for line in _last_lines(found, error):
        say(line)
    print()


def _live(stack: ExitStack) -> Callable[[str, Health | None, RetailStreamError | None], None]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console()
    live = stack.enter_context(Live(console=console, auto_refresh=False, vertical_overflow="visible"))

    def show(_run: str, found: Health | None, error: RetailStreamError | None) -> None:
        style = "green" if found and found.healthy else "red"
        parts: Iterator[object] = iter([drawn_table(COLUMNS, rows(found), console.width)] if found else [])
        lines = [Text(printable(masked_text(line)), style=style) for line in _last_lines(found, error)]
        live.update(Group(*parts, *lines), refresh=True)  # type: ignore[arg-type]

    return show


def _last_lines(found: Health | None, error: RetailStreamError | None) -> list[str]:
    *steps, last = verdict(found) if found else [f"the look failed: {describe(error)}" if error else ""]
    return [*steps, f"{datetime.now().astimezone():%H:%M:%S} {last}"]


def _address(text: str) -> tuple[str, int]:
    """`"9464"` → loopback and 9464, `"0.0.0.0:9464"` → that; UsageError for anything else."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--serve {text} is no port", hint="give a port such as 9464, or HOST:PORT")
    return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port)
