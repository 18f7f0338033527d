"""HDFS: one NameNode and one DataNode, which speak Hadoop's RPC and WebHDFS."""

from __future__ import annotations

import getpass
import json
import subprocess
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from stack import hadoop
from stack.java import classpath, install, jvm
from stack.place import HOST
from stack.progress import MissingError
from stack.server import Server

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "namenode"
DATA: Final = "datanode"
HEARTBEAT_SECONDS: Final = 3
FOLDERS: Final = {"/tmp": "1777", "/warehouse": "755", "/retail": "755"}  # noqa: S108 -- in HDFS


def _heaped(place: Place, name: str) -> list[str]:
    return [*jvm(place, name, heap=256, metaspace=96), "-cp", classpath(hadoop.conf(place, "hdfs"), "hdfs")]


def _class(name: str) -> str:
    return f"org.apache.hadoop.hdfs.server.{name}"


def _configure(place: Place) -> None:
    """Write the settings of both servers, and those of their clients."""
    conf = hadoop.conf(place, "hdfs")
    for name in ("hdfs", "datanode", "secondary", "static"):  # Maven's jar has no pages, but the servers want folders
        (conf / "webapps" / name / "WEB-INF").mkdir(parents=True, exist_ok=True)
    hadoop.log4j(conf)
    hadoop.clients(place, conf, _servers(place))
    hadoop.clients(place, hadoop.conf(place, "client"))
    hadoop.log4j(hadoop.conf(place, "client"))


def _servers(place: Place) -> dict[str, object]:
    return {
        "dfs.namenode.name.dir": place.data(NAME).as_uri(),
        "dfs.namenode.rpc-bind-host": HOST,
        "dfs.namenode.http-address": f"{HOST}:{place.port('namenode-http')}",
        "dfs.namenode.datanode.registration.ip-hostname-check": False,
        "dfs.namenode.safemode.extension": 0,
        "dfs.namenode.heartbeat.recheck-interval": 5000,  # a dead node is known as dead after 20 s, not 10 minutes
        "dfs.heartbeat.interval": 1,
        # Its own folder seen from its working folder: a blank on the way would be a "%20", which a DataNode formats.
        "dfs.datanode.data.dir": f"file:///proc/self/cwd/{place.data(DATA).relative_to(place.folder)}",
        "dfs.datanode.address": f"{HOST}:{place.port(DATA)}",
        "dfs.datanode.http.address": f"{HOST}:{place.port('datanode-http')}",
        "dfs.datanode.ipc.address": f"{HOST}:{place.port('datanode-ipc')}",
        "dfs.datanode.hostname": HOST,
        # A disk is full when it is full, not when a gigabyte is left.
        "dfs.datanode.round-robin-volume-choosing-policy.additional-available-space": 0,
        "dfs.webhdfs.enabled": True,
    }


def _prepare(place: Place) -> None:
    """Format the NameNode's folder."""
    _configure(place)
    if (place.data(NAME) / "current" / "VERSION").is_file():
        return
    command = [*_heaped(place, NAME), _class("namenode.NameNode"), "-format", "-force", "-nonInteractive"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"the NameNode's folder cannot be formatted: {(done.stdout + done.stderr).strip()[-1000:]}")


def _bean(place: Place, server: str, name: str) -> dict[str, Any]:
    """Return what a server tells about itself."""
    service = {NAME: "NameNode", DATA: "DataNode"}[server]
    address = f"http://{HOST}:{place.port(f'{server}-http')}/jmx?qry=Hadoop:service={service},name={name}"
    with urllib.request.urlopen(address, timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)["beans"][0]
        return found


def _is_active(place: Place) -> None:
    state = _bean(place, NAME, "NameNodeStatus")["State"]
    if state != "active":
        raise ConnectionError(f"the NameNode is {state}")


def _stores_blocks(place: Place) -> None:
    """Ask both: a NameNode takes a DataNode for alive for a while that was killed, or has not come back yet."""
    (known,) = json.loads(_bean(place, DATA, "DataNodeInfo")["BPServiceActorInfo"])
    live = _bean(place, NAME, "FSNamesystemState")["NumLiveDataNodes"]
    safe = _bean(place, NAME, "NameNodeInfo")["Safemode"]
    if known["ActorState"] != "RUNNING" or int(known["LastHeartbeat"]) > HEARTBEAT_SECONDS or live != 1 or safe:
        raise ConnectionError(f"the DataNode is {known['ActorState']}; the NameNode knows of {live}. {safe}")


def _arrange(place: Place) -> None:
    """Make the folders that users expect."""
    mine = {f"/user/{getpass.getuser()}": "755"}
    for path, mode in (FOLDERS | mine).items():
        webhdfs = f"http://{HOST}:{place.port('namenode-http')}/webhdfs/v1{path}?user.name={getpass.getuser()}"
        for operation in ("MKDIRS", "SETPERMISSION"):
            request = urllib.request.Request(f"{webhdfs}&op={operation}&permission={mode}", method="PUT")  # noqa: S310 -- ours
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 -- ours


def _gives(place: Place) -> dict[str, str]:
    return {
        "HADOOP_CONF_DIR": str(hadoop.conf(place, "client")),
        "HDFS_URL": hadoop.hdfs(place),
        "RETAILSTREAM__FEATURES__URL": f"{hadoop.hdfs(place)}/retail/features",
    }


NAMENODE: Final = Server(
    NAME,
    install=partial(install, "hdfs"),
    prepare=_prepare,
    command=lambda place: [*_heaped(place, NAME), _class("namenode.NameNode")],
    ready=_is_active,
    address=hadoop.hdfs,
)

DATANODE: Final = Server(
    DATA,
    needs=(NAME,),
    install=partial(install, "hdfs"),
    command=lambda place: [*_heaped(place, DATA), _class("datanode.DataNode")],
    ready=_stores_blocks,
    arrange=_arrange,
    address=lambda place: f"{HOST}:{place.port(DATA)}",
    gives=_gives,
)
