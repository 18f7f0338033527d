"""Landed files on Spark, read by its processes and checked by SQL: raw → numbered, which is checked and typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream import cleaning
from retailstream.adapters.engine import file_figures
from retailstream.adapters.engine import spark_reading as reading
from retailstream.adapters.engine.absent_columns import flags, optional
from retailstream.adapters.engine.spark_merge import SparkMerge
from retailstream.adapters.engine.spark_views import SparkViews
from retailstream.contracts import BLANKS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pyspark.sql import SparkSession

    from retailstream.contracts import Contract
    from retailstream.ports import FileDate, FileFigures, LakeFile, LandedFile, StoreFigures

DIALECT: Final = cleaning.Dialect(
    # A `$` of Java also stands before a line end at the end of the text.
    matches=lambda text, pattern: rf"{text} rlike r'\A(?:{pattern})\z'",
    trimmed=lambda text: f"btrim({text}, '{BLANKS}')",
)
"""What Spark says in its own way."""


class SparkChecked:
    """The new records of one table, checked, in a session of Spark."""

    def __init__(self, spark: SparkSession, contract: Contract) -> None:
        self._contract = contract
        self._views = SparkViews(spark, contract)
        self._landed: Sequence[LandedFile] = ()

    def over(self, files: Sequence[LandedFile], *, settled: Collection[tuple[int, int]]) -> SparkChecked:
        """Do the work, and return what was checked, ready to be asked and merged."""
        self._landed = files
        listed = [(file.number, file.landing, file.file, *flags(self._contract, file)) for file in files]
        has = "".join(f", has_{name} boolean" for name in optional(self._contract))
        self._views.rows("files", listed, f"number int, landing int, file string{has}")
        self._check(files, settled)
        return self

    def files(self) -> list[FileFigures]:
        """Return what each file holds, in the order of their numbers; a file without records, too."""
        rows = self._views.name("numbered")
        shared = f"(select * from {rows} where broken is null)"
        query = file_figures.figures_sql(self._contract, self._views.name("files"), rows, shared, "weekday({}) + 1")
        return file_figures.figures(self._views.ask(query))

    def dates(self) -> list[FileDate]:
        """Return the dates of each file, in order; only of a table that has dates."""
        return file_figures.dates(self._views.ask(file_figures.dates_sql(self._views.name("numbered"))))

    def stores(self, *, refused: Collection[int] = ()) -> list[StoreFigures]:
        """Return how each store came through, without the files of the refused numbers, by store."""
        return file_figures.stores(self._views.ask(file_figures.stores_sql(self._views.name("numbered"), refused)))

    def merge(self, *, current: Mapping[str, LakeFile], refused: Collection[int] = ()) -> SparkMerge:
        """Lay the accepted records over the current partitions, without the files of the refused numbers."""
        self._views.make("entering", f"select * from {self._views.name('numbered')}{file_figures.without(refused)}")
        files = [file for file in self._landed if file.number not in refused]
        return SparkMerge(self._views).over(files, current)

    def forget(self) -> None:
        """Give back what Spark keeps of the records, which is of no use afterwards."""
        self._views.forget()

    def _check(self, files: Sequence[LandedFile], settled: Collection[tuple[int, int]]) -> None:
        """Read every record, check and type it, and leave out what is settled."""
        self._views.read("raw", files, reading.read_raw, reading.raw_schema(self._contract))
        self._views.rows("settled", sorted(settled), "number int, record int")
        columns = self._contract.columns
        values = ", ".join(f"{cleaning.value(column, DIALECT)} as v_{column.name}" for column in columns)
        typed = ", ".join(f"v_{column.name} as {column.name}" for column in columns)
        self._views.keep(
            "numbered",
            f"""
            select number, record, case when ignored is not null then xxhash64(ignored) end as ignored, broken, {typed},
                   {cleaning.offending(self._contract)} as value
              from (select *, {cleaning.broken(self._contract, DIALECT)} as broken
                      from (select *, {values} from {self._views.name("raw")}
                              left anti join {self._views.name("settled")} using (number, record)))""",
        )
