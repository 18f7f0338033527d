"""Questions put to the warehouse of an environment, through the engine that its settings name."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from retailstream import querying, wiring
from retailstream.errors import RetailStreamError, UsageError
from retailstream.masking import masked
from retailstream.ports import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retailstream.ports import Progress
    from retailstream.querying import Asked, Opening, QueryEngine
    from retailstream.settings import Settings

Answer = TypeVar("Answer")


def put(
    settings: Settings, question: Callable[[QueryEngine], Answer], progress: Progress = no_progress
) -> Asked[Answer]:
    """Put a question to one version of the warehouse's tables `sales`, `features` and `stores`."""
    with wiring.open_warehouse(settings) as warehouse, _opening(settings, progress) as opening:
        return querying.put(warehouse, opening, question)


def ask(
    home: Path, settings: Settings, question: Callable[[QueryEngine], Answer], progress: Progress = no_progress
) -> Asked[Answer]:
    """Put a question to one version of the warehouse's tables `sales`, `features` and `stores`.

    Raises RetailStreamError where there is no data and not even a home, which is not made.
    """
    asked = put(settings, question, progress)
    if asked.empty_tables and not home.exists():
        raise RetailStreamError(
            f"there is no data: the folder {home} does not exist",
            hint="retailstream run --source FOLDER, or name another environment with --home",
        )
    return asked


@contextmanager
def _opening(settings: Settings, progress: Progress) -> Iterator[Opening]:
    """Return how the engine that answers is opened."""
    if settings.analyze.engine == "hive":
        yield _hive(settings, progress)
    elif settings.analyze.engine == "spark":
        with TemporaryDirectory() as folder:
            yield _spark(settings, Path(folder) / "spark", progress)
    else:
        from retailstream.adapters.query.duckdb import duckdb_views  # noqa: PLC0415 -- what an engine needs

        yield duckdb_views


def _hive(settings: Settings, progress: Progress) -> Opening:
    url = settings.warehouse.url
    if not url.startswith("hive://"):
        raise UsageError(
            f"engine 'hive' asks a hive:// warehouse, and warehouse.url is {masked(url)}",
            hint="use --engine duckdb or spark, or set warehouse.url to hive://USER:PASSWORD@HOST:PORT/DATABASE",
        )
    with _installed("hive"):
        from retailstream.adapters.query.hive import HiveTables  # noqa: PLC0415 -- what an engine needs

    return HiveTables(wiring.hive_address(settings), progress)


def _spark(settings: Settings, work: Path, progress: Progress) -> Opening:
    with _installed("spark"):
        from retailstream.adapters.engine.spark_session import SparkOptions  # noqa: PLC0415 -- what an engine needs
        from retailstream.adapters.query.spark import SparkTables  # noqa: PLC0415 -- same

    options = SparkOptions(
        settings.engine.memory, settings.spark.master, settings.spark.conf, hadoop=settings.hdfs.conf
    )
    return SparkTables(work, options, progress)


@contextmanager
def _installed(extra: str) -> Iterator[None]:
    """Have a package that is missing name the extra that brings it."""
    try:
        yield
    except ImportError as error:
        raise UsageError(
            f"engine '{extra}' needs {error.name}, which is not installed", hint=f"pip install 'retailstream[{extra}]'"
        ) from error
