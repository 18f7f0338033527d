"""Installing from package registries, through their own clients, into the cache of this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Final

from stack.place import CACHE, ROOT
from stack.progress import PROGRESS, MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

POLICY: Final = Path("/usr/sbin/policy-rc.d")

ARCHIVES: Final = Path("/var/cache/apt/archives")
"""Where apt keeps the packages that it has fetched, as long as it installs them."""

REPOSITORY: Final = Path.home() / ".m2" / "repository"
"""Where Maven keeps what it fetches, before it is copied to where we want it."""

FETCHED_AT_ONCE: Final = "-Dmaven.artifact.threads=24"
"""Maven's own five files at a time wait for each other's answers most of the time."""

COPIER: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


_BY_CLIENT: Final[defaultdict[str, RLock]] = defaultdict(RLock)
"""What a client does one after the other: apt and Maven keep files that two of them at once would break."""


def program(name: str) -> str:
    """Return the path of a program of the cache or of the system."""
    found = shutil.which(name, path=os.pathsep.join((str(CACHE / "bin"), os.environ["PATH"], "/usr/sbin", "/sbin")))
    if found is None:
        raise MissingError(f"the program {name} is missing; make services")
    return found


def debian(package: str, *programs: str, services: Sequence[str] = ()) -> None:
    """Have programs from a package of Debian, whose client checks signatures; that takes root.

    Services that the package brings are neither started nor enabled: ours listen on loopback alone.
    """
    places = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
    with _BY_CLIENT["apt"]:
        if all(shutil.which(name, path=places) for name in programs):
            return
        if shutil.which("apt-get") is None or os.geteuid() != 0:
            raise MissingError(f"install the package {package} as root: apt-get install {package}")
        PROGRESS.part(package, partial(_install_package, package, services), ARCHIVES)


def _install_package(package: str, services: Sequence[str]) -> None:
    _run("apt-get", "update", "-qq")
    with _no_starts() if services else nullcontext():
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *package.split())
    if services and shutil.which("systemctl"):
        disable = [str(shutil.which("systemctl")), "disable", "--quiet", *services]
        subprocess.run(disable, check=False, capture_output=True)


@contextmanager
def _no_starts() -> Iterator[None]:
    """Let no installation of the block start a service: Debian asks this file, if there is one, whether it may."""
    if POLICY.exists():
        yield  # whoever put it there has decided
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def unpacked(package: str) -> Path:
    """Have the files of a package of Debian in the cache, without installing it, and return their folder."""
    folder = CACHE / "debian" / package
    with _BY_CLIENT["apt"]:
        if not folder.is_dir():
            if shutil.which("apt-get") is None:
                raise MissingError(f"apt-get is missing, which would fetch Debian's package {package}")
            PROGRESS.part(package, partial(_unpack, package, folder), CACHE / "debian")
    return folder


def _unpack(package: str, folder: Path) -> None:
    _run("apt-get", "update", "-qq")
    _run("apt-get", "download", "-qq", package)
    [archive] = CACHE.glob(f"{package}_*.deb")
    begun = folder.with_name(f"{package}.part")
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)
    _run("dpkg", "-x", str(archive), str(begun))
    begun.rename(folder)
    archive.unlink()


def go(module: str, version: str, name: str) -> None:
    """Have a program built from a module of Go, whose client checks it against the public checksum database."""
    noted = CACHE / "bin" / f"{name}.version"
    with _BY_CLIENT[name]:
        if noted.is_file() and noted.read_text() == version:
            return
        if shutil.which("go") is None:
            raise MissingError(f"install Go to build {name}")
        modules = _run("go", "env", "GOMODCACHE").strip()

        def build() -> None:
            _run("go", "install", f"{module}@{version}", GOBIN=str(CACHE / "bin"))
            noted.write_text(version)

        PROGRESS.part(f"{name} {version}, built from its sources", build, Path(modules))


def python(requirement: str, environment: str, *, constraints: Path | None = None) -> Path:
    """Have a package of Python in an environment of its own, and return the folder of its programs."""
    folder = CACHE / environment
    noted = folder / "installed"
    wanted = requirement + (constraints.read_text() if constraints else "")

    def install() -> None:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        exact = ["--constraint", str(constraints)] if constraints else []
        (fetched := folder / "fetched").mkdir()  # else it comes to the system's temporary folder, and nobody sees it
        _run(str(folder / "bin" / "pip"), "install", "--quiet", *exact, *requirement.split(), TMPDIR=str(fetched))
        shutil.rmtree(fetched)
        noted.write_text(wanted)

    with _BY_CLIENT[environment]:
        if not (noted.is_file() and noted.read_text() == wanted):
            PROGRESS.part(requirement.partition(" ")[0], install, folder)
    return folder / "bin"


def maven(name: str, finish: Callable[[], None]) -> None:
    """Have the jars of a POM, whose client checks them against their checksums, and what is made of them once."""
    pom = ROOT / "stack" / "poms" / f"{name}.xml"
    folder = CACHE / "jars" / name
    noted = folder / "installed"

    def install() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        words = ["-q", "-B", "-C", "-f", str(pom), FETCHED_AT_ONCE, f"{COPIER}:copy-dependencies"]
        _run("mvn", *words, "-DincludeScope=runtime", f"-DoutputDirectory={folder}")
        finish()
        noted.write_text(pom.read_text())

    with _BY_CLIENT["mvn"]:
        if not (noted.is_file() and noted.read_text() == pom.read_text()):
            debian("maven", "mvn")
            PROGRESS.part(f"the jars of {name}", install, folder, REPOSITORY)


def _run(*command: str, **variables: str) -> str:
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command, cwd=CACHE, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MissingError(f"{' '.join(command[:3])} … failed: {(done.stderr or done.stdout).strip()[-1000:]}")
    return done.stdout
