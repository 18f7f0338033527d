"""One merge on Spark: the same steps as on one machine, as SQL over views that its processes compute.

raw → numbered (checked and typed) → losers → merged. Nothing of it is larger than a task but what `write` collects,
which is a few months at a time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from retailstream import cleaning
from retailstream.adapters.engine import spark_reading as reading
from retailstream.contracts import BLANKS
from retailstream.manifests import WHOLE
from retailstream.ports import FoundReject, RowCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from retailstream.contracts import Contract
    from retailstream.ports import LakeFile, LandedFile

    Read = Callable[..., Iterator[pa.RecordBatch]]

COLLECTED_ROWS: Final = 2_000_000
"""How many rows the driver holds at a time, as far as months are not larger."""

DIALECT: Final = cleaning.Dialect(
    # A `$` of Java also stands before a line end at the end of the text.
    matches=lambda text, pattern: rf"{text} rlike r'\A(?:{pattern})\z'",
    trimmed=lambda text: f"btrim({text}, '{BLANKS}')",
)
"""What Spark says in its own way."""

_LINEAGE: Final = tuple(name for name, _type in reading.LINEAGE)


class SparkMerge:
    """The new rows of one table, checked and merged, in a session of Spark."""

    def __init__(self, spark: SparkSession, contract: Contract) -> None:
        self._spark = spark
        self._contract = contract
        self._names = ", ".join(contract.names)
        self._key = ", ".join(contract.key)
        self._month = "substr(cast(date as string), 1, 7)" if contract.by_month else f"'{WHOLE}'"
        self._kept: list[DataFrame] = []

    def over(
        self, files: Sequence[LandedFile], *, settled: Collection[tuple[int, int]], current: Mapping[str, LakeFile]
    ) -> SparkMerge:
        """Do the work, and return the merge, ready to be asked and written."""
        self._list_files(files)
        self._check(files, settled)
        fresh = self._rows_by_partition(f"{self._table('numbered')} where broken is null")
        self._read_current([current[name] for name in fresh if name in current])
        self._find_losers()
        self._lay_over()
        return self

    def forget(self) -> None:
        """Give back what Spark keeps of the merge, which is of no use afterwards."""
        while self._kept:
            self._kept.pop().unpersist()

    @property
    def counts(self) -> RowCounts:
        """How the records were accounted for."""
        ((rows_in, rejected),) = self._ask(f"select count(*), count(broken) from {self._table('numbered')}")
        ((duplicate, superseded, replaced),) = self._ask(
            "select count_if(not earlier and not differs), count_if(not earlier and differs), count_if(earlier)"
            f" from {self._table('losers')}"
        )
        rows_out = rows_in - rejected - duplicate - superseded
        return RowCounts(rows_in, rows_out, rejected, duplicate, superseded, replaced)

    @property
    def off_fridays(self) -> int:
        """How many accepted rows have a date that is no Friday."""
        if not self._contract.by_month:
            return 0
        condition = "broken is null and weekday(date) <> 4"
        return int(self._ask(f"select count(*) from {self._table('numbered')} where {condition}")[0][0])

    def rejects(self) -> Iterator[FoundReject]:
        """Yield every record that does not enter the clean table, in the order of files and records."""
        found = self._spark.sql(f"""
            select landing, file, record, split_part(broken, ':', 2), nullif(split_part(broken, ':', 1), ''), value
              from {self._table("numbered")} join {self._table("files")} using (number) where broken is not null
             union all
            select landing, file, record, 'superseded', null, null from {self._table("losers")} where differs
             order by 1, 2, 3""")
        for row in found.toLocalIterator(prefetchPartitions=True):
            yield FoundReject(*row)

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
                write_table(table.slice(start, rows[name]), paths[name], compression="zstd")
                start += rows[name]
                yield name

    def _table(self, name: str) -> str:
        return f"{self._contract.name}_{name}"

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._spark.sql(query).collect()]

    def _keep(self, name: str, query: str) -> None:
        """Compute a view once, when it is first read, and keep it in memory or on disk."""
        self._kept.append(self._spark.sql(query).persist())
        self._kept[-1].createOrReplaceTempView(self._table(name))

    def _list_files(self, files: Sequence[LandedFile]) -> None:
        rows = [(file.number, file.landing, file.file) for file in files]
        listed = self._spark.createDataFrame(rows, "number int, landing int, file string")
        listed.createOrReplaceTempView(self._table("files"))

    def _check(self, files: Sequence[LandedFile], settled: Collection[tuple[int, int]]) -> None:
        """Read every record, check and type it, and leave out what is settled."""
        self._read(files, reading.read_raw, reading.raw_schema(self._contract), "raw")
        out = self._spark.createDataFrame(sorted(settled), "number int, record int")
        out.createOrReplaceTempView(self._table("settled"))
        columns = self._contract.columns
        values = ", ".join(f"{cleaning.value(column, DIALECT)} as v_{column.name}" for column in columns)
        offending = " ".join(f"when '{column.name}' then {column.name}" for column in columns)
        typed = ", ".join(f"v_{column.name} as {column.name}" for column in columns)
        self._keep(
            "numbered",
            f"""
            select number, record, broken, {typed},
                   case when broken is not null
                        then coalesce(defect_value, case split_part(broken, ':', 1) {offending} end) end as value
              from (select *, {cleaning.broken(self._contract, DIALECT)} as broken
                      from (select *, {values} from {self._table("raw")}
                              left anti join {self._table("settled")} using (number, record)))""",
        )

    def _read_current(self, files: Sequence[LakeFile]) -> None:
        self._read(files, reading.read_clean, reading.clean_schema(self._contract), "current")

    def _read(self, files: Sequence[LandedFile] | Sequence[LakeFile], read: Read, schema: pa.Schema, view: str) -> None:
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 -- of Spark

        context = self._spark.sparkContext
        groups = reading.groups(files, context.defaultParallelism)
        listed = context.parallelize([(group,) for group in groups], max(1, len(groups)))
        rows = self._spark.createDataFrame(listed, "files binary").mapInArrow(
            partial(read, self._contract), from_arrow_schema(schema)
        )
        rows.createOrReplaceTempView(self._table(view))

    def _find_losers(self) -> None:
        """List who lost: new rows to later rows of their key, and rows that were clean before to any new row."""
        differs = " or ".join(f"not (loser.{name} <=> winner.{name})" for name in self._contract.names)
        self._keep(
            "ranked",
            f"""
            select *, row_number() over (partition by {self._key} order by number desc, record desc) as place
              from {self._table("numbered")} where broken is null""",
        )
        self._keep(
            "losers",
            f"""
            select loser.number, loser.record, files.landing, files.file, false as earlier, {differs} as differs
              from {self._table("ranked")} as loser
              join {self._table("ranked")} as winner using ({self._key})
              join {self._table("files")} as files on files.number = loser.number
             where loser.place > 1 and winner.place = 1
             union all
            select null, loser.source_record, loser.source_landing, loser.source_file, true, {differs}
              from {self._table("current")} as loser
              join (select * from {self._table("ranked")} where place = 1) as winner using ({self._key})""",
        )

    def _lay_over(self) -> None:
        winners = f"(select * from {self._table('ranked')} where place = 1)"
        landing, file, record = _LINEAGE
        self._keep(
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
        return dict(self._ask(f"select {self._month} as month, count(*) from {source} group by 1 order by 1"))

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
