"""MySQL itself, for tests beside MariaDB: no package of Debian has it, but one of Maven Central has the server within.

It is the newest that a registry has as a program: MySQL 8.0.15 for Linux on x86-64; of 8.4 and 9 there is none.
"""

from __future__ import annotations

import platform
import shutil
import tarfile
import zipfile
from ctypes.util import find_library
from typing import TYPE_CHECKING, Final

from stack.installing import debian, maven
from stack.java import jars
from stack.place import CACHE

if TYPE_CHECKING:
    from pathlib import Path

LIBRARIES: Final = {"aio": "libaio1", "numa": "libnuma1"}
"""What it needs of the system beside the usual ones, and the packages that bring it."""

ARCHIVE: Final = "mysql-Linux-amd64.tar.gz"

FOLDER: Final = CACHE / "mysql"
"""The server with its messages and character sets, as `mysqld --basedir` wants them."""


def is_for_this_machine() -> bool:
    """Say whether the program runs here."""
    return (platform.system(), platform.machine()) == ("Linux", "x86_64")


def install() -> Path | None:
    """Have the server in the cache, and return its program; None on a machine that it is not for."""
    if not is_for_this_machine():
        return None
    for library, package in LIBRARIES.items():
        if not find_library(library):
            debian(package, package)  # which is no program's name, so that it is installed
    maven("mysql", _unpack)
    return FOLDER / "bin" / "mysqld"


def _unpack() -> None:
    jar = next(jars("mysql").glob("*.jar"))
    begun = FOLDER.with_name("mysql.part")
    shutil.rmtree(begun, ignore_errors=True)
    with zipfile.ZipFile(jar) as archive, archive.open(ARCHIVE) as packed, tarfile.open(fileobj=packed) as tar:
        tar.extractall(begun, filter="data")
    shutil.rmtree(FOLDER, ignore_errors=True)
    begun.rename(FOLDER)
