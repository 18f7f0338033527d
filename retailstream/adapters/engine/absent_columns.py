"""Columns that a file does not have leave alone what was there, in SQL that DuckDB and Spark both read.

A row has its own value of such a column where its file has the column, else that of the newest earlier row of its key
whose file has it, or of the clean row. See docs/adr/0031-which-row-is-the-correction.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from retailstream.contracts import Contract
    from retailstream.ports import LandedFile


@dataclass(frozen=True)
class Tables:
    """What rows are filled from, as SQL calls it.

    `rows` are all accepted rows, `shared` those whose key others have; `files` says by `has_<column>` what a file has;
    `old` are the clean rows, None where there are none.
    """

    rows: str
    files: str
    shared: str
    old: str | None


def optional(contract: Contract) -> list[str]:
    """Return the columns that a file may do without."""
    return [column.name for column in contract.columns if column.optional]


def flags(contract: Contract, file: LandedFile) -> list[bool]:
    """Return whether a file has each column that it may do without."""
    return [name in file.survey.columns for name in optional(contract)]


def filled_sql(contract: Contract, files: Iterable[LandedFile], tables: Tables) -> str:
    """Return the query for the accepted rows, filled where a file lacks a column and there may be a value to take."""
    present = [set(file.survey.columns) for file in files]
    lacking = [name for name in optional(contract) if any(name not in columns for columns in present)]
    mixed = [name for name in lacking if any(name in columns for columns in present)]
    filled = lacking if tables.old else mixed
    if not filled:
        return f"select * from {tables.rows}"
    values = ", ".join(
        _value(name, mixed=name in mixed, old=bool(tables.old)) if name in filled else f"new.{name}"
        for name in contract.names
    )
    earlier = ""
    if mixed:
        same = "earlier.number = new.number and earlier.record = new.record"
        earlier = f" left join ({_earlier(contract, mixed, tables)}) as earlier on {same}"
    old = f" left join {tables.old} as old using ({', '.join(contract.key)})" if tables.old else ""
    return f"""
        select new.number, new.record, new.ignored, {values}
          from {tables.rows} as new join {tables.files} as files on files.number = new.number{earlier}{old}"""


def _value(name: str, *, mixed: bool, old: bool) -> str:
    before = f" when earlier.{name}_rows > 0 then earlier.{name}_value" if mixed else ""
    clean = f" else old.{name}" if old else ""
    return f"case when has_{name} then new.{name}{before}{clean} end as {name}"


def _earlier(contract: Contract, names: Sequence[str], tables: Tables) -> str:
    """Return the query for the newest value of each row's key up to that row.

    How many rows of files with the column came so far is the same from one of them up to the next: of those rows, one
    has the value.
    """
    key = ", ".join(contract.key)
    so_far = "".join(
        f", count(case when has_{name} then 1 end)"
        f" over (partition by {key} order by rows.number, record rows unbounded preceding) as {name}_rows"
        for name in names
    )
    values = "".join(
        f", {name}_rows, max(case when has_{name} then {name} end) over (partition by {key}, {name}_rows)"
        f" as {name}_value"
        for name in names
    )
    return f"""
        select number, record{values}
          from (select rows.*, {", ".join(f"has_{name}" for name in names)}{so_far}
                  from {tables.shared} as rows join {tables.files} as files on files.number = rows.number)"""
