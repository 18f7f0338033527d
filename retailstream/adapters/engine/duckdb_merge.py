"""One merge on DuckDB: read fields as text, check them, keep the last row of each key, lay them over what was clean.

Each step leaves a temporary table that the next one reads: plain, spooled → checked → losers → merged.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from retailstream import cleaning
from retailstream.adapters.engine.duckdb_files import copy_partition, only, parquet, partition_of, rows_by_partition
from retailstream.ports import FoundReject, RowCounts
from retailstream.records import PLAIN_OPTIONS, SPOOL_COLUMNS, Spool, spool

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract
    from retailstream.ports import LandedFile

LINEAGE = ("source_landing", "source_file", "source_record")
"""Where each clean row came from, beside the contract's columns."""

BATCH_BYTES = 256 * 1024 * 1024
"""How much text is held at a time, before it is checked and typed."""

_PATHS = "filename = true, hive_partitioning = false"
"""A row tells its file; a folder called `store=7` tells nothing."""

_DEFECT = SPOOL_COLUMNS[1:]


class DuckDbMerge:
    """The new rows of one table, checked and merged, on a connection of the engine."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, work: Path, contract: Contract) -> None:
        self._connection = connection
        self._work = work
        self._contract = contract
        self._key = ", ".join(contract.key)

    def over(
        self, files: Sequence[LandedFile], *, settled: Collection[tuple[int, int]], current: Mapping[str, Path]
    ) -> DuckDbMerge:
        """Do the work, and return the merge, ready to be asked and written."""
        self._list_files(files)
        self._check(files, settled)
        touched = [current[name] for name in self._fresh_partitions() if name in current]
        self._find_losers(touched)
        self._lay_over(touched)
        return self

    @property
    def counts(self) -> RowCounts:
        """How the records were accounted for."""
        rows_in, rejected = self._one(f"select count(*), count(broken) from {self._table('checked')}")
        duplicate, superseded, replaced = self._one(
            "select count(*) filter (not earlier and not differs), count(*) filter (not earlier and differs),"
            f" count(*) filter (earlier) from {self._table('losers')}"
        )
        rows_out = rows_in - rejected - duplicate - superseded
        return RowCounts(rows_in, rows_out, rejected, duplicate, superseded, replaced)

    @property
    def off_fridays(self) -> int:
        """How many accepted rows have a date that is no Friday."""
        if not self._contract.by_month:
            return 0
        condition = "broken is null and isodow(date) <> 5"
        return int(self._one(f"select count(*) from {self._table('checked')} where {condition}")[0])

    def rejects(self) -> Iterator[FoundReject]:
        """Yield every record that does not enter the clean table, in the order of files and records."""
        cursor = self._connection.cursor()
        cursor.execute(f"""
            select landing, file, record, split_part(broken, ':', 2), nullif(split_part(broken, ':', 1), ''), value
              from {self._table("checked")} join {self._table("files")} using (number) where broken is not null
             union all
            select landing, file, record, 'superseded', null, null from {self._table("losers")} where differs
             order by 1, 2, 3""")
        while rows := cursor.fetchmany(10_000):
            yield from (FoundReject(*row) for row in rows)

    def partitions(self) -> Mapping[str, int]:
        """Return the rows of each partition that the new rows touch."""
        return rows_by_partition(self._connection, self._contract, self._table("merged"))

    def write(self, partition: str, path: Path) -> None:
        """Write a touched partition's rows, old and new, in the order of the key, as one Parquet file."""
        columns = (*self._contract.names, *LINEAGE)
        copy_partition(self._connection, self._contract, self._table("merged"), columns, partition, path)

    def _table(self, name: str) -> str:
        return f"{self._contract.name}_{name}"

    def _one(self, query: str) -> tuple[Any, ...]:
        return self._connection.execute(query).fetchone() or ()

    def _list_files(self, files: Sequence[LandedFile]) -> None:
        self._connection.execute(
            f"create or replace table {self._table('files')} as select"
            " unnest($numbers::integer[]) as number, unnest($landings::integer[]) as landing,"
            " unnest($names::varchar[]) as file, unnest($paths::varchar[]) as filename",
            {
                "numbers": [file.number for file in files],
                "landings": [file.landing for file in files],
                "names": [file.file for file in files],
                "paths": [str(self._read_from(file)) for file in files],
            },
        )

    def _read_from(self, file: LandedFile) -> Path:
        return file.path if file.survey.plain else self._work / f"{self._table('spool')}-{file.number}.csv"

    def _check(self, files: Sequence[LandedFile], settled: Collection[tuple[int, int]]) -> None:
        columns = "".join(f", {column.name} {column.sql_type}" for column in self._contract.columns)
        self._connection.execute(
            f"create or replace table {self._table('checked')}"
            f" (number integer, record integer, broken varchar, value varchar{columns})"
        )
        for group, spooled in _batches(files):
            source = self._spooled(spooled) if spooled else self._plain(group)
            self._connection.execute(f"insert into {self._table('checked')} {self._checked(source)}")
        if settled:
            numbers, records = zip(*settled, strict=True)
            self._connection.execute(
                f"delete from {self._table('checked')} where (number, record) in"
                " (select unnest($numbers::integer[]), unnest($records::integer[]))",
                {"numbers": list(numbers), "records": list(records)},
            )

    def _plain(self, files: Sequence[LandedFile]) -> str:
        """Read files of one header at DuckDB's own speed; a row's number follows from where the table keeps it."""
        header = [name or f"unknown{place}" for place, name in enumerate(files[0].survey.columns)]
        self._connection.execute(
            f"create or replace table {self._table('plain')} as select * from"
            f" read_csv($paths, {PLAIN_OPTIONS}, {_PATHS}, columns = $columns)",
            {"paths": [only(file.path) for file in files], "columns": dict.fromkeys(header, "varchar")},
        )
        fields = ", ".join(
            name if name in header else f"cast(null as varchar) as {name}" for name in self._contract.names
        )
        defects = ", ".join(f"cast(null as varchar) as {name}" for name in _DEFECT)
        return f"""
            select number, plain.rowid - first + 1 as record, {defects}, {fields}
              from {self._table("plain")} as plain
              join (select filename, min(rowid) as first from {self._table("plain")} group by filename) using (filename)
              join {self._table("files")} using (filename)"""

    def _spooled(self, files: Sequence[LandedFile]) -> str:
        spools = [spool(file.path, file.survey, self._contract, self._read_from(file)) for file in files]
        options = Spool(0, max(spooled.longest for spooled in spools)).options
        paths = ", ".join(quoted(only(self._read_from(file))) for file in files)
        columns = ", ".join(f"'{name}': 'varchar'" for name in (*SPOOL_COLUMNS, *self._contract.names))
        names = ", ".join(("number", "cast(record as integer) as record", *_DEFECT, *self._contract.names))
        return f"""
            select {names} from read_csv([{paths}], {options}, {_PATHS}, columns = {{{columns}}})
              join {self._table("files")} using (filename)"""

    def _checked(self, source: str) -> str:
        columns = self._contract.columns
        values = ", ".join(f"{cleaning.value(column, _matches)} as v_{column.name}" for column in columns)
        offending = " ".join(f"when '{column.name}' then {column.name}" for column in columns)
        return f"""
            select number, record, broken,
                   case when broken is not null
                        then coalesce(defect_value, case split_part(broken, ':', 1) {offending} end) end,
                   {", ".join(f"v_{column.name}" for column in columns)}
              from (select *, {cleaning.broken(self._contract, _matches)} as broken
                      from (select *, {values} from ({source})))"""

    def _fresh_partitions(self) -> list[str]:
        name = partition_of(self._contract)
        query = f"select distinct {name} from {self._table('checked')} where broken is null"
        return [row[0] for row in self._connection.execute(query).fetchall()]

    def _find_losers(self, current: Sequence[Path]) -> None:
        """List who lost: new rows to later rows of their key, and rows that were clean before to any new row."""
        differs = " or ".join(f"loser.{name} is distinct from winner.{name}" for name in self._contract.names)
        self._connection.execute(f"""
            create or replace table {self._table("losers")} as
            with doubled as (select {self._key} from {self._table("checked")}
                              where broken is null group by {self._key} having count(*) > 1),
                 ranked as (select *, row_number() over (partition by {self._key} order by number desc, record desc)
                                        as place
                              from {self._table("checked")} semi join doubled using ({self._key})
                             where broken is null)
            select loser.number, loser.record, files.landing, files.file, false as earlier, {differs} as differs
              from ranked as loser
              join ranked as winner using ({self._key})
              join {self._table("files")} as files on files.number = loser.number
             where loser.place > 1 and winner.place = 1""")
        if current:
            self._connection.execute(
                f"""
                insert into {self._table("losers")}
                select null, loser.source_record, loser.source_landing, loser.source_file, true, {differs}
                  from {parquet("$paths")} as loser
                  join ({self._winners()}) as winner using ({self._key})""",
                {"paths": [only(path) for path in current]},
            )

    def _winners(self) -> str:
        losers = f"(select number, record from {self._table('losers')} where not earlier)"
        return f"""select checked.* from {self._table("checked")} as checked anti join {losers}
                    using (number, record) where broken is null"""

    def _lay_over(self, current: Sequence[Path]) -> None:
        names = ", ".join(self._contract.names)
        query = f"""select {names}, landing as {LINEAGE[0]}, file as {LINEAGE[1]}, record as {LINEAGE[2]}
                      from ({self._winners()}) join {self._table("files")} using (number)"""
        self._connection.execute(f"drop table if exists {self._table('merged')}")
        self._connection.execute(f"create table {self._table('merged')} as {query}")
        if current:
            self._connection.execute(
                f"insert into {self._table('merged')} select {names}, {', '.join(LINEAGE)}"
                f" from {parquet('$paths')} as old anti join ({self._winners()}) as winner using ({self._key})",
                {"paths": [only(path) for path in current]},
            )


def quoted(text: str) -> str:
    """Return text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, '{pattern}')"


def _batches(files: Sequence[LandedFile]) -> Iterator[tuple[list[LandedFile], list[LandedFile]]]:
    """Yield groups of plain files of one header, then the others, none much larger than BATCH_BYTES of text."""
    groups: dict[tuple[str | None, ...], list[LandedFile]] = defaultdict(list)
    for file in files:
        groups[file.survey.columns if file.survey.plain else ()].append(file)
    for header, group in groups.items():
        batch: list[LandedFile] = []
        size = 0
        for file in group:
            batch.append(file)
            size += file.path.stat().st_size
            if size > BATCH_BYTES:
                yield (batch, []) if header else ([], batch)
                batch, size = [], 0
        if batch:
            yield (batch, []) if header else ([], batch)
