"""Every server of the stack, in the order of their start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stack.servers.airflow import AIRFLOW
from stack.servers.alertmanager import ALERTMANAGER, ALERTS
from stack.servers.hdfs import DATANODE, NAMENODE
from stack.servers.hiveserver2 import HIVESERVER2
from stack.servers.mariadb import MARIADB
from stack.servers.metastore import METASTORE
from stack.servers.ministack import MINISTACK
from stack.servers.prometheus import PROMETHEUS
from stack.servers.pushgateway import PUSHGATEWAY
from stack.servers.versitygw import VERSITYGW

if TYPE_CHECKING:
    from collections.abc import Collection

    from stack.server import Server

SERVERS: Final[tuple[Server, ...]] = (
    MARIADB,
    NAMENODE,
    DATANODE,
    VERSITYGW,
    MINISTACK,
    METASTORE,
    HIVESERVER2,
    *AIRFLOW,
    PUSHGATEWAY,
    ALERTS,
    ALERTMANAGER,
    PROMETHEUS,
)


def with_needs(names: Collection[str]) -> tuple[Server, ...]:
    """Return servers and all that they need, in the order of their start.

    Where none is named they are all but those that are there on request alone.
    """
    wanted = set(names) or {server.name for server in SERVERS if not server.on_request}
    for server in reversed(SERVERS):  # a server comes after its needs
        if server.name in wanted:
            wanted |= set(server.needs)
    return tuple(server for server in SERVERS if server.name in wanted)
