"""Apache Sqoop 1.4.7 as a process: rows of a query as lines of text in a folder of HDFS.

Each line is one column of text to Sqoop, so nothing of it can be mistaken for a delimiter, a null or a type. All that
is said to it stands in an options file; the password stands in a file that only its owner can read, while Sqoop runs.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retailstream.adapters.hadoop_errors import AWAY
from retailstream.adapters.transfer.jdbc import DRIVER, FETCHED, jdbc_url
from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.adapters.database.mysql_address import Address
    from retailstream.extracts import Extract, Split

log = logging.getLogger(__name__)

LOCAL: Final = {
    "mapreduce.framework.name": "local",
    "mapreduce.jobtracker.address": "local",
}
"""Tasks run within Sqoop's own process."""

OPENED_BY: Final = "opened-by"
"""The name of the file of the password."""

ENCODING: Final = "-Dfile.encoding=UTF-8"
"""Java 17 reads files as the locale has it, which may know only ASCII."""

GRACE: Final = 15
"""Seconds that Sqoop has to end by itself when it is told to."""

BOUND: Final = """\
import ctypes, os, signal, sys
try:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
except (AttributeError, OSError):
    pass
if os.getppid() != int(sys.argv[1]):
    raise SystemExit(143)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Has a process end with the one that started it, however that ends (Linux), and then becomes what it is to run."""

REFUSED: Final = re.compile(r"Access denied|Unknown database|Permission denied|AccessControlException")
GONE: Final = re.compile(
    r"Socket fail to connect|Could not connect|unexpected end of stream|Connection is closed"
    r"|Communications link failure|Connection timed out"
    r"|Server shutdown in progress|Too many connections|Connection was killed"
)
START: Final = 60
"""Seconds within which the program must have said its version."""

NOTHING_SAID: Final = "Import job failed!"
"""Sqoop's last word where a task has failed, whose reason stands before it."""

_SAID: Final = re.compile(r"^\S+ \S+ (?:ERROR|FATAL) (\S+): (.*)|^(?:Exception in thread|Caused by: )(.*)")


