"""Sessions of Spark: on this machine, on a cluster, or the one that is there already.

A property of `spark.conf` beats ours; where `spark-submit` started this process, master and memory are its own matter.
"""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
import warnings
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from retailstream.adapters.engine.spark_errors import from_spark
from retailstream.adapters.engine.spark_starting import ended_by_signals
from retailstream.adapters.engine.spark_surroundings import errors_into, temporary_folder, variables
from retailstream.errors import UsageError
from retailstream.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

TO_STDERR: Final = "-XX:+DisplayVMOutputToStderr -Xlog:disable -Xlog:all=warning:stderr"
"""What Java itself has to say must not get among our results, as it would by default."""

WITHOUT_LITTER: Final = "-XX:-UsePerfData"
"""Java's own counters lie in the system's temporary folder, wherever else its temporary files are."""

LAUNCHER: Final = "SPARK_LAUNCHER_OPTS"
"""The words of the JVM that puts the words of Spark's own together."""

QUIET: Final = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""
"""What Spark logs: errors alone, since each of them reaches us anyway."""

LEAST_MEGABYTES: Final = 470
"""Spark itself refuses to start with less than 450 MB and a bit."""

SUBMITTED: Final = "PYSPARK_GATEWAY_PORT"
"""Set where `spark-submit` has started this process, and a JVM beside it."""

WORDS: Final = "PYSPARK_SUBMIT_ARGS"
"""The words that pyspark starts a JVM with."""

HADOOP: Final = "HADOOP_CONF_DIR"
"""Where a JVM finds Hadoop's settings."""


@dataclass(frozen=True)
class SparkOptions:
    """What a new session is made with: its memory, such as `1500MB`, its master, and other properties of Spark.

    `hadoop` is the folder of Hadoop's settings; empty for the one that HADOOP_CONF_DIR names.
    """

    memory: str
    master: str = "local[*]"
    conf: Mapping[str, str] = field(default_factory=dict)
    hadoop: str = ""


