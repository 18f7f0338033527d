"""The embedded engine: DuckDB in this process, spilling to a work folder what does not fit its memory."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from retailstream.adapters.engine import duckdb_profile
from retailstream.adapters.engine.duckdb_check import DuckDbChecked
from retailstream.adapters.engine.duckdb_errors import mapped
from retailstream.adapters.engine.duckdb_files import copy_partitions, no_rows, only, parquet, rows_by_partition
from retailstream.adapters.engine.row_digests import row_digests
from retailstream.contracts import Type
from retailstream.fingerprints import fingerprint_of, fingerprint_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Column, Contract
    from retailstream.fingerprints import Fingerprint
    from retailstream.ports import DatedRows, LandedFile, Profile, Row

BATCH = 50_000
DAY = "cast(date - date '1970-01-01' as bigint)"


class DuckDb:
    """One database in memory, made when it is first needed: a run with nothing to do has none.

    `memory`, such as `1500MB`, bounds what it keeps; what does not fit goes to the folder `spill`.
    """

    def __init__(self, spill: Path, memory: str) -> None:
        self._spill = spill
        self._memory = memory

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection to it."""
        import duckdb  # noqa: PLC0415 -- a sixth of a second that `--help` does not need

        spill = str(self._spill)
        return duckdb.connect(":memory:", config={"memory_limit": self._memory, "temp_directory": spill})

    def close(self) -> None:
        """Let go of it, if it was made."""
        if "connection" in self.__dict__:
            self.connection.close()


