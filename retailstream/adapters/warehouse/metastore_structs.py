"""What a Metastore is told, in the structures of its interface."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from retailstream.adapters.warehouse.metastore_client import interface
from retailstream.contracts import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.adapters.warehouse.hive_statistics import ColumnStatistics

_IO: Final = "org.apache.hadoop.hive.ql.io"

FORMATS: Final = {
    "parquet": (
        f"{_IO}.parquet.serde.ParquetHiveSerDe",
        f"{_IO}.parquet.MapredParquetInputFormat",
        f"{_IO}.parquet.MapredParquetOutputFormat",
    ),
    "orc": (f"{_IO}.orc.OrcSerde", f"{_IO}.orc.OrcInputFormat", f"{_IO}.orc.OrcOutputFormat"),
}
"""What Hive reads and writes rows, input and output of a format by."""

_SCALES: Final = {Type.MONEY: 2, Type.NUMBER: 10}


def fields(columns: Sequence[tuple[str, str]]) -> list[Any]:
    """Return columns, each a name and a type."""
    return [interface().FieldSchema(name=name, type=type_, comment="") for name, type_ in columns]


def storage(columns: Sequence[tuple[str, str]], location: str, format_: str) -> Any:  # noqa: ANN401 -- made at run time
    """Return a folder of files of a format with these columns."""
    descriptor = interface().StorageDescriptor(
        cols=fields(columns),
        location=location,
        compressed=False,
        numBuckets=-1,
        serdeInfo=interface().SerDeInfo(name="", parameters={"serialization.format": "1"}),
        bucketCols=[],
        sortCols=[],
        parameters={},
    )
    set_format(descriptor, format_)
    return descriptor


def set_format(descriptor: Any, format_: str) -> None:  # noqa: ANN401 -- same
    """Have Hive read and write a folder's files in a format; what else it knows of them stays."""
    serializer, reader, writer = FORMATS[format_]
    descriptor.serdeInfo.serializationLib = serializer
    descriptor.inputFormat, descriptor.outputFormat = reader, writer


def format_of(descriptor: Any) -> str:  # noqa: ANN401 -- same
    """Return the format of a folder's files; of one that we do not write, Hive's class."""
    for name, (_serializer, reader, _writer) in FORMATS.items():
        if descriptor.inputFormat == reader:
            return name
    return str(descriptor.inputFormat)


def statistics(database: str, table: str, partition: str, columns: Sequence[ColumnStatistics]) -> Any:  # noqa: ANN401
    """Return the statistics of the columns of a partition, or of a whole table where its name is empty."""
    idl = interface()
    desc = idl.ColumnStatisticsDesc(
        isTblLevel=not partition,
        dbName=database,
        tableName=table,
        partName=partition or None,
        lastAnalyzed=int(time.time()),
    )
    found = [idl.ColumnStatisticsObj(colName=c.column, colType=c.type, statsData=_data(c)) for c in columns]
    return idl.ColumnStatistics(statsDesc=desc, statsObj=found, engine="hive")


def _data(column: ColumnStatistics) -> Any:  # noqa: ANN401 -- same
    idl = interface()
    counts = {"numNulls": column.nulls, "numDVs": column.distinct}
    match column.kind:
        case Type.BOOLEAN:
            told = {"numTrues": column.trues, "numFalses": column.falses, "numNulls": column.nulls}
            return idl.ColumnStatisticsData(booleanStats=idl.BooleanColumnStatsData(**told))
        case Type.LETTER:
            lengths = {"maxColLen": column.longest, "avgColLen": column.mean_length}
            return idl.ColumnStatisticsData(stringStats=idl.StringColumnStatsData(**lengths, **counts))
        case Type.DATE:
            return idl.ColumnStatisticsData(dateStats=idl.DateColumnStatsData(**_bounds(column), **counts))
        case Type.INTEGER:
            return idl.ColumnStatisticsData(longStats=idl.LongColumnStatsData(**_bounds(column), **counts))
        case _:
            return idl.ColumnStatisticsData(decimalStats=idl.DecimalColumnStatsData(**_bounds(column), **counts))


def _bounds(column: ColumnStatistics) -> dict[str, Any]:
    if column.low is None or column.high is None:
        return {}
    return {"lowValue": _bound(column.kind, column.low), "highValue": _bound(column.kind, column.high)}


def _bound(kind: Type, value: int) -> Any:  # noqa: ANN401 -- same
    if kind is Type.INTEGER:
        return value
    if kind is Type.DATE:
        return interface().Date(daysSinceEpoch=value)
    length = value.bit_length() // 8 + 1
    return interface().Decimal(unscaled=value.to_bytes(length, "big", signed=True), scale=_SCALES[kind])
