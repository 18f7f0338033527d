"""Files of tables of any shape, written and proved by DuckDB: the same rows always give the same bytes."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from retailstream.adapters.engine import orc_files
from retailstream.adapters.engine.duckdb_files import only, parquet, quoted
from retailstream.broken_text import refuse_broken_text
from retailstream.proofs import PRIME, STEPS, proof_of, proof_sql
from retailstream.relations import APPROXIMATE, NULL, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.adapters.engine.duckdb import DuckDbEngine
    from retailstream.proofs import Proof
    from retailstream.relations import Field, Relation

SUMMED: Final = 28
"""Decimals of more digits may have sums that DuckDB has no room for."""


class DuckDbTables:
    """What DuckDB does with tables of any shape; it spills to the engine's work folder what does not fit its memory.

    Files are Parquet, and ORC where their names end so.
    """

    def __init__(self, engine: DuckDbEngine) -> None:
        self._engine = engine

    def write_lines(self, relation: Relation, text: Path, target: Path) -> int:
        """Turn lines of text into a file in the order of the key, and return its rows.

        Raises RetailStreamError, naming column and row, where a text is no UTF-8.
        """
        from duckdb import ConversionException  # noqa: PLC0415 -- it is there already

        names = [f"c{place}" for place in range(len(relation.columns))]
        columns = ", ".join(f"'{name}': 'varchar'" for name in names)
        decoded = ", ".join(
            f"{_decoded(column, name)} as {_name(column.name)}"
            for column, name in zip(relation.columns, names, strict=True)
        )
        read = (
            f"read_csv({quoted(only(text))}, header = false, auto_detect = false, delim = ',', quote = '', escape = '',"
            f" nullstr = '{NULL}', max_line_size = 1000000000, hive_partitioning = false, columns = {{{columns}}})"
        )
        try:
            return self._copy(relation, f"(select {decoded} from {read})", target)
        except ConversionException:
            refuse_broken_text(relation, text)
            raise

    def write_rows(self, relation: Relation, paths: Sequence[Path], target: Path) -> int:
        """Write the rows of files into one in the order of the key, and return its rows."""
        with self._readable(paths) as files:
            return self._copy(relation, _source(relation, files), target)

    def lay_over(self, relation: Relation, old: Sequence[Path], new: Path, target: Path) -> int:
        """Write old rows and new ones, which take the place of those with their key, and return how many there are."""
        with self._readable([new, *old]) as (fresh, *kept):
            given, there = _source(relation, [fresh]), _source(relation, kept)
            if relation.key:
                same = " and ".join(f"old.{name} is not distinct from new.{name}" for name in map(_name, relation.key))
                there = f"(select * from {there} as old anti join {given} as new on {same})"
            return self._copy(relation, f"(select * from {there} union all by name select * from {given})", target)

    def add_missing(self, relation: Relation, old: Sequence[Path], new: Path, target: Path) -> int:
        """Write old rows and those of a later copy of the same table, each once, and return how many there are.

        Without a key, rows that are equal are as many as there were in the copy that had more of them.
        """
        if relation.key:
            return self.lay_over(relation, old, new, target)
        with self._readable([new, *old]) as (fresh, *kept):
            given, there = _source(relation, [fresh]), _source(relation, kept)
            more = f"(from {given} except all from {there})"
            return self._copy(relation, f"(from {there} union all by name from {more})", target)

    def missing(self, relation: Relation, paths: Sequence[Path], of: Path) -> int:
        """Return how many rows of one file others do not have, by these columns of theirs."""
        with self._readable([of, *paths]) as (wanted, *there):
            sources = f"from {_source(relation, [wanted])} except all from {_source(relation, there)}"
            found = self._engine.connection.execute(f"select count(*) from ({sources})").fetchone()
            return int(found[0]) if found else 0

    def proof(self, relation: Relation, paths: Sequence[Path]) -> Proof:
        """Return what files hold."""
        with self._readable(paths) as files:
            query = proof_sql(relation, DuckDbDialect(), f"{_source(relation, files)} as stored")
            return proof_of(relation, self._engine.connection.execute(query).fetchone() or ())

    @contextmanager
    def _readable(self, paths: Sequence[Path]) -> Iterator[list[Path]]:
        """Have files for the block that DuckDB reads: itself it knows no ORC."""
        with TemporaryDirectory(dir=self._engine.work) as folder:
            found = []
            for place, path in enumerate(paths):
                found.append(path if path.suffix != ".orc" else Path(folder, f"{place}.parquet"))
                if path != found[-1]:
                    orc_files.to_parquet(path, found[-1])
            yield found

    def _copy(self, relation: Relation, source: str, target: Path) -> int:
        written = target.with_suffix(".parquet")
        columns, order = (", ".join(_name(name) for name in names) for names in (relation.names, relation.order))
        with self._engine.connection.cursor() as cursor:
            # What DuckDB knows of null in its sources would else say which columns the file calls required.
            cursor.execute("set disabled_optimizers = 'statistics_propagation'")
            done = cursor.execute(
                f"copy (select {columns} from {source} as given order by {order})"
                f" to {quoted(written)} (format parquet, compression zstd)"
            ).fetchone()
        if written != target:
            orc_files.to_orc(written, target)
            written.unlink()
        return int(done[0]) if done else 0


class DuckDbDialect:
    """How DuckDB says what a line and a proof consist of."""

    def line(self, columns: Sequence[Field]) -> str:
        """Return columns as a line of text; none as an empty one."""
        fields = ", ".join(f"coalesce({self._text(column)}, '{NULL}')" for column in columns)
        return f"concat_ws(',', {fields})" if fields else "''"

    def value(self, column: Field) -> str:
        """Return what is compared of a column: a day as its text, text and bytes as their number of bytes."""
        name = _name(column.name)
        match column.kind:
            case Kind.STRING:
                return f"strlen({name})"
            case Kind.BINARY:
                return f"octet_length({name})"
            case Kind.BOOLEAN:
                return f"cast({name} as integer)"
            case Kind.DATE | Kind.TIMESTAMP:
                return self._text(column)
            case kind if kind in APPROXIMATE:
                return f"cast({name} as double)"
            case _:
                return name

    def total(self, column: Field) -> str:
        """Return the exact sum of a column; where it may be too large, `high|low`, low being its last 18 digits."""
        name = _name(column.name)
        if column.kind is not Kind.DECIMAL or column.digits <= SUMMED:
            return f"sum({name})"
        text = f"replace(cast({name} as varchar), '.', '')"
        sign, digits = f"case when starts_with({text}, '-') then -1 else 1 end", f"ltrim({text}, '-')"
        low = f"sum({sign} * cast(right({digits}, 18) as hugeint))"
        high = f"sum({sign} * cast('0' || left({digits}, greatest(length({digits}) - 18, 0)) as hugeint))"
        return f"{high} || '|' || {low}"

    def rest(self, column: Field) -> str:
        """Return the whole steps that the prime leaves of a number of floating point, with its sign."""
        number = self.value(column)
        return f"cast(sign({number}) * floor((abs({number}) % cast({PRIME} as double)) * {STEPS}) as bigint)"

    def number(self, digits: str) -> str:
        """Return a text of hexadecimal digits as a whole number."""
        return f"cast('0x' || {digits} as bigint)"

    def _text(self, column: Field) -> str:
        name = _name(column.name)
        match column.kind:
            case Kind.STRING:
                return f"'x' || hex(encode({name}))"
            case Kind.BINARY:
                return f"'x' || hex({name})"
            case Kind.BOOLEAN:
                return f"cast(cast({name} as integer) as varchar)"
            case Kind.TIMESTAMP:
                return f"strftime({name}, '%Y-%m-%d %H:%M:%S.%f')"
            case Kind.DECIMAL if column.digits == column.places:  # 0.50 of decimal(2,2) prints as .50
                return f"regexp_replace(cast({name} as varchar), '^(-?)\\.', '\\10.')"
            case _:
                return f"cast({name} as varchar)"


def _decoded(column: Field, text: str) -> str:
    """Return a field of a line as its value."""
    match column.kind:
        case Kind.STRING:
            return f"decode(unhex(substr({text}, 2)))"
        case Kind.BINARY:
            return f"unhex(substr({text}, 2))"
        case Kind.BOOLEAN:
            return f"{text} = '1'"
        case _:
            return f"cast({text} as {column.sql_type})"


def _source(relation: Relation, paths: Sequence[Path]) -> str:
    """Return the rows of Parquet files in the exact types of a table, as what stands after `from`."""
    if not paths:
        nulls = ", ".join(f"cast(null as {c.sql_type}) as {_name(c.name)}" for c in relation.columns)
        return f"(select {nulls} where false)"
    columns = ", ".join(f"cast({_name(c.name)} as {c.sql_type}) as {_name(c.name)}" for c in relation.columns)
    files = ", ".join(quoted(only(path)) for path in paths)
    return f"(select {columns} from {parquet(f'[{files}]')})"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
