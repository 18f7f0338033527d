"""One merge on DuckDB: of checked records, keep the last row of each key, and lay them over what was clean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retailstream.adapters.engine.absent_columns import Tables, filled_sql
from retailstream.adapters.engine.duckdb_files import copy_partitions, month_of, only, parquet, rows_by_partition
from retailstream.adapters.engine.row_digests import row_digests
from retailstream.ports import Disagreement, FoundReject, RowCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from retailstream.contracts import Contract
    from retailstream.ports import LakeFile, LandedFile

LINEAGE = ("source_landing", "source_file", "source_record")
"""Where each clean row came from, beside the contract's columns."""


class DuckDbMerge:
    """The new rows of one table, merged, in the schema where they were checked.

    Each step leaves a table that the next one reads: entering → accepted, where columns that files lack are filled →
    losers → merged.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract, schema: str) -> None:
        self._connection = connection
        self._contract = contract
        self._schema = schema
        self._key = ", ".join(contract.key)

    def over(self, files: Sequence[LandedFile], current: Mapping[str, LakeFile]) -> DuckDbMerge:
        """Do the work, and return the merge, ready to be asked and written."""
        touched = [current[name].path for name in self._fresh_partitions() if name in current] if current else []
        self._accept(files, touched)
        self._find_losers(touched)
        self._lay_over(touched)
        return self

    @property
    def counts(self) -> RowCounts:
        """How the records were accounted for."""
        rows_in, rejected = self._one(f"select count(*), count(broken) from {self._table('entering')}")
        duplicate, superseded, replaced = self._one(
            "select count(*) filter (not earlier and not differs), count(*) filter (not earlier and differs),"
            f" count(*) filter (earlier) from {self._table('losers')}"
        )
        rows_out = rows_in - rejected - duplicate - superseded
        return RowCounts(rows_in, rows_out, rejected, duplicate, superseded, replaced)

    def rejects(self) -> Iterator[FoundReject]:
        """Yield every record that does not enter the clean table, in the order of files and records."""
        cursor = self._connection.cursor()
        cursor.execute(f"""
            select landing, file, record, split_part(broken, ':', 2), nullif(split_part(broken, ':', 1), ''), value
              from {self._table("entering")} join {self._table("files")} using (number) where broken is not null
             union all
            select landing, file, record, 'superseded', null, null from {self._table("losers")} where differs
             order by 1, 2, 3""")
        while rows := cursor.fetchmany(10_000):
            yield from (FoundReject(*row) for row in rows)

    def disagreements(self) -> list[Disagreement]:
        """Return the pairs of files of one landing that disagree, those about the most rows first."""
        rows = self._connection.execute(
            f"select file, beside, count(*) as rows from {self._table('losers')}"
            " where differs and beside is not null group by file, beside order by rows desc, file, beside"
        ).fetchall()
        return [Disagreement(*row) for row in rows]

    def partitions(self) -> Mapping[str, int]:
        """Return the rows of each partition that the new rows touch."""
        return rows_by_partition(self._connection, self._contract, self._table("merged"))

    def write(self, paths: Mapping[str, Path]) -> Iterator[str]:
        """Write touched partitions' rows, old and new, by key, as a Parquet file each; yield each when it is done."""
        columns = (*self._contract.names, *LINEAGE)
        return copy_partitions(self._connection, self._contract, self._table("merged"), columns, paths)

    def row_digests(self, paths: Sequence[Path]) -> list[str]:
        """Return the digest of the rows of each written file: the same for the same rows, whoever wrote them."""
        return row_digests(self._connection, paths)

    def _table(self, name: str) -> str:
        return f"{self._schema}.{name}"

    def _one(self, query: str) -> tuple[Any, ...]:
        return self._connection.execute(query).fetchone() or ()

    def _fresh_partitions(self) -> list[str]:
        accepted = f"{self._table('entering')} where broken is null"
        return list(rows_by_partition(self._connection, self._contract, accepted))

    def _accept(self, files: Sequence[LandedFile], current: Sequence[Path]) -> None:
        rows = f"(from {self._table('entering')} where broken is null)"
        shared = f"(from {rows} semi join {self._table('doubled')} using ({self._key}))"
        old = parquet("$paths") if current else None
        query = filled_sql(self._contract, files, Tables(rows, self._table("files"), shared, old))
        paths = {"paths": [only(path) for path in current]}
        if "$paths" in query:
            self._connection.execute(f"create table {self._table('accepted')} as {query}", paths)
        else:
            self._connection.execute(f"create view {self._table('accepted')} as {query}")

    def _find_losers(self, current: Sequence[Path]) -> None:
        """List who lost: new rows to later rows of their key, and rows that were clean before to any new row."""
        values = " or ".join(f"loser.{name} is distinct from winner.{name}" for name in self._contract.names)
        self._connection.execute(f"""
            create table {self._table("losers")} as
            with ranked as (select *, row_number() over (partition by {self._key} order by number desc, record desc)
                                        as place
                              from {self._table("accepted")} semi join {self._table("doubled")} using ({self._key}))
            select loser.number, loser.record, files.landing, files.file, false as earlier,
                   {values} or (files.landing = taken.landing and coalesce(loser.ignored <> winner.ignored, false))
                     as differs,
                   case when files.landing = taken.landing and files.number <> taken.number then taken.file end
                     as beside
              from ranked as loser
              join ranked as winner using ({self._key})
              join {self._table("files")} as files on files.number = loser.number
              join {self._table("files")} as taken on taken.number = winner.number
             where loser.place > 1 and winner.place = 1""")
        if current:
            self._connection.execute(
                f"""
                insert into {self._table("losers")}
                select null, loser.source_record, loser.source_landing, loser.source_file, true, {values}, null
                  from {parquet("$paths")} as loser
                  join ({self._winners()}) as winner using ({self._key})""",
                {"paths": [only(path) for path in current]},
            )

    def _winners(self) -> str:
        losers = f"(select number, record from {self._table('losers')} where not earlier)"
        return f"select * from {self._table('accepted')} anti join {losers} using (number, record)"

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
