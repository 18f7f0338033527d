"""The examples for cron and systemd, carried out by a real cron and a real systemd, both out of sight of this machine.

Each has its own view of the folders that it would otherwise share with the system.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream.landings import Scope
from retailstream.locks import Holder, hold
from stack.installing import unpacked
from stack.progress import MissingError
from tests.environment import Environment, new_environment
from tests.processes import wait_until
from tests.services.servers import own_mounts, program, require

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
PROGRAMS = Path(sys.executable).parent
SYSTEMD = Path("/usr/lib/systemd/systemd")


def placed(text: str, env: Environment) -> str:
    """Return an example with the folders of a test in place of those of a production."""
    text = text.replace("/opt/retailstream/.venv/bin", str(PROGRAMS)).replace("/opt/retailstream", str(ROOT))
    return text.replace("/srv/retail", str(env.home)).replace("/srv/drop", str(env.source))


def apart(script: str, *words: str | Path) -> subprocess.Popen[bytes]:
    """Start a shell script as the first process with its own view of all mounts."""
    command = [program("unshare"), "--mount", "--propagation", "private", "sh", "-euc", script, "sh", *words]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)


@pytest.fixture(scope="module", autouse=True)
def _own_mounts() -> None:
    own_mounts()


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    """An environment with files that nothing was run over."""
    env = new_environment(tmp_path)
    env.command("sample", str(env.source), "--stores", "2", "--depts", "2", "--weeks", "4")
    env.home.mkdir()
    return env


def ends(env: Environment) -> list[tuple[str, int | None]]:
    """Return how the runs ended, the first one first."""
    found = env.command("runs", "--stage", "run", "--format", "json").document
    return [(entry["status"], entry["exit_code"]) for entry in reversed(found)]


CRON = """
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/cron.d
mount -t tmpfs tmpfs /var/spool/cron 2> /dev/null || { mount -t tmpfs tmpfs /var/spool; mkdir /var/spool/cron; }
for file in /etc/crontab; do test ! -f $file || mount --bind /dev/null $file; done
mkdir -m 755 /var/spool/cron/crontabs
"$2/crontab" "$1"
exec "$3/cron" -f
"""


@pytest.fixture(scope="module")
def cron() -> Path:
    """The folder of Debian's cron, unpacked and not installed: an installed one would start by itself."""
    try:
        return unpacked("cron")
    except MissingError as error:
        require(there=False, missing=str(error))
        raise


def test_cron_takes_the_table_and_its_lines_do_what_they_say(env: Environment, tmp_path: Path, cron: Path) -> None:
    table = placed((CONFIGS / "cron" / "crontab").read_text(), env)
    first, second = [line for line in table.splitlines() if line[:1].isdigit()]
    assert (first[:10], second[:9]) == ("0 22 * * 5", "0 7 * * *")
    for number, line in enumerate((first, second)):
        after = f"while test ! -s {env.home}/runs.jsonl; do sleep 0.1; done; " if number else ""
        table = table.replace(line, "@reboot " + after + " ".join(line.split()[5:]))
    written = tmp_path / "crontab"
    written.write_text(table)

    daemon = apart(CRON, written, cron / "usr" / "bin", cron / "usr" / "sbin")
    try:
        wait_until((env.home / "health.txt").exists, lambda: list(env.home.iterdir()))
        wait_until((env.home / "health.txt").read_text, lambda: "nothing was told of the health")
    finally:
        daemon.terminate()
        daemon.wait()
    summary = json.loads((env.home / "runs.jsonl").read_text())
    assert (summary["stage"], summary["status"]) == ("run", "ok")
    assert (env.home / "health.txt").read_text().endswith("healthy\n")


def test_the_weekly_script_waits_for_a_lock_and_for_nothing_else(env: Environment) -> None:
    words: list[str | Path] = [CONFIGS / "cron" / "weekly.sh", "--home", env.home, "--source", env.source]
    environment = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "HOME": "/", "RETAILSTREAM_RETRY_SECONDS": "1"}
    with hold(env.home / "locks", [Scope.FEATURES], Holder("the-test", "test", "now")):
        script = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: ends(env).count(("failed", 5)) >= 2, lambda: ends(env))
    assert script.wait(120) == 0
    *before, last = ends(env)
    assert (set(before), last) == ({("failed", 5)}, ("ok", 0))

    wrong = subprocess.run([*words, "--engine", "x"], env=environment, capture_output=True, check=False)
    assert (wrong.returncode, wrong.stderr.count(b"error: ")) == (2, 1)


