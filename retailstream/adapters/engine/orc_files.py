"""Parquet files turned into ORC files and back, by pyarrow, some rows at a time: the same rows give the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from retailstream.errors import RetailStreamError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

ROWS: Final = 65_536
"""How many rows are held at a time."""


def to_orc(parquet: Path, target: Path) -> None:
    """Write the rows of a Parquet file, in their order, as an ORC file; UsageError where pyarrow is missing."""
    orc = _orc()
    import pyarrow as pa  # noqa: PLC0415 -- it is there already
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415 -- same

    with ParquetFile(parquet) as source, orc.ORCWriter(target, compression="zstd") as writer:
        writer.write(source.schema_arrow.empty_table())  # a file without rows has columns, too
        for batch in source.iter_batches(ROWS):
            writer.write(pa.Table.from_batches([batch]))


def to_parquet(file: Path, target: Path) -> None:
    """Write the rows of an ORC file, in their order, as a Parquet file; RetailStreamError for one that has others."""
    orc = _orc()
    import pyarrow as pa  # noqa: PLC0415 -- it is there already
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415 -- same

    try:
        source = orc.ORCFile(file)
        with ParquetWriter(target, source.schema, compression="zstd") as writer:
            for stripe in range(source.nstripes):
                writer.write_batch(source.read_stripe(stripe))
    except pa.ArrowInvalid as error:  # above all for times beyond the years 1677 to 2262
        raise RetailStreamError(f"the ORC file cannot be read back: {error}", hint="use --format parquet") from error


def _orc() -> Any:  # noqa: ANN401 -- pyarrow has no types
    try:
        from pyarrow import orc  # noqa: PLC0415 -- 100 MB that only this format needs
    except ImportError as error:
        raise UsageError(
            "format 'orc' needs pyarrow, which is not installed", hint="pip install 'retailstream[orc]'"
        ) from error
    return orc
