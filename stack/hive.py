"""What Hive's two servers share: their JVM, and the settings that both have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stack import hadoop, java
from stack.place import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stack.place import Place

LOG4J2: Final = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{2}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.service.name = org.apache.hive.service.server
logger.service.level = info
logger.query.name = org.apache.hadoop.hive.ql.Driver
logger.query.level = info
logger.datanucleus.name = DataNucleus
logger.datanucleus.level = error
"""


def metastore(place: Place) -> str:
    """Return the metastore's address."""
    return f"thrift://{HOST}:{place.port('metastore')}"


def jvm(place: Place, name: str, *, heap: int, metaspace: int) -> list[str]:
    """Return the words that start a class of Hive, but for its name."""
    log = f"-Dlog4j2.configurationFile={(hadoop.conf(place, name) / 'hive-log4j2.properties').as_uri()}"
    path = java.classpath(hadoop.conf(place, name), "hive", "hive-tail")  # the tail comes last
    return [*java.jvm(place, name, heap=heap, metaspace=metaspace, opened=True), log, "-cp", path]


def configure(place: Place, name: str, own: Mapping[str, object]) -> None:
    """Write the settings of one of the servers."""
    folder = hadoop.conf(place, name)
    hadoop.clients(place, folder)
    hadoop.site(folder, "hive", shared(place) | dict(own))
    (folder / "hive-log4j2.properties").write_text(LOG4J2)


def shared(place: Place) -> dict[str, object]:
    """Return what the servers and their clients have in common."""
    warehouse = f"{hadoop.hdfs(place)}/warehouse"
    return {
        "hive.metastore.uris": metastore(place),
        "hive.metastore.warehouse.dir": f"{warehouse}/managed",
        "hive.metastore.warehouse.external.dir": f"{warehouse}/external",
        "hive.metastore.event.db.notification.api.auth": False,
        "hive.parquet.date.proleptic.gregorian": True,  # as Spark, DuckDB and Arrow count the days before 1582
        "hive.parquet.date.proleptic.gregorian.default": True,
    }
