"""Programs for whoever works with the servers: Hadoop's shell and Apache Sqoop, as scripts in the stack's folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from stack import hadoop, java

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stack.place import Place


@dataclass(frozen=True)
class Tool:
    """A set of programs that are of use once a server runs."""

    server: str
    install: Callable[[], None]
    """Install what is missing into the cache; at once, and without a network, where nothing is."""
    write: Callable[[Place], None]
    """Write the programs and their settings."""
    gives: Callable[[Place], Mapping[str, str]]
    """The variables for whoever works with it."""


def _shell(place: Place) -> None:
    words = [*java.jvm(place, "shell", heap=256, metaspace=96), "-cp", java.classpath(_client(place), "hdfs")]
    java.script(place.folder / "bin" / "hdfs-dfs", [*words, "org.apache.hadoop.fs.FsShell"])
    java.script(place.folder / "bin" / "hdfs-dfsadmin", [*words, "org.apache.hadoop.hdfs.tools.DFSAdmin"])


def _sqoop(place: Place) -> None:
    """Write a home as Sqoop's own archive has it: `bin`, `conf` and `lib`."""
    conf = hadoop.conf(place, "sqoop")
    hadoop.clients(place, conf)
    hadoop.log4j(conf)
    home = _sqoop_home(place)
    home.mkdir(exist_ok=True)
    for name, target in (("conf", conf), ("lib", java.jars("sqoop"))):
        (home / name).unlink(missing_ok=True)
        (home / name).symlink_to(target)
    words = [*java.jvm(place, "sqoop", heap=768, metaspace=192), "-cp", java.classpath(conf, "sqoop")]
    java.script(home / "bin" / "sqoop", [*words, "org.apache.sqoop.Sqoop"])


def _client(place: Place) -> Path:
    return hadoop.conf(place, "client")


def _sqoop_home(place: Place) -> Path:
    return place.folder / "sqoop"


SHELL: Final = Tool("datanode", partial(java.install, "hdfs"), _shell, lambda _place: {})
SQOOP: Final = Tool(
    "datanode",
    partial(java.install, "sqoop"),
    _sqoop,
    lambda place: {
        "SQOOP_HOME": str(_sqoop_home(place)),
        "RETAILSTREAM__SQOOP__STAGING": f"{hadoop.hdfs(place)}/retail/staging",
    },
)

TOOLS: Final = (SHELL, SQOOP)
