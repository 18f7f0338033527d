"""One merge on DuckDB: read fields as text, check them, keep the last row of each key, lay them over what was clean.

Each step leaves a table that the next one reads: plain or spooled files → checked → numbered → losers → merged. To
hold text in memory costs more than to check it, so files are read, checked and typed in one go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retailstream import cleaning
from retailstream.adapters.engine.duckdb_files import copy_partitions, month_of, only, parquet, rows_by_partition
from retailstream.adapters.engine.duckdb_reading import sources
from retailstream.contracts import BLANKS
from retailstream.ports import FoundReject, RowCounts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract
    from retailstream.ports import LakeFile, LandedFile

LINEAGE = ("source_landing", "source_file", "source_record")
"""Where each clean row came from, beside the contract's columns."""

DIALECT = cleaning.Dialect(
    matches=lambda text, pattern: f"regexp_full_match({text}, '{pattern}')",
    trimmed=lambda text: f"trim({text}, '{BLANKS}')",
)
"""What DuckDB says in its own way."""


class DuckDbMerge:
    """The new rows of one table, checked and merged, on a connection of the engine."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, work: Path, contract: Contract) -> None:
        self._connection = connection
        self._work = work
        self._contract = contract
        self._schema = f"{contract.name}_merge"
        self._key = ", ".join(contract.key)

    def over(
        self, files: Sequence[LandedFile], *, settled: Collection[tuple[int, int]], current: Mapping[str, LakeFile]
    ) -> DuckDbMerge:
        """Do the work, and return the merge, ready to be asked and written."""
        self.drop()
        self._connection.execute(f"create schema {self._schema}")
        self._list_files(files)
        self._check(files)
        self._number(settled)
        touched = [current[name].path for name in self._fresh_partitions() if name in current] if current else []
        self._find_losers(touched)
        self._lay_over(touched)
        return self

    @property
    def counts(self) -> RowCounts:
        """How the records were accounted for."""
        rows_in, rejected = self._one(f"select count(*), count(broken) from {self._table('numbered')}")
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
        return int(self._one(f"select count(*) from {self._table('numbered')} where {condition}")[0])

    def rejects(self) -> Iterator[FoundReject]:
        """Yield every record that does not enter the clean table, in the order of files and records."""
        cursor = self._connection.cursor()
        cursor.execute(f"""
            select landing, file, record, split_part(broken, ':', 2), nullif(split_part(broken, ':', 1), ''), value
              from {self._table("numbered")} join {self._table("files")} using (number) where broken is not null
             union all
            select landing, file, record, 'superseded', null, null from {self._table("losers")} where differs
             order by 1, 2, 3""")
        while rows := cursor.fetchmany(10_000):
            yield from (FoundReject(*row) for row in rows)

    def partitions(self) -> Mapping[str, int]:
        """Return the rows of each partition that the new rows touch."""
        return rows_by_partition(self._connection, self._contract, self._table("merged"))

    def write(self, paths: Mapping[str, Path]) -> Iterator[str]:
        """Write touched partitions' rows, old and new, by key, as a Parquet file each; yield each when it is done."""
        columns = (*self._contract.names, *LINEAGE)
        return copy_partitions(self._connection, self._contract, self._table("merged"), columns, paths)

    def drop(self) -> None:
        """Free the memory of all tables, or of those of the contract's merge before."""
        self._connection.execute(f"drop schema if exists {self._schema} cascade")

    def _table(self, name: str) -> str:
        return f"{self._schema}.{name}"

    def _one(self, query: str) -> tuple[Any, ...]:
        return self._connection.execute(query).fetchone() or ()

    def _list_files(self, files: Sequence[LandedFile]) -> None:
        self._connection.execute(
            f"create table {self._table('files')} as select"
            " unnest($numbers::integer[]) as number, unnest($landings::integer[]) as landing,"
            " unnest($names::varchar[]) as file",
            {
                "numbers": [file.number for file in files],
                "landings": [file.landing for file in files],
                "names": [file.file for file in files],
            },
        )

    def _check(self, files: Sequence[LandedFile]) -> None:
        columns = "".join(f", {column.name} {column.sql_type}" for column in self._contract.columns)
        self._connection.execute(
            f"create table {self._table('checked')}"
            f" (number integer, given integer, broken varchar, value varchar{columns})"
        )
        for source in sources(files, self._contract, self._work):
            self._connection.execute(
                f"insert into {self._table('checked')} {self._checked(source.query)}", source.parameters
            )

    def _number(self, settled: Collection[tuple[int, int]]) -> None:
        """Leave out what is settled, and number the records: of a plain file by where the table keeps its rows."""
        checked, firsts, out = self._table("checked"), self._table("firsts"), self._table("settled")
        self._connection.execute(
            f"create table {firsts} as select number, min(rowid) as first from {checked} group by number"
        )
        self._connection.execute(
            f"create table {out} as select unnest($files::integer[]) as number, unnest($records::integer[]) as record",
            {"files": [number for number, _record in settled], "records": [record for _number, record in settled]},
        )
        self._connection.execute(f"""
            create view {self._table("numbered")} as
            select * from (select checked.* exclude (given),
                                  coalesce(given, cast(checked.rowid - first + 1 as integer)) as record
                             from {checked} as checked join {firsts} using (number))
              anti join {out} using (number, record)""")

    def _checked(self, source: str) -> str:
        columns = self._contract.columns
        values = ", ".join(f"{cleaning.value(column, DIALECT)} as v_{column.name}" for column in columns)
        offending = " ".join(f"when '{column.name}' then {column.name}" for column in columns)
        return f"""
            select number, given, broken,
                   case when broken is not null
                        then coalesce(defect_value, case split_part(broken, ':', 1) {offending} end) end,
                   {", ".join(f"v_{column.name}" for column in columns)}
              from (select *, {cleaning.broken(self._contract, DIALECT)} as broken
                      from (select *, {values} from ({source})))"""

    def _fresh_partitions(self) -> list[str]:
        accepted = f"{self._table('numbered')} where broken is null"
        return list(rows_by_partition(self._connection, self._contract, accepted))

    def _find_losers(self, current: Sequence[Path]) -> None:
        """List who lost: new rows to later rows of their key, and rows that were clean before to any new row."""
        differs = " or ".join(f"loser.{name} is distinct from winner.{name}" for name in self._contract.names)
        self._connection.execute(f"""
            create table {self._table("losers")} as
            with doubled as (select {self._key} from {self._table("numbered")}
                              where broken is null group by {self._key} having count(*) > 1),
                 ranked as (select *, row_number() over (partition by {self._key} order by number desc, record desc)
                                        as place
                              from {self._table("numbered")} semi join doubled using ({self._key})
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
        return f"""select numbered.* from {self._table("numbered")} as numbered anti join {losers}
                    using (number, record) where broken is null"""

    def _lay_over(self, current: Sequence[Path]) -> None:
        names = ", ".join(self._contract.names)
        query = f"""select {names}, landing as {LINEAGE[0]}, file as {LINEAGE[1]}, record as {LINEAGE[2]}
                      from ({self._winners()}) join {self._table("files")} using (number)"""
        # Rows of one month side by side make it quick to write them, a month at a time.
        self._connection.execute(f"create table {self._table('merged')} as {query} order by {month_of(self._contract)}")
        if current:
            self._connection.execute(
                f"insert into {self._table('merged')} select {names}, {', '.join(LINEAGE)}"
                f" from {parquet('$paths')} as old anti join ({self._winners()}) as winner using ({self._key})",
                {"paths": [only(path) for path in current]},
            )
