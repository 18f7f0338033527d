"""One merge on Spark: the same steps as on one machine, as SQL over views that its processes compute.

entering → accepted → ranked → losers → merged. Nothing of it is larger than a task but what `write` collects, which is
a few months at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from retailstream.adapters.engine import spark_reading as reading
from retailstream.adapters.engine.absent_columns import Tables, filled_sql
from retailstream.adapters.engine.row_digests import row_digests
from retailstream.manifests import WHOLE
from retailstream.ports import Disagreement, FoundReject, RowCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from retailstream.adapters.engine.spark_views import SparkViews
    from retailstream.ports import LakeFile, LandedFile

COLLECTED_ROWS: Final = 2_000_000
"""How many rows the driver holds at a time, as far as months are not larger."""

_LINEAGE: Final = tuple(name for name, _type in reading.LINEAGE)


class SparkMerge:
    """The new rows of one table, merged, in the session of Spark where they were checked."""

    def __init__(self, views: SparkViews) -> None:
        self._views = views
        self._spark = views.spark
        self._contract = views.contract
        self._names = ", ".join(self._contract.names)
        self._key = ", ".join(self._contract.key)
        self._month = "substr(cast(date as string), 1, 7)" if self._contract.by_month else f"'{WHOLE}'"

    def over(self, files: Sequence[LandedFile], current: Mapping[str, LakeFile]) -> SparkMerge:
        """Do the work, and return the merge, ready to be asked and written."""
        fresh = self._rows_by_partition(f"{self._table('entering')} where broken is null")
        touched = [current[name] for name in fresh if name in current]
        self._views.read("current", touched, reading.read_clean, reading.clean_schema(self._contract))
        self._accept(files, any_old=bool(touched))
        self._find_losers()
        self._lay_over()
        return self

    @property
    def counts(self) -> RowCounts:
        """How the records were accounted for."""
        ((rows_in, rejected),) = self._views.ask(f"select count(*), count(broken) from {self._table('entering')}")
        ((duplicate, superseded, replaced),) = self._views.ask(
            "select count_if(not earlier and not differs), count_if(not earlier and differs), count_if(earlier)"
            f" from {self._table('losers')}"
        )
        rows_out = rows_in - rejected - duplicate - superseded
        return RowCounts(rows_in, rows_out, rejected, duplicate, superseded, replaced)

    def rejects(self) -> Iterator[FoundReject]:
        """Yield every record that does not enter the clean table, in the order of files and records."""
        found = self._spark.sql(f"""
            select landing, file, record, split_part(broken, ':', 2), nullif(split_part(broken, ':', 1), ''), value
              from {self._table("entering")} join {self._table("files")} using (number) where broken is not null
             union all
            select landing, file, record, 'superseded', null, null from {self._table("losers")} where differs
             order by 1, 2, 3""")
        for row in found.toLocalIterator(prefetchPartitions=True):
            yield FoundReject(*row)

    def disagreements(self) -> list[Disagreement]:
        """Return the pairs of files of one landing that disagree, those about the most rows first."""
        rows = self._views.ask(
            f"select file, beside, count(*) as rows from {self._table('losers')}"
            " where differs and beside is not null group by file, beside order by rows desc, file, beside"
        )
        return [Disagreement(*row) for row in rows]

    def partitions(self) -> Mapping[str, int]:
        """Return the rows of each partition that the new rows touch."""
        return self._rows_by_partition(self._table("merged"))

    def write(self, paths: Mapping[str, Path]) -> Iterator[str]:
        """Write touched partitions' rows, old and new, by key, as a Parquet file each; yield each when it is done."""
        from pyarrow.parquet import write_table  # noqa: PLC0415 -- only the driver writes

        rows = self.partitions()
        columns = ", ".join((*self._contract.names, *_LINEAGE))
        for some in _together(sorted(paths), rows):
            table = self._collected(f"""
                select {columns} from {self._table("merged")} where month in ({", ".join(f"'{name}'" for name in some)})
                 order by month, {self._key}""")
            start = 0
            for name in some:
                # Of rows in one piece the bytes do not depend on how many of them Spark sent at a time.
                write_table(table.slice(start, rows[name]).combine_chunks(), paths[name], compression="zstd")
                start += rows[name]
                yield name

    def row_digests(self, paths: Sequence[Path]) -> list[str]:
        """Return the digest of the rows of each written file: the same for the same rows, whoever wrote them."""
        import duckdb  # noqa: PLC0415 -- the driver has the files

        with duckdb.connect() as connection:
            return row_digests(connection, paths)

    def _table(self, name: str) -> str:
        return self._views.name(name)

    def _accept(self, files: Sequence[LandedFile], *, any_old: bool) -> None:
        rows = f"(select * from {self._table('entering')} where broken is null)"
        old = self._table("current") if any_old else None
        self._views.make("accepted", filled_sql(self._contract, files, Tables(rows, self._table("files"), rows, old)))

    def _find_losers(self) -> None:
        """List who lost: new rows to later rows of their key, and rows that were clean before to any new row."""
        values = " or ".join(f"not (loser.{name} <=> winner.{name})" for name in self._contract.names)
        self._views.keep(
            "ranked",
            f"""
            select *, row_number() over (partition by {self._key} order by number desc, record desc) as place
              from {self._table("accepted")}""",
        )
        self._views.keep(
            "losers",
            f"""
            select loser.number, loser.record, files.landing, files.file, false as earlier,
                   {values} or (files.landing = taken.landing and coalesce(loser.ignored <> winner.ignored, false))
                     as differs,
                   case when files.landing = taken.landing and files.number <> taken.number then taken.file end
                     as beside
              from {self._table("ranked")} as loser
              join {self._table("ranked")} as winner using ({self._key})
              join {self._table("files")} as files on files.number = loser.number
              join {self._table("files")} as taken on taken.number = winner.number
             where loser.place > 1 and winner.place = 1
             union all
            select null, loser.source_record, loser.source_landing, loser.source_file, true, {values}, null
              from {self._table("current")} as loser
              join (select * from {self._table("ranked")} where place = 1) as winner using ({self._key})""",
        )

    def _lay_over(self) -> None:
        winners = f"(select * from {self._table('ranked')} where place = 1)"
        landing, file, record = _LINEAGE
        self._views.keep(
            "merged",
            f"""
            select *, {self._month} as month from (
              select {self._names}, landing as {landing}, file as {file}, record as {record}
                from {winners} join {self._table("files")} using (number)
               union all
              select {self._names}, {landing}, {file}, {record}
                from {self._table("current")} left anti join {winners} using ({self._key}))""",
        )

    def _rows_by_partition(self, source: str) -> dict[str, int]:
        return dict(self._views.ask(f"select {self._month} as month, count(*) from {source} group by 1 order by 1"))

    def _collected(self, query: str) -> pa.Table:
        """Return an answer as a table of Arrow with exactly the columns of clean rows."""
        import pyarrow as pa  # noqa: PLC0415 -- only the driver collects

        frame: Any = self._spark.sql(query)
        # Before Spark 4 it had no public name.
        is_public = hasattr(type(frame), "toArrow")
        table = frame.toArrow() if is_public else pa.Table.from_batches(frame._collect_as_arrow())  # noqa: SLF001
        return table.cast(reading.clean_schema(self._contract))


def _together(names: Sequence[str], rows: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield partitions in groups that the driver can hold."""
    some: list[str] = []
    for name in names:
        if some and sum(rows[other] for other in some) + rows[name] > COLLECTED_ROWS:
            yield some
            some = []
        some.append(name)
    if some:
        yield some
