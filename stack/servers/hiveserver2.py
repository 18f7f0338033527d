"""HiveServer2: SQL on the tables of the metastore, computed by Tez inside of the server."""

from __future__ import annotations

import getpass
import socket
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final

from stack import hadoop, hive
from stack.java import install
from stack.place import HOST
from stack.server import Server

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "hiveserver2"
TEZ: Final[dict[str, object]] = {
    "tez.local.mode": True,
    "tez.local.mode.without.network": True,
    "tez.runtime.optimize.local.fetch": True,
    "tez.ignore.lib.uris": True,
    "tez.runtime.io.sort.mb": 64,
}


def _prepare(place: Place) -> None:
    """Write the settings."""
    folder = place.data(f"{NAME}-tmp")
    # Tez in local mode works in HDFS, and in the folder of the same name on this machine: here one within the stack,
    # seen from the server's working folder, as a blank on the way to it would become a "%20".
    scratch = f"{hadoop.hdfs(place)}/proc/self/cwd/{folder.relative_to(place.folder)}"
    own = {
        "hive.execution.engine": "tez",
        "hive.tez.container.size": 512,
        "hive.exec.scratchdir": scratch,
        "hive.exec.local.scratchdir": folder / "scratch",
        "hive.downloaded.resources.dir": folder / "resources",
        "hive.querylog.location": folder / "queries",
        "hive.user.install.directory": f"{scratch}/install",
        "hive.jar.directory": f"{scratch}/jars",
        "tez.staging-dir": f"{scratch}/tez",
        "hive.exec.dynamic.partition.mode": "nonstrict",
        "hive.exec.submit.local.task.via.child": False,
        "hive.server2.thrift.bind.host": HOST,
        "hive.server2.thrift.port": place.port(NAME),
        "hive.server2.webui.port": 0,
        "hive.server2.authentication": "NONE",
        "hive.server2.enable.doAs": False,
        "hive.server2.tez.initialize.default.sessions": False,
        "hive.server2.materializedviews.registry.impl": "DUMMY",
        "hive.server2.logging.operation.enabled": False,
        "hive.async.log.enabled": False,
        "hive.notification.event.poll.interval": "0s",
        "hive.scheduled.queries.executor.enabled": False,
        "hive.support.concurrency": False,
    }
    hive.configure(place, NAME, TEZ | own)
    hadoop.site(hadoop.conf(place, NAME), "tez", TEZ)


def _ready(place: Place) -> None:
    """Have a session."""
    with closing(socket.create_connection((HOST, place.port(NAME)), timeout=2)):
        pass  # PyHive logs an error for each port that is closed
    from pyhive import hive as pyhive  # noqa: PLC0415 -- what this server needs

    with closing(pyhive.connect(HOST, place.port(NAME), username=getpass.getuser(), auth="NONE")):
        pass


HIVESERVER2: Final = Server(
    NAME,
    needs=("metastore",),
    install=partial(install, "hive", "hive-tail"),
    prepare=_prepare,
    command=lambda place: [
        *hive.jvm(place, NAME, heap=900, metaspace=256),
        "org.apache.hive.service.server.HiveServer2",
    ],
    ready=_ready,
    address=lambda place: f"hive://{HOST}:{place.port(NAME)}",
    gives=lambda place: {
        "HIVE_SERVER2": f"{HOST}:{place.port(NAME)}",
        "RETAILSTREAM__WAREHOUSE__URL": f"hive://{HOST}:{place.port(NAME)}/retail",
    },
)