@contextmanager
def shared_duckdb(spill: Path, *, memory: str) -> Iterator[DuckDb]:
    """Have one database for several engines, one after the other: to make one takes as long as a small stage."""
    shutil.rmtree(spill, ignore_errors=True)
    database = DuckDb(spill, memory)
    try:
        yield database
    finally:
        database.close()
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def open_duckdb(work: Path, *, memory: str, shared: DuckDb | None = None) -> Iterator[DuckDbEngine]:
    """Open the engine with an empty work folder that goes with it, on a database of its own unless it has one to share.

    Raises RetailStreamError where a file is damaged, the disk is full or the memory too small; other errors of DuckDB
    are bugs of ours.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    database = shared or DuckDb(work / "spill", memory)
    try:
        with mapped():
            engine = DuckDbEngine(work, database)
            yield engine
            if shared:
                engine.forget()
    finally:
        if not shared:
            database.close()
        shutil.rmtree(work, ignore_errors=True)


class DuckDbEngine:
    """Computes over files by SQL on one connection."""

    def __init__(self, work: Path, database: DuckDb) -> None:
        self.work = work
        self._database = database
        self._checked: list[DuckDbChecked] = []

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection to the database in memory."""
        return self._database.connection

    def check(
        self, contract: Contract, files: Sequence[LandedFile], *, settled: Collection[tuple[int, int]]
    ) -> DuckDbChecked:
        """Read and check files, without the settled records."""
        checked = DuckDbChecked(self.connection, self.work, contract)
        self._checked.append(checked)
        return checked.over(files, settled=settled)

    def forget(self) -> None:
        """Free the memory of all merges; none of them can be asked any more."""
        for checked in self._checked:
            checked.drop()

    def rows(self, contract: Contract, paths: Sequence[Path], encode: Callable[[Column], str]) -> Iterator[list[Row]]:
        """Yield batches of the contract's columns of Parquet files in the order of the key, encoded."""
        if not paths:
            return
        cursor = self.connection.cursor()
        cursor.execute(
            f"select {', '.join(encode(column) for column in contract.columns)} from {parquet('$paths')}"
            f" order by {', '.join(contract.key)}",
            {"paths": [only(path) for path in paths]},
        )
        while rows := cursor.fetchmany(BATCH):
            yield rows

    def dump(
        self, contract: Contract, paths: Sequence[Path], encode: Callable[[Column], str], text: Path
    ) -> Fingerprint:
        """Write what `rows` yields, which must be text, as lines with tabs between, and return the fingerprint."""
        if not paths:
            text.touch()
            return self.fingerprint(contract, paths)
        # DuckDB looks at every text it writes for what it might have to quote: one text a line spares a third.
        line = f"concat_ws(chr(9), {', '.join(encode(column) for column in contract.columns)})"
        self.connection.execute(
            f"copy (select {line} from (select * from {parquet('$paths')} order by {', '.join(contract.key)}))"
            " to $text (format csv, header false, delimiter '', quote '', escape '')",
            {"paths": [only(path) for path in paths], "text": str(text)},
        )
        return self.fingerprint(contract, paths)

    def write_text(
        self, contract: Contract, text: Path, decode: Callable[[Column], str], target: Callable[[str], Path]
    ) -> dict[str, int]:
        """Turn a table dumped as text into one Parquet file a partition, and return the rows of each."""
        decoded = ", ".join(f"{decode(column)} as {column.name}" for column in contract.columns)
        self.connection.execute(
            f"create or replace table dumped as select {decoded}"
            " from read_csv($text, header = false, auto_detect = false, delim = ',', quote = '', escape = '',"
            " hive_partitioning = false, columns = $columns)",
            {"text": only(text), "columns": dict.fromkeys(contract.names, "varchar")},
        )
        return self._write_dumped(contract, target)

    def write_files(self, contract: Contract, paths: Sequence[Path], target: Callable[[str], Path]) -> dict[str, int]:
        """Turn a table in Parquet files of any order into one Parquet file a partition, and return the rows of each."""
        exact = ", ".join(f"cast({column.name} as {column.sql_type}) as {column.name}" for column in contract.columns)
        source = parquet("$paths") if paths else f"({no_rows(contract)})"
        self.connection.execute(
            f"create or replace table dumped as select {exact} from {source}",
            {"paths": [only(path) for path in paths]} if paths else {},
        )
        return self._write_dumped(contract, target)

    def _write_dumped(self, contract: Contract, target: Callable[[str], Path]) -> dict[str, int]:
        counts = rows_by_partition(self.connection, contract, "dumped")
        paths = {partition: target(partition) for partition in counts}
        for _ in copy_partitions(self.connection, contract, "dumped", contract.names, paths):
            pass
        self.connection.execute("drop table dumped")
        return counts

    def row_digests(self, paths: Sequence[Path]) -> list[str]:
        """Return the digest of the rows of each of some files of one table: the same whoever wrote them."""
        return row_digests(self.connection, paths)

    def fingerprint(self, contract: Contract, paths: Sequence[Path]) -> Fingerprint:
        """Return what Parquet files hold."""
        source = parquet("$paths") if paths else f"({no_rows(contract)})"
        parameters = {"paths": [only(path) for path in paths]} if paths else {}
        row = self.connection.execute(fingerprint_sql(contract, source, whole=_whole, day=DAY), parameters).fetchone()
        return fingerprint_of(contract, row or ())

    def profile(self, contract: Contract, paths: Sequence[Path]) -> Profile:
        """Return what Parquet files of a table with dates look like."""
        return duckdb_profile.profile(self.connection, contract, paths)

    def last_dates(self, sales: Sequence[Path], until: date) -> dict[int, date]:
        """Return each store's newest date that is not later than `until`."""
        return duckdb_profile.last_dates(self.connection, sales, until)

    def scattered(self, paths: Sequence[Path], *, gap: int, days: Collection[date]) -> list[DatedRows]:
        """Return the rows, by file and date, of these days, and of files that have dates more than `gap` days apart."""
        return duckdb_profile.scattered(self.connection, paths, gap=gap, days=days)

    def origins(self, paths: Sequence[Path]) -> dict[tuple[int, str], int]:
        """Return how many rows of files that a merge wrote came from which landed file, by landing and name."""
        return duckdb_profile.origins(self.connection, paths) if paths else {}

    def orphans(self, sales: Sequence[Path], stores: Sequence[Path]) -> list[int]:
        """Return the stores that have sales and are not among the known ones, in order."""
        return duckdb_profile.orphans(self.connection, sales, stores)


def _whole(column: Column) -> str:
    if column.type is Type.MONEY:
        return f"cast({column.name} * 100 as bigint)"
    if column.type is Type.NUMBER:
        return f"cast(cast({column.name} as decimal(28,10)) * 10000000000 as bigint)"
    number = f"ascii({column.name})" if column.type is Type.LETTER else column.name
    return f"cast({number} as bigint)"
