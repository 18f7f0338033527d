"""Installing from package registries, through their own clients, into the cache of this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stack.place import CACHE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

POLICY: Final = Path("/usr/sbin/policy-rc.d")

COPIER: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


class MissingError(Exception):
    """What cannot be installed here, and what would help."""


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
    if all(shutil.which(name, path=places) for name in programs):
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise MissingError(f"install the package {package} as root: apt-get install {package}")
    _tell(f"installing {package}")
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
    if not folder.is_dir():
        if shutil.which("apt-get") is None:
            raise MissingError(f"apt-get is missing, which would fetch Debian's package {package}")
        _tell(f"unpacking {package}")
        _run("apt-get", "update", "-qq")
        _run("apt-get", "download", "-qq", package)
        [archive] = CACHE.glob(f"{package}_*.deb")
        begun = folder.with_name(f"{package}.part")
        shutil.rmtree(begun, ignore_errors=True)
        begun.mkdir(parents=True)
        _run("dpkg", "-x", str(archive), str(begun))
        begun.rename(folder)
        archive.unlink()
    return folder


def go(module: str, version: str, name: str) -> None:
    """Have a program built from a module of Go, whose client checks it against the public checksum database."""
    noted = CACHE / "bin" / f"{name}.version"
    if noted.is_file() and noted.read_text() == version:
        return
    if shutil.which("go") is None:
        raise MissingError(f"install Go to build {name}")
    _tell(f"building {name} {version}; this takes a minute or two, once")
    _run("go", "install", f"{module}@{version}", GOBIN=str(CACHE / "bin"))
    noted.write_text(version)


def python(requirement: str, environment: str, *, constraints: Path | None = None) -> Path:
    """Have a package of Python in an environment of its own, and return the folder of its programs."""
    folder = CACHE / environment
    noted = folder / "installed"
    wanted = requirement + (constraints.read_text() if constraints else "")
    if not (noted.is_file() and noted.read_text() == wanted):
        _tell(f"installing {requirement}")
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        exact = ["--constraint", str(constraints)] if constraints else []
        _run(str(folder / "bin" / "pip"), "install", "--quiet", *exact, *requirement.split())
        noted.write_text(wanted)
    return folder / "bin"


def maven(name: str) -> bool:
    """Have the jars of a POM, whose client checks them against their checksums; say whether they were installed now."""
    pom = ROOT / "stack" / "poms" / f"{name}.xml"
    folder = CACHE / "jars" / name
    noted = folder / "installed"
    if noted.is_file() and noted.read_text() == pom.read_text():
        return False
    debian("maven", "mvn")
    _tell(f"installing the jars of {name}")
    shutil.rmtree(folder, ignore_errors=True)
    words = ["-q", "-B", "-C", "-f", str(pom), f"{COPIER}:copy-dependencies", "-DincludeScope=runtime"]
    _run("mvn", *words, f"-DoutputDirectory={folder}")
    noted.write_text(pom.read_text())
    return True


def _run(*command: str, **variables: str) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command, cwd=CACHE, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MissingError(f"{' '.join(command[:3])} … failed: {(done.stderr or done.stdout).strip()[-1000:]}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
