"""Landed files on DuckDB, each field read as text, checked and typed in one go: to hold text in memory costs more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream import cleaning
from retailstream.adapters.engine import file_figures
from retailstream.adapters.engine.absent_columns import optional
from retailstream.adapters.engine.duckdb_merge import DuckDbMerge
from retailstream.adapters.engine.duckdb_reading import sources
from retailstream.contracts import BLANKS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract
    from retailstream.ports import FileDate, FileFigures, LakeFile, LandedFile, StoreFigures

DIALECT = cleaning.Dialect(
    matches=lambda text, pattern: f"regexp_full_match({text}, '{pattern}')",
    trimmed=lambda text: f"trim({text}, '{BLANKS}')",
)
"""What DuckDB says in its own way."""


class DuckDbChecked:
    """The new records of one table, checked, on a connection of the engine.

    Each step leaves a table that the next one reads: plain or spooled files → checked → numbered → doubled, which has
    every key that more than one accepted record has.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, work: Path, contract: Contract) -> None:
        self._connection = connection
        self._work = work
        self._contract = contract
        self._schema = f"{contract.name}_merge"
        self._key = ", ".join(contract.key)
        self._landed: Sequence[LandedFile] = ()

    def over(self, files: Sequence[LandedFile], *, settled: Collection[tuple[int, int]]) -> DuckDbChecked:
        """Do the work, and return what was checked, ready to be asked and merged."""
        self.drop()
        self._landed = files
        self._connection.execute(f"create schema {self._schema}")
        self._list_files(files)
        self._check(files)
        self._number(settled)
        self._connection.execute(
            f"create table {self._table('doubled')} as select {self._key} from {self._table('numbered')}"
            f" where broken is null group by {self._key} having count(*) > 1"
        )
        return self

    def files(self) -> list[FileFigures]:
        """Return what each file holds, in the order of their numbers; a file without records, too."""
        rows = self._table("numbered")
        shared = f"(from {rows} semi join {self._table('doubled')} using ({self._key}) where broken is null)"
        query = file_figures.figures_sql(self._contract, self._table("files"), rows, shared, "isodow({})")
        return file_figures.figures(self._connection.execute(query).fetchall())

    def dates(self) -> list[FileDate]:
        """Return the dates of each file, in order; only of a table that has dates."""
        return file_figures.dates(self._connection.execute(file_figures.dates_sql(self._table("numbered"))).fetchall())

    def stores(self, *, refused: Collection[int] = ()) -> list[StoreFigures]:
        """Return how each store came through, without the files of the refused numbers, by store."""
        query = file_figures.stores_sql(self._table("numbered"), refused)
        return file_figures.stores(self._connection.execute(query).fetchall())

    def merge(self, *, current: Mapping[str, LakeFile], refused: Collection[int] = ()) -> DuckDbMerge:
        """Lay the accepted records over the current partitions, without the files of the refused numbers."""
        self._connection.execute(
            f"create view {self._table('entering')} as from {self._table('numbered')}{file_figures.without(refused)}"
        )
        files = [file for file in self._landed if file.number not in refused]
        return DuckDbMerge(self._connection, self._contract, self._schema).over(files, current)

    def drop(self) -> None:
        """Free the memory of all tables, or of those of the contract's merge before."""
        self._connection.execute(f"drop schema if exists {self._schema} cascade")

    def _table(self, name: str) -> str:
        return f"{self._schema}.{name}"

    def _list_files(self, files: Sequence[LandedFile]) -> None:
        names = optional(self._contract)
        flags = "".join(f", unnest($has_{name}::boolean[]) as has_{name}" for name in names)
        self._connection.execute(
            f"create table {self._table('files')} as select"
            " unnest($numbers::integer[]) as number, unnest($landings::integer[]) as landing,"
            f" unnest($names::varchar[]) as file{flags}",
            {
                "numbers": [file.number for file in files],
                "landings": [file.landing for file in files],
                "names": [file.file for file in files],
            }
            | {f"has_{name}": [name in file.survey.columns for file in files] for name in names},
        )

    def _check(self, files: Sequence[LandedFile]) -> None:
        columns = "".join(f", {column.name} {column.sql_type}" for column in self._contract.columns)
        self._connection.execute(
            f"create table {self._table('checked')}"
            f" (number integer, given integer, ignored ubigint, broken varchar, value varchar{columns})"
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
        return f"""
            select number, given, case when ignored is not null then hash(ignored) end, broken,
                   {cleaning.offending(self._contract)},
                   {", ".join(f"v_{column.name}" for column in columns)}
              from (select *, {cleaning.broken(self._contract, DIALECT)} as broken
                      from (select *, {values} from ({source})))"""
