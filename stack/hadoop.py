"""What the servers of Hadoop share: folders of settings, each a few XML files."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from stack.place import HOST, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stack.place import Place

LOG4J: Final = """\
log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR
log4j.logger.http.requests=WARN
"""


def conf(place: Place, name: str) -> Path:
    """Return a folder of settings, made the first time."""
    folder = place.folder / "conf" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def hdfs(place: Place) -> str:
    """Return the URL of the file system."""
    return f"hdfs://{HOST}:{place.port('namenode')}"


def site(folder: Path, name: str, values: Mapping[str, object]) -> None:
    """Write one file of settings, for its owner alone."""
    told = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}
    lines = [f"  <property><name>{key}</name><value>{escape(value)}</value></property>" for key, value in told.items()]
    write_private(folder / f"{name}-site.xml", "\n".join(["<configuration>", *lines, "</configuration>", ""]))


def log4j(folder: Path) -> None:
    """Have the log on stderr; without such a file these servers are mute."""
    (folder / "log4j.properties").write_text(LOG4J)


def clients(place: Place, folder: Path, more: Mapping[str, object] | None = None) -> None:
    """Write what every client of HDFS has to know, and more settings of HDFS for some."""
    user = getpass.getuser()
    core = {
        "fs.defaultFS": hdfs(place),
        "hadoop.tmp.dir": place.data("hadoop"),
        "hadoop.http.staticuser.user": user,
        f"hadoop.proxyuser.{user}.hosts": "*",
        f"hadoop.proxyuser.{user}.groups": "*",
    }
    shared = {
        "dfs.replication": 1,
        "dfs.blocksize": "16m",
        "dfs.client.block.write.replace-datanode-on-failure.policy": "NEVER",
    }
    site(folder, "core", core)
    site(folder, "hdfs", shared | dict(more or {}))
    local = {
        "mapreduce.framework.name": "local",
        "mapreduce.jobtracker.address": "local",
        "mapreduce.jobtracker.staging.root.dir": place.data("hadoop") / "staging",  # else /tmp/hadoop, whatever is set
    }
    site(folder, "mapred", local)