class LazySession:
    """A session that is made when it is first needed; one that is there already is used and left."""

    def __init__(self, work: Path, options: SparkOptions) -> None:
        self._work = work
        self._options = options
        self._spark: SparkSession | None = None
        self._scratch = ExitStack()
        self.is_ours = False

    @property
    def begun(self) -> bool:
        """Whether it was needed so far."""
        return self._spark is not None

    def get(self) -> SparkSession:
        """Return the session; UsageError where Spark or Java is missing."""
        if self._spark is None:
            try:
                from pyspark.sql import SparkSession  # noqa: PLC0415 -- 400 MB that only this engine needs
            except ImportError as error:
                raise UsageError(
                    "engine 'spark' needs pyspark, which is not installed", hint="pip install 'retailstream[spark]'"
                ) from error
            there = SparkSession.getActiveSession()
            self._spark, self.is_ours = there or self._new(), there is None
            # A task costs more than the few rows that each of Spark's own 200 would get.
            if "spark.sql.shuffle.partitions" not in self._options.conf:
                tasks = 2 * self._spark.sparkContext.defaultParallelism
                self._spark.conf.set("spark.sql.shuffle.partitions", str(tasks))
        return self._spark

    def close(self) -> None:
        """End the session, if it is ours."""
        spark, self._spark = self._spark, None
        if spark and self.is_ours:
            from py4j.protocol import Py4JError  # noqa: PLC0415 -- it is there already

            # A signal for all of a terminal's processes has ended the JVM before us.
            with suppress(Py4JError, OSError), warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # it says that this is so
                spark.stop()
        self._scratch.close()

    def _new(self) -> SparkSession:
        from pyspark.errors import PySparkException  # noqa: PLC0415 -- it is there already

        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        log = self._work / "spark.log"
        try:
            with errors_into(log), ended_by_signals():
                spark = self._started()
        except (PySparkException, OSError) as error:
            said = " ".join(log.read_text(errors="replace").split())[-300:]
            raise UsageError(
                f"Spark does not start: {said or error}", hint="Spark needs Java 17 or 21; set JAVA_HOME"
            ) from error
        _quieten(spark)
        return spark

    def _started(self) -> SparkSession:
        """Return a new session; a JVM that must be started reads its properties from a file, not from its words."""
        from pyspark import SparkContext  # noqa: PLC0415 -- it is there already
        from pyspark.sql import SparkSession  # noqa: PLC0415 -- same

        properties, builder = self._properties(), SparkSession.builder.appName("retailstream")
        if SparkContext._gateway is not None or SUBMITTED in os.environ:  # noqa: SLF001 -- pyspark has no other way
            for name, value in properties.items():
                builder = builder.config(name, value)
            spark = builder.getOrCreate()
            self._scratch.enter_context(temporary_folder(spark))
            return spark
        path = self._work / "spark.properties"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={_escaped(value)}\n" for name, value in properties.items()), encoding="utf-8")
        words = f"--properties-file {shlex.quote(str(path))} {os.environ.get(WORDS) or 'pyspark-shell'}"
        launcher = f"{os.environ.get(LAUNCHER, '')} {WITHOUT_LITTER}".strip()
        hadoop = {HADOOP: self._options.hadoop} if self._options.hadoop else {}
        with variables({WORDS: words, LAUNCHER: launcher, **hadoop}):
            return builder.getOrCreate()

    def _properties(self) -> dict[str, str]:
        session = {
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.warehouse.dir": f"file://{self._work.absolute() / 'warehouse'}",
            "spark.sql.session.timeZone": "UTC",
        }
        own = {} if SUBMITTED in os.environ else self._own()
        return {**session, **own, **self._options.conf}

    def _own(self) -> dict[str, str]:
        """Return the properties of a session whose JVM is ours to start."""
        settings = self._work / "log4j2.properties"
        settings.write_text(QUIET, encoding="utf-8")
        scratch = self._work.absolute() / "tmp"
        scratch.mkdir()
        own = {
            "spark.master": self._options.master,
            "spark.driver.memory": heap(self._options.memory),
            "spark.driver.extraJavaOptions": (
                f'{TO_STDERR} {WITHOUT_LITTER} "-Dlog4j2.configurationFile={settings.absolute().as_uri()}"'
                f' "-Dderby.system.home={self._work}" "-Djava.io.tmpdir={scratch}"'
            ),
            "spark.ui.enabled": "false",
            "spark.local.dir": str(self._work / "spill"),
        }
        if self._options.master.startswith("local"):
            own |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        return own


@contextmanager
def open_session(work: Path, options: SparkOptions) -> Iterator[LazySession]:
    """Open a session with an empty work folder that goes with it; errors of Spark's leave the block as ours."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    session = LazySession(work, options)
    try:
        yield session
    except Exception as error:
        if told := from_spark(error):
            raise told from error
        raise
    finally:
        session.close()
        shutil.rmtree(work, ignore_errors=True)


def heap(memory: str) -> str:
    """`"1.5GB"` → `"1430m"`: what DuckDB takes for a size, as Java does; a share such as `50%` is of the machine's.

    Raises UsageError for anything else, and for less than Spark starts with.
    """
    megabytes = parse_size(memory, "engine.memory") >> 20
    if megabytes < LEAST_MEGABYTES:
        raise UsageError(f"engine.memory '{memory}' is too small for Spark", hint="use 500MB or more")
    return f"{megabytes}m"


def _quieten(spark: SparkSession) -> None:
    """Keep the server that sums up what Python tasks count from printing a traceback when the session ends.

    Java hangs up first, and pyspark tells its server only afterwards that this is the end.
    """
    logging.getLogger().addFilter(_is_news)
    server: Any = spark.sparkContext._accumulatorServer  # noqa: SLF001 -- pyspark has no other way
    server.handle_error = lambda *_connection: None


def _is_news(record: logging.LogRecord) -> bool:
    """Say whether a record of the root is worth its page: py4j writes one for each signal, which we tell ourselves."""
    return not record.getMessage().startswith("KeyboardInterrupt while sending command")


def _escaped(value: str) -> str:
    """Return a value as a file of Java properties has it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")