MANAGER = """
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/user/0
exec "$1" --user --log-target=console --log-level=warning
"""
USER = {"XDG_RUNTIME_DIR": "/run/user/0", "PATH": os.environ["PATH"], "HOME": "/"}


class Systemd:
    """A manager of a user's units, which takes for its machine what it is shown."""

    def __init__(self, units: Path) -> None:
        self._units = units
        environment = {**USER, "SYSTEMD_UNIT_PATH": f"{units}:/usr/lib/systemd/user"}
        command = [program("unshare"), "--mount", "--propagation", "private", "sh", "-euc", MANAGER, "sh", str(SYSTEMD)]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: self("is-system-running").stdout.strip() == "running", lambda: self("status").stdout)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [program("nsenter"), "-t", str(self.process.pid), "-m", "systemctl", "--user", *words]
        return subprocess.run(command, env=USER, capture_output=True, text=True, check=False)

    def shows(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self("show", "--value", "-p", name, unit).stdout.strip()

    def close(self) -> None:
        """End the manager and what it has started."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def units(env: Environment, folder: Path) -> None:
    """Write the examples for a user's manager, with times that a test can wait for; its own folders are in /tmp."""
    for path in (CONFIGS / "systemd").iterdir():
        (folder / path.name).write_text(placed(path.read_text(), env).replace("User=retail\n", ""))
    for unit, lines in {
        "retailstream-run.timer": "[Timer]\nOnCalendar=\nOnActiveSec=0.1s\nAccuracySec=0.1s\n",
        "retailstream-monitor.service": "[Service]\nPrivateTmp=no\nReadWritePaths=/tmp\n",
        "retailstream-run.service": "[Service]\nRestartSec=0.5s\nPrivateTmp=no\nReadWritePaths=/tmp\n",
    }.items():
        (folder / f"{unit}.d").mkdir()
        (folder / f"{unit}.d" / "soon.conf").write_text(lines)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    env = Environment(tmp_path / "drop", tmp_path / "retail")
    for path in (CONFIGS / "systemd").iterdir():
        (tmp_path / path.name).write_text(placed(path.read_text(), env))
    files = sorted(str(path) for path in tmp_path.iterdir())
    assert len(files) == 4
    done = subprocess.run([program("systemd-analyze"), "verify", *files], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "retailstream" in line]) == (0, [])


@pytest.fixture
def systemd(env: Environment, tmp_path: Path) -> Iterator[Systemd]:
    require(SYSTEMD.exists(), "systemd is missing")
    folder = tmp_path / "units"
    folder.mkdir()
    units(env, folder)
    manager = Systemd(folder)
    yield manager
    manager.close()


def test_a_timer_of_systemd_runs_the_pipeline_and_waits_for_a_lock(env: Environment, systemd: Systemd) -> None:
    run, monitor = "retailstream-run.service", "retailstream-monitor.service"
    with hold(env.home / "locks", [Scope.FEATURES], Holder("the-test", "test", "now")):
        assert systemd("start", "retailstream-run.timer").returncode == 0
        wait_until(lambda: int(systemd.shows(run, "NRestarts") or 0) >= 2, lambda: systemd("status", run).stdout)
    wait_until(lambda: ("ok", 0) in ends(env), lambda: systemd("status", run).stdout)
    wait_until(lambda: systemd.shows(run, "ActiveState") == "inactive", lambda: systemd("status", run).stdout)
    assert systemd.shows(run, "Result") == "success"
    assert set(ends(env)) == {("failed", 5), ("ok", 0)}
    assert systemd("start", monitor).returncode == 0

    env.change_database("delete from sales where store = 1")

    assert systemd("start", monitor).returncode != 0
    assert (systemd.shows(monitor, "ExecMainStatus"), systemd.shows(monitor, "NRestarts")) == ("3", "0")
