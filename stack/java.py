"""Java: jars from Maven Central, each set of them described by a POM of `stack/poms`, and the words of a JVM."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tarfile
from functools import partial
from typing import TYPE_CHECKING, Final

from stack.installing import debian, maven, program
from stack.place import CACHE
from stack.progress import MissingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stack.place import Place

SMALL: Final = 320
"""A heap in MB of programs that compute little: their code is compiled quickly, not well, so they start sooner."""

VERSIONS: Final = ("17", "21")
OPENED: Final = (
    "java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.text java.time java.util"
    " java.util.concurrent java.util.concurrent.atomic java.util.regex sun.nio.ch"
)
"""Packages of java.base that Hive 4.0 looks into, and that Java 17 keeps closed."""


def install(*names: str) -> None:
    """Have a JDK, and the jars of the POMs of those names."""
    debian("openjdk-17-jdk-headless", "java", "javac")
    if shutil.which("java"):  # it is not, yet, where missing parts are counted
        _check_version()
    for name in names:
        maven(name, partial(_unpack_all, jars(name)))


def jars(name: str) -> Path:
    """Return the folder of the jars of a POM."""
    return CACHE / "jars" / name


def classpath(conf: Path, *names: str) -> str:
    """Return a class path: a folder of settings, then the jars of POMs."""
    return ":".join([str(conf), *(str(jars(name) / "*") for name in names)])


def jvm(place: Place, name: str, *, heap: int, metaspace: int, opened: bool = False) -> list[str]:
    """Return the words that start a JVM of bounded memory, given in MB, whose litter stays in the stack."""
    bounds = [f"-Xmx{heap}m", f"-XX:MaxMetaspaceSize={metaspace}m", "-XX:ReservedCodeCacheSize=96m", "-Xss512k"]
    if heap <= SMALL:
        bounds.append("-XX:TieredStopAtLevel=1")
    litter = place.data(f"{name}-tmp")
    words = [
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",  # which lies in /tmp, whatever java.io.tmpdir says
        "-Djava.net.preferIPv4Stack=true",
        f"-Djava.io.tmpdir={litter}",
        f"-Duser.home={litter}",
        f"-Dtest.build.data={litter}",  # where Apache Sqoop keeps what it compiles
    ]
    opening = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED.split()] if opened else []
    opening += ["--add-opens=java.sql/java.sql=ALL-UNNAMED"] if opened else []
    return [program("java"), *bounds, *words, *opening]


def script(path: Path, command: Sequence[str]) -> None:
    """Write a program that runs a command with more words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)


def _check_version() -> None:
    """Refuse a Java that Hive does not start on."""
    told = subprocess.run(
        [program("java"), "-XX:-UsePerfData", "-version"], capture_output=True, text=True, check=False
    ).stderr
    found = re.search(r'version "(\d+)', told)
    if found is None or found[1] not in VERSIONS:
        raise MissingError(f"Java {' or '.join(VERSIONS)} is needed; `java -version` says: {told.strip()}")


def _unpack_all(folder: Path) -> None:
    """Unpack the scripts of each archive beside it."""
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            wanted = [member for member in tar if "/scripts/" in member.name]
            tar.extractall(archive.parent, members=wanted, filter="data")
