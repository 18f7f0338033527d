"""The engine for more data than one machine holds: a session of Spark, on this machine or on a cluster's."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

    from retailstream.adapters.engine.spark_merge import SparkMerge
    from retailstream.contracts import Contract
    from retailstream.ports import LakeFile, LandedFile

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

_TOLD: Final = {"RetailStreamError": RetailStreamError, "TransientError": TransientError, "UsageError": UsageError}
"""Errors of ours that arise where files are read, which may be another machine, and come back as text."""


@contextmanager
def open_spark(work: Path, *, memory: str) -> Iterator[SparkMerger]:
    """Open the engine with an empty work folder that goes with it.

    A session that is there already, as in a job of a cluster, is used and left; else one is made on this machine with
    so much `memory`, such as `1500MB`. Raises UsageError where Spark or Java is missing, RetailStreamError where Spark
    fails.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    merger = SparkMerger(work, memory)
    try:
        yield merger
    except Exception as error:
        if told := _from_spark(error):
            raise told from error
        raise
    finally:
        merger.close()
        shutil.rmtree(work, ignore_errors=True)


class SparkMerger:
    """Merges by SQL in one session, made when it is first needed: a run with nothing to do has none."""

    def __init__(self, work: Path, memory: str) -> None:
        self._work = work
        self._memory = memory
        self._spark: SparkSession | None = None
        self._ours = False
        self._merges: dict[str, SparkMerge] = {}

    def merge(
        self,
        contract: Contract,
        files: Sequence[LandedFile],
        *,
        settled: Collection[tuple[int, int]],
        current: Mapping[str, LakeFile],
    ) -> SparkMerge:
        """Check and merge files, without the settled records, over the current partitions."""
        spark = self._session()
        from retailstream.adapters.engine.spark_merge import SparkMerge  # noqa: PLC0415 -- it needs pyarrow

        if before := self._merges.get(contract.name):
            before.forget()
        merge = self._merges[contract.name] = SparkMerge(spark, contract)
        return merge.over(files, settled=settled, current=current)

    def close(self) -> None:
        """End the session, if it is ours; another one gets back what its merges took."""
        if self._spark and self._ours:
            self._spark.stop()
        elif self._spark:
            for merge in self._merges.values():
                merge.forget()
        self._spark = None

    def _session(self) -> SparkSession:
        if self._spark is None:
            try:
                from pyspark.sql import SparkSession  # noqa: PLC0415 -- 400 MB that only this engine needs
            except ImportError as error:
                raise UsageError(
                    "engine 'spark' needs pyspark, which is not installed", hint="pip install 'retailstream[spark]'"
                ) from error
            there = SparkSession.getActiveSession()
            self._spark, self._ours = there or self._new_session(), there is None
            # A task costs more than the few rows that each of Spark's own 200 would get.
            tasks = 2 * self._spark.sparkContext.defaultParallelism
            self._spark.conf.set("spark.sql.shuffle.partitions", str(tasks))
        return self._spark

    def _new_session(self) -> SparkSession:
        from pyspark.errors import PySparkException  # noqa: PLC0415 -- it is there already
        from pyspark.sql import SparkSession  # noqa: PLC0415 -- same

        settings = self._work / "log4j2.properties"
        settings.write_text(QUIET, encoding="utf-8")
        builder = SparkSession.builder.master("local[*]").appName("retailstream")
        for name, value in self._settings(settings).items():
            builder = builder.config(name, value)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        log = self._work / "spark.log"
        try:
            with _errors_into(log):
                return builder.getOrCreate()
        except (PySparkException, OSError) as error:
            said = " ".join(log.read_text(errors="replace").split())[-300:]
            raise UsageError(
                f"Spark does not start: {said or error}", hint="Spark needs Java 17 or 21; set JAVA_HOME"
            ) from error

    def _settings(self, log: Path) -> dict[str, Any]:
        return {
            "spark.driver.memory": heap(self._memory),
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{log} -Dderby.system.home={self._work}",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.local.dir": str(self._work / "spill"),
            "spark.sql.warehouse.dir": str(self._work / "warehouse"),
            "spark.sql.session.timeZone": "UTC",
        }


def heap(memory: str) -> str:
    """`"1.5GB"` → `"1430m"`: what DuckDB takes for a size, as Java does; a share such as `50%` is of the machine's.

    Raises UsageError for anything else, and for less than Spark starts with.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) *(?:(%)|([kmgt]?)(i?)b?)", memory.strip().lower())
    if not found or not (found[2] or found[3]):
        raise UsageError(f"engine.memory '{memory}' is no size", hint="use a number with a unit, such as 2GB")
    number, share, unit, binary = found.groups()
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 100
    times = whole if share else (1024 if binary else 1000) ** (1 + "kmgt".index(unit))
    megabytes = int(Fraction(number) * int(times)) >> 20
    if megabytes < LEAST_MEGABYTES:
        raise UsageError(f"engine.memory '{memory}' is too small for Spark", hint="use 500MB or more")
    return f"{megabytes}m"


@contextmanager
def _errors_into(path: Path) -> Iterator[None]:
    """Have what this process and those it starts meanwhile write to stderr go into a file."""
    sys.stderr.flush()
    kept = os.dup(2)
    with path.open("wb") as stream:
        os.dup2(stream.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _from_spark(error: Exception) -> RetailStreamError | None:
    """Return an error of Spark's as ours."""
    if "pyspark" not in sys.modules:
        return None
    from py4j.protocol import Py4JError  # noqa: PLC0415 -- it is there already
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- same

    if not isinstance(error, (PySparkException, Py4JError)):
        return None
    if ours := re.search(rf"retailstream\.errors\.({'|'.join(_TOLD)}): (.+)", str(error)):
        return _TOLD[ours[1]](ours[2].strip()[:500], hint="run the same command again; -v says more")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if "Error" in line or "Exception" in line]
    return RetailStreamError(f"Spark failed: {(named or lines or ['no reason'])[-1][:500]}", hint="run again with -v")
