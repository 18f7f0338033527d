"""Hive's metastore: what tables there are, kept in a database of MariaDB with Hive's own schema."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final

from stack import hadoop, hive
from stack.java import install, jars
from stack.place import HOST
from stack.progress import MissingError
from stack.server import Server
from stack.servers import mariadb

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "metastore"
DATABASE: Final = "hms"
USER: Final = "hive"
TOOL: Final = "org.apache.hadoop.hive.metastore.tools.schematool.MetastoreSchemaTool"


def _prepare(place: Place) -> None:
    """Make the database and its tables, by Hive's own tool; what a killed tool left is made anew."""
    _configure(place)
    if _has_schema(place):
        return
    for statement in (
        f"drop database if exists {DATABASE}",
        f"create database {DATABASE} character set latin1",
        f"create user if not exists '{USER}'@'localhost' identified by '{place.secret(NAME)}'",
        f"grant all on {DATABASE}.* to '{USER}'@'localhost'",
    ):
        mariadb.ask(place, statement)
    command = [*hive.jvm(place, NAME, heap=256, metaspace=160), TOOL, "-dbType", "mysql", "-initSchema"]
    home = next(jars("hive-schema").glob("apache-hive-metastore-*"))
    variables = {**os.environ, "METASTORE_HOME": str(home)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"Hive's schema tool failed: {(done.stdout + done.stderr).strip()[-2000:]}")


def _configure(place: Place) -> None:
    own = {
        "javax.jdo.option.ConnectionURL": f"jdbc:mariadb://{HOST}:{place.port(mariadb.NAME)}/{DATABASE}",
        "javax.jdo.option.ConnectionDriverName": "org.mariadb.jdbc.Driver",
        "javax.jdo.option.ConnectionUserName": USER,
        "javax.jdo.option.ConnectionPassword": place.secret(NAME),
        "datanucleus.schema.autoCreateAll": False,  # it deadlocks on MariaDB's metadata locks
        "hive.metastore.schema.verification": True,
        "metastore.thrift.bind.host": HOST,
        "hive.metastore.port": place.port(NAME),
        "metastore.housekeeping.threads.on": False,
        "hive.metastore.disallow.incompatible.col.type.changes": False,
    }
    hive.configure(place, NAME, own)


def _has_schema(place: Place) -> bool:
    """Say whether the tool has done its last statement."""
    tables = "select count(*) from information_schema.tables where table_name = 'VERSION' and table_schema"
    if mariadb.ask(place, f"{tables} = '{DATABASE}'") == [(0,)]:
        return False
    return mariadb.ask(place, f"select count(*) from {DATABASE}.VERSION") == [(1,)]


def _ready(place: Place) -> None:
    with closing(socket.create_connection((HOST, place.port(NAME)), timeout=2)):
        pass


METASTORE: Final = Server(
    NAME,
    needs=("mariadb", "datanode"),
    install=partial(install, "hive", "hive-tail", "hive-schema"),
    prepare=_prepare,
    command=lambda place: [
        *hive.jvm(place, NAME, heap=320, metaspace=160),
        "org.apache.hadoop.hive.metastore.HiveMetaStore",
        "-p",
        str(place.port(NAME)),
    ],
    ready=_ready,
    address=hive.metastore,
    gives=lambda place: {
        "HIVE_METASTORE_URI": hive.metastore(place),
        "RETAILSTREAM__HIVE__METASTORE": hive.metastore(place),
        "HIVE_JARS": str(jars("hive")),
        "HADOOP_CONF_DIR": str(hadoop.conf(place, "client")),
    },
)
