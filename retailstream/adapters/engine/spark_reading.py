"""Landed and clean files as batches of Arrow, read by the processes of Spark wherever they run.

Records are told apart by the same code as everywhere: plain files by any reader, all others by our own.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from retailstream.contracts import Contract, Type
from retailstream.records import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from retailstream.ports import LakeFile, LandedFile
    from retailstream.records import Record

ROWS: Final = 50_000
"""How many rows a batch has."""

CHARACTERS: Final = 16 << 20
"""After how many characters a batch is full, too."""

GROUP_BYTES: Final = 32 << 20
"""Files are read together by one task, up to so many bytes: a task costs more than to read a small file."""

LINEAGE: Final = (("source_landing", pa.int32()), ("source_file", pa.string()), ("source_record", pa.int32()))
"""Where each clean row came from, beside the contract's columns."""

_DEFECT: Final = (("defect", pa.string()), ("defect_column", pa.string()), ("defect_value", pa.string()))

_TYPES: Final = {
    Type.INTEGER: pa.int32(),
    Type.MONEY: pa.decimal128(12, 2),
    Type.NUMBER: pa.decimal128(18, 10),
    Type.DATE: pa.date32(),
    Type.BOOLEAN: pa.bool_(),
    Type.LETTER: pa.string(),
}


def raw_schema(contract: Contract) -> pa.Schema:
    """Return the columns of a record before it is checked: its numbers, fields ignored, defect, fields."""
    fields = [(name, pa.string()) for name in contract.names]
    return pa.schema([("number", pa.int32()), ("record", pa.int32()), ("ignored", pa.string()), *_DEFECT, *fields])


def clean_schema(contract: Contract) -> pa.Schema:
    """Return the columns of a clean row."""
    return pa.schema([*((column.name, _TYPES[column.type]) for column in contract.columns), *LINEAGE])


def groups(files: Sequence[LandedFile] | Sequence[LakeFile], tasks: int) -> list[bytes]:
    """Return files in groups for a task each, pickled: `tasks` of them, or more where files are large."""
    sizes = [file.path.stat().st_size for file in files]
    most = min(GROUP_BYTES, -(-sum(sizes) // tasks))
    found: list[list[Any]] = []
    room = 0
    for file, size in zip(files, sizes, strict=True):
        if not found or size > room:
            found.append([])
            room = most
        found[-1].append(file)
        room -= size
    return [pickle.dumps(group) for group in found]


def read_raw(contract: Contract, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the records of groups of landed files."""
    for file in _files(batches):
        yield from (_plain if file.survey.plain else _odd)(contract, file)


def read_clean(contract: Contract, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of groups of clean files."""
    import pyarrow.parquet as pq  # noqa: PLC0415 -- only where there are clean files

    schema = clean_schema(contract)
    for file in _files(batches):
        with pq.ParquetFile(file.here()) as source:
            for batch in source.iter_batches(ROWS, columns=schema.names):
                yield from pa.Table.from_batches([batch]).select(schema.names).cast(schema).to_batches()


def _files(batches: Iterable[pa.RecordBatch]) -> Iterator[Any]:
    for batch in batches:
        for group in batch.column(0):
            yield from pickle.loads(group.as_py())  # noqa: S301 -- what the driver has sent


def _plain(contract: Contract, file: LandedFile) -> Iterator[pa.RecordBatch]:
    """Yield the records of a file without quotes or odd lines, which stand in it one a line."""
    from pyarrow import csv  # noqa: PLC0415 -- only the processes that read need it

    header = [f"{place}" for place in range(len(file.survey.columns))]
    places = {name: header[place] for place, name in enumerate(file.survey.columns) if name}
    if not file.survey.records:
        return
    reader = csv.open_csv(
        file.source.here(),
        read_options=csv.ReadOptions(skip_rows=1, column_names=header, use_threads=False, block_size=8 << 20),
        parse_options=csv.ParseOptions(quote_char=False, double_quote=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()),
            include_columns=header if file.survey.unknown else list(places.values()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
    schema, done = raw_schema(contract), 0
    for batch in reader:
        found: dict[str, Any] = {name: batch.column(place) for name, place in places.items()}
        if file.survey.unknown:
            unknown = [batch.column(place) for place in header if place not in places.values()]
            found["ignored"] = _ignored(unknown)
        yield _batch(schema, file.number, range(done + 1, done + batch.num_rows + 1), found)
        done += batch.num_rows


def _ignored(columns: Sequence[pa.Array]) -> pa.Array:
    """Return what `ignored_text` makes of a plain file's fields, which have neither commas nor quotes."""
    from pyarrow import compute  # noqa: PLC0415 -- only the processes that read need it

    return compute.binary_join_element_wise("", *columns, ",", null_handling="replace", null_replacement="")


def _odd(contract: Contract, file: LandedFile) -> Iterator[pa.RecordBatch]:
    """Yield the records of a file that only our own reader can read."""
    schema = raw_schema(contract)
    found = records(file.source.here(), file.survey, contract)
    for some in _portions(found):
        defects = [record.defect for record in some]
        columns: dict[str, Any] = {
            "ignored": [record.ignored for record in some],
            "defect": [defect.rule if defect else None for defect in defects],
            "defect_column": [defect.column if defect else None for defect in defects],
            "defect_value": [defect.value if defect else None for defect in defects],
        }
        for place, name in enumerate(contract.names):
            columns[name] = [(record.fields[place] or None) if record.fields else None for record in some]
        yield _batch(schema, file.number, [record.number for record in some], columns)


def _portions(found: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield records in portions of so many that they fit the memory, however long they are."""
    some: list[Record] = []
    characters = 0
    for record in found:
        some.append(record)
        characters += len(record.raw)
        if len(some) == ROWS or characters > CHARACTERS:
            yield some
            some, characters = [], 0
    if some:
        yield some


def _batch(schema: pa.Schema, number: int, numbers: Sequence[int], found: dict[str, Any]) -> pa.RecordBatch:
    rows = len(numbers)
    columns = {"number": pa.repeat(pa.scalar(number, pa.int32()), rows), "record": numbers, **found}
    arrays = []
    for field in schema:
        column = columns[field.name] if field.name in columns else pa.nulls(rows, field.type)
        arrays.append(column if isinstance(column, pa.Array) else pa.array(column, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
