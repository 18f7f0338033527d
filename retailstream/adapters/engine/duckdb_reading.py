"""Landed files as what DuckDB selects their records from, every field as text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.adapters.engine.duckdb_files import only
from retailstream.records import (
    JOINED_OPTIONS,
    PLAIN_OPTIONS,
    SMALL_BYTES,
    SPOOL_COLUMNS,
    Spool,
    join,
    spool,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.ports import LandedFile

DEFECT: Final = SPOOL_COLUMNS[2:]
"""What our reader says of a record that it finds broken; null for all others."""

_NUMBER: Final = "list_extract($numbers::integer[], cast(file_index as bigint) + 1)"
"""The number of a row's file, from its place among the files that are read."""


@dataclass(frozen=True)
class Source:
    """A query for the records of files, and its parameters.

    It has the `number` of the file, the number of the record as `given`, null where that is the row's place in its
    file, the fields that no contract knows as `ignored`, the defect, and the contract's columns.
    """

    query: str
    parameters: dict[str, object]


def sources(files: Sequence[LandedFile], contract: Contract, work: Path) -> Iterator[Source]:
    """Yield a source for all files of each kind; what is written for one stays in `work` until the next is asked for.

    Plain files are read at DuckDB's own speed, those of one header at a time, and small ones of them as one file; all
    others as our reader spools them.
    """
    plain: dict[tuple[tuple[str | None, ...], bool], list[LandedFile]] = defaultdict(list)
    for file in files:
        if file.survey.plain:
            plain[file.survey.columns, file.path.stat().st_size <= SMALL_BYTES].append(file)
    for (header, small), group in plain.items():
        yield from _joined(group, header, contract, work) if small else _plain(group, header, contract)
    odd = [file for file in files if not file.survey.plain]
    if odd:
        yield from _spooled(odd, contract, work)


def _plain(files: Sequence[LandedFile], header: Sequence[str | None], contract: Contract) -> Iterator[Source]:
    read = f"read_csv($paths, {PLAIN_OPTIONS}, hive_partitioning = false, columns = {_texts(_names(header))})"
    numbers = [file.number for file in files]
    query = f"select {_NUMBER} as number, {_fields(header, contract)} from {read}"
    yield Source(query, {"paths": [only(file.path) for file in files], "numbers": numbers})


def _joined(
    files: Sequence[LandedFile], header: Sequence[str | None], contract: Contract, work: Path
) -> Iterator[Source]:
    path = work / f"{contract.name}-joined.csv"
    join([(file.number, file.path) for file in files], path)
    columns = _texts(["number", *_names(header)])
    read = f"read_csv($path, {JOINED_OPTIONS}, hive_partitioning = false, columns = {columns})"
    query = f"select cast(number as integer) as number, {_fields(header, contract)} from {read}"
    yield Source(query, {"path": only(path)})
    path.unlink()


def _spooled(files: Sequence[LandedFile], contract: Contract, work: Path) -> Iterator[Source]:
    paths = [work / f"{contract.name}-{file.number}.csv" for file in files]
    spools = [spool(file.path, file.survey, contract, path) for file, path in zip(files, paths, strict=True)]
    options = Spool(0, max(spooled.longest for spooled in spools)).options
    columns = _texts((*SPOOL_COLUMNS, *contract.names))
    read = f"read_csv($paths, {options}, hive_partitioning = false, columns = {columns})"
    names = ", ".join(("ignored", *DEFECT, *contract.names))
    query = f"select {_NUMBER} as number, cast(record as integer) as given, {names} from {read}"
    yield Source(query, {"paths": [only(path) for path in paths], "numbers": [file.number for file in files]})
    for path in paths:
        path.unlink()


def _names(header: Sequence[str | None]) -> list[str]:
    """Return a name for each field of a header, which may have some that the contract does not know."""
    return [name or f"unknown{place}" for place, name in enumerate(header)]


def _fields(header: Sequence[str | None], contract: Contract) -> str:
    """Return what is selected of plain files: no record is given a number or a defect, and no column is missing."""
    absent = [name for name in contract.names if name not in header]
    nulls = "".join(f", cast(null as varchar) as {name}" for name in (*DEFECT, *absent))
    present = "".join(f", {name}" for name in contract.names if name in header)
    return f"cast(null as integer) as given, {_ignored(header)} as ignored{nulls}{present}"


def _ignored(header: Sequence[str | None]) -> str:
    """Return what `ignored_text` makes of a plain file's fields, which have neither commas nor quotes, in SQL."""
    unknown = [name for column, name in zip(header, _names(header), strict=True) if column is None]
    texts = ", ".join(f"',', coalesce({name}, '')" for name in unknown)
    return f"concat({texts})" if texts else "cast(null as varchar)"


def _texts(columns: Iterable[str]) -> str:
    """Return columns of text as `read_csv` takes them."""
    texts = ", ".join(f"'{column}': 'varchar'" for column in columns)
    return f"{{{texts}}}"
