"""The engine for more data than one machine holds: merges in a session of Spark, on this machine or on a cluster's."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from retailstream.adapters.engine.spark_session import SparkOptions, open_session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from retailstream.adapters.engine.spark_check import SparkChecked
    from retailstream.adapters.engine.spark_session import LazySession
    from retailstream.contracts import Contract
    from retailstream.ports import LandedFile

ORIGIN: Final = ("source_landing", "source_file")
"""The columns of clean rows that name the landed file that they came in."""


@contextmanager
def open_spark(
    work: Path, *, memory: str, master: str = "local[*]", conf: Mapping[str, str] | None = None
) -> Iterator[SparkMerger]:
    """Open the engine with an empty work folder that goes with it.

    A session that is there already, as in a job of a cluster, is used and left; else one is made with so much `memory`,
    such as `1500MB`. Raises UsageError where Spark or Java is missing, RetailStreamError where Spark fails.
    """
    with open_session(work, SparkOptions(memory, master, conf or {})) as session:
        merger = SparkMerger(session)
        try:
            yield merger
        finally:
            merger.close()


class SparkMerger:
    """Merges by SQL in one session, made when it is first needed: a run with nothing to do has none."""

    def __init__(self, session: LazySession) -> None:
        self._session = session
        self._checked: dict[str, SparkChecked] = {}

    def check(
        self, contract: Contract, files: Sequence[LandedFile], *, settled: Collection[tuple[int, int]]
    ) -> SparkChecked:
        """Read and check files, without the settled records."""
        spark = self._session.get()
        from retailstream.adapters.engine.spark_check import SparkChecked  # noqa: PLC0415 -- it needs pyarrow

        if before := self._checked.get(contract.name):
            before.forget()
        checked = self._checked[contract.name] = SparkChecked(spark, contract)
        return checked.over(files, settled=settled)

    def origins(self, paths: Sequence[Path]) -> dict[tuple[int, str], int]:
        """Return how many rows of files that a merge wrote came from which landed file, by landing and name."""
        from pyarrow.parquet import read_table  # noqa: PLC0415 -- the driver has the files, so no session is needed

        found: Counter[tuple[int, str]] = Counter()
        for path in paths:
            rows = read_table(path, columns=list(ORIGIN), partitioning=None)
            for group in rows.group_by(list(ORIGIN)).aggregate([([], "count_all")]).to_pylist():
                found[group[ORIGIN[0]], group[ORIGIN[1]]] += group["count_all"]
        return dict(found)

    def close(self) -> None:
        """Give a session that is not ours back what the merges took."""
        if self._session.begun and not self._session.is_ours:
            for checked in self._checked.values():
                checked.forget()
