"""What surrounds a JVM of Spark: its variables, where it writes its errors, and its temporary folder."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import SparkSession


@contextmanager
def temporary_folder(spark: SparkSession) -> Iterator[None]:
    """Have the JVM's temporary folder for the block: that of an earlier session, whose work folder may be gone.

    Java asks for its place once, and libraries, such as that of Zstandard, unpack themselves there at their first use.
    """
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 -- pyspark has no other way
    folder = Path(jvm.java.lang.System.getProperty("java.io.tmpdir"))
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if missing:
            shutil.rmtree(folder, ignore_errors=True)
        for place in missing[1:]:
            with suppress(OSError):  # others may have put something there
                place.rmdir()


@contextmanager
def variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Have variables of the environment within the block, for the processes that it starts."""
    given = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in given.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def errors_into(path: Path) -> Iterator[None]:
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