@dataclass(frozen=True)
class ApacheSqoop:
    """The program of an installation, and the database that it reads."""

    program: Path
    address: Address
    on_cluster: bool = False

    def run(self, extract: Extract, split: Split | None, target: str, work: Path) -> None:
        """Write the lines of an extract into a folder of HDFS, which is made anew.

        Raises TransientError where the database or HDFS is away, UsageError where they refuse us, RetailStreamError
        with Sqoop's own last word where it fails otherwise.
        """
        folder = work.absolute()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        try:
            words = folder / "options"
            words.write_text("\n".join(self.options(extract, split, target, folder)) + "\n", encoding="utf-8")
            with _secret(folder / OPENED_BY, self.address.secret()):
                self._carry_out(words)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def version(self) -> str:
        """Have the program say its version; RetailStreamError with what it says instead where it does not start."""
        try:
            done = subprocess.run(  # noqa: S603 -- the program that the settings name, without a shell
                [str(self.program), "version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=START,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RetailStreamError(f"Apache Sqoop does not start: {error}") from error
        if found := re.search(r"^Sqoop (\S+)", done.stdout, re.MULTILINE):
            return f"Apache Sqoop {found[1]}"
        said = " ".join(f"{done.stdout} {done.stderr}".split())[-300:]
        raise RetailStreamError(f"Apache Sqoop does not start: {said}", hint="Sqoop needs Java; set JAVA_HOME")

    def options(self, extract: Extract, split: Split | None, target: str, folder: Path) -> list[str]:
        """Return the lines of the options file."""
        parts = split.parts if split else 1
        properties = {**LOCAL, "mapreduce.local.map.tasks.maximum": str(min(parts, os.cpu_count() or 1))}
        lines = ["import", *(f"-D{key}={value}" for key, value in ({} if self.on_cluster else properties).items())]
        lines += ["--connect", jdbc_url(self.address), "--driver", DRIVER, "--fetch-size", str(FETCHED)]
        lines += ["--username", self.address.user, "--password-file", f"file://{folder / OPENED_BY}"]
        # The condition stands last, as a comment within would cut off Sqoop's own, and lose or double rows.
        query = f"select {extract.line} as line from {extract.table} where $CONDITIONS and ({extract.where})"
        lines += ["--query", query, "--map-column-java", "line=String", "--num-mappers", str(parts)]
        if split:
            lines += ["--split-by", split.expression]
            lines += ["--boundary-query", f"select {split.least}, {split.most}"]
        lines += ["--target-dir", target, "--delete-target-dir", "--as-textfile"]
        # Tasks within its own process have its jars; told as a list of files, none may lie below a blank.
        lines += [] if self.on_cluster else ["--skip-dist-cache"]
        return [*lines, "--outdir", str(folder / "code"), "--bindir", str(folder / "code")]

    def _carry_out(self, options: Path) -> None:
        command = [sys.executable, "-I", "-S", "-c", BOUND, str(os.getpid())]
        command += [str(self.program), "--options-file", str(options)]
        options_of_java = f"{os.environ.get('JAVA_TOOL_OPTIONS', '')} {ENCODING}".strip()
        with subprocess.Popen(  # noqa: S603 -- the program that the settings name, without a shell
            command,
            env={**os.environ, "JAVA_TOOL_OPTIONS": options_of_java},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            try:
                said = [line for line in _logged(process) if _SAID.match(line)]
                process.wait()
            except BaseException:
                _end(process)
                raise
        if process.returncode:
            raise told(process.returncode, said, str(self.address))


def find_program(home: str) -> Path:
    """Return `bin/sqoop` of an installation, that of SQOOP_HOME where none is named; UsageError where there is none."""
    folder = home or os.environ.get("SQOOP_HOME", "")
    found = Path(folder, "bin", "sqoop") if folder else Path(shutil.which("sqoop") or "")
    if not found.is_file():
        where = f"in {folder}" if folder else "on this machine"
        raise UsageError(f"there is no Apache Sqoop {where}", hint="set sqoop.home to the folder with bin/sqoop")
    return found.absolute()


def driver_of(home: str) -> Path | None:
    """Return the jar of the database's driver within an installation, if there is one."""
    folder = home or os.environ.get("SQOOP_HOME", "")
    found = sorted(Path(folder, "lib").glob("mariadb-java-client-*.jar")) if folder else []
    return found[-1].resolve() if found else None


def told(code: int, lines: list[str], address: str) -> RetailStreamError:
    """Return the error of a Sqoop that ended with a code, from the lines of its log that name errors."""
    said = "\n".join(lines)
    causes = [next(filter(None, reversed(found.groups())), "") for line in lines if (found := _SAID.match(line))]
    reasons = [cause for cause in causes if not cause.endswith(NOTHING_SAID)] or causes
    last = " ".join((reasons or [f"it ended with {code} and said nothing"])[-1].split())[:500]
    if REFUSED.search(said):
        return UsageError(f"Apache Sqoop was refused: {last}", hint=f"check user, password and rights for {address}")
    if code < 0 or code in {130, 137, 143} or GONE.search(said) or AWAY.search(said):
        ended = f"it was ended by signal {abs(code)}" if code < 0 else last
        return TransientError(f"Apache Sqoop was broken off: {ended}", hint="run the same command again")
    return RetailStreamError(f"Apache Sqoop failed: {last}", hint="run again with -v, which shows its log")


@contextmanager
def _secret(path: Path, text: str) -> Iterator[None]:
    """Have a secret in a file that only its owner can read, for the block."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        yield
    finally:
        path.unlink(missing_ok=True)


def _logged(process: subprocess.Popen[str]) -> Iterator[str]:
    for line in process.stdout or ():
        log.debug("sqoop: %s", line.rstrip())
        yield line


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    drain = threading.Thread(target=lambda: process.stdout and process.stdout.read(), daemon=True)
    drain.start()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
