"""The views of one table that a check and its merge in a session of Spark have in common."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from retailstream.adapters.engine import spark_reading as reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from retailstream.contracts import Contract
    from retailstream.ports import LakeFile, LandedFile

    Read = Callable[..., Iterator[pa.RecordBatch]]


class SparkViews:
    """Views by short names, and what Spark keeps of them."""

    def __init__(self, spark: SparkSession, contract: Contract) -> None:
        self.spark = spark
        self.contract = contract
        self._kept: list[DataFrame] = []

    def forget(self) -> None:
        """Give back what Spark keeps of them, which is of no use afterwards."""
        while self._kept:
            self._kept.pop().unpersist()

    def name(self, name: str) -> str:
        """Return a view as SQL calls it."""
        return f"{self.contract.name}_{name}"

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return all rows of an answer."""
        return [tuple(row) for row in self.spark.sql(query).collect()]

    def make(self, name: str, query: str) -> None:
        """Have a view that is computed whenever it is read."""
        self.spark.sql(query).createOrReplaceTempView(self.name(name))

    def rows(self, name: str, rows: Sequence[tuple[object, ...]], columns: str) -> None:
        """Have a view of rows that the driver knows."""
        self.spark.createDataFrame(rows, columns).createOrReplaceTempView(self.name(name))

    def keep(self, name: str, query: str) -> None:
        """Compute a view once, when it is first read, and keep it in memory or on disk."""
        self._kept.append(self.spark.sql(query).persist())
        self._kept[-1].createOrReplaceTempView(self.name(name))

    def read(self, view: str, files: Sequence[LandedFile] | Sequence[LakeFile], read: Read, schema: pa.Schema) -> None:
        """Have a view of files that the processes of Spark read."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 -- of Spark

        context = self.spark.sparkContext
        groups = reading.groups(files, context.defaultParallelism)
        listed = context.parallelize([(group,) for group in groups], max(1, len(groups)))
        rows = self.spark.createDataFrame(listed, "files binary").mapInArrow(
            partial(read, self.contract), from_arrow_schema(schema)
        )
        rows.createOrReplaceTempView(self.name(view))
