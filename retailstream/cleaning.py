"""The contracts as SQL expressions over fields of text, the same for every engine.

Only what DuckDB and Spark read alike is used; how a regular expression is matched against a whole text is the one
thing an engine says for itself. `try_cast` is given nothing but accepted forms, so both engines cast alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.contracts import BLANKS, FORMS, NULL_FORM, Column, Contract, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    Matches = Callable[[str, str], str]
    """Takes an SQL expression and a pattern, and returns the SQL condition that all of the text matches it."""


def value(column: Column, matches: Matches) -> str:
    """Return the column's typed value, or null where the text is null, has no accepted form or is no real date."""
    # Most fields have no blanks, and trimming all of them costs more than everything else together.
    bare = matches(column.name, FORMS[column.type])
    trimmed = f"trim({column.name}, '{BLANKS}')"
    return (
        f"case when {bare} then {_cast(column.type, column.name)}"
        f" when {_has_form(column, matches)} then {_cast(column.type, trimmed)} end"
    )


def broken(contract: Contract, matches: Matches) -> str:
    """Return `column:rule` of the first rule a record breaks, or null; typed values are called `v_<column>`.

    A defect found while reading (`columns`, `encoding`) comes before all others.
    """
    checks = ",\n".join(_broken_column(column, matches) for column in contract.columns)
    defect = "case when defect is not null then coalesce(defect_column, '') || ':' || defect end"
    return f"coalesce({defect},\n{checks})"


def _broken_column(column: Column, matches: Matches) -> str:
    null = "null" if not column.required else f"'{column.name}:not_null'"
    bounds = f"when {_out_of_bounds(column)} then '{column.name}:bounds' " if _out_of_bounds(column) else ""
    return (
        f"case {bounds}when v_{column.name} is not null then null"
        f" when {column.name} is null or {matches(column.name, _blank(NULL_FORM))} then {null}"
        f" when {_has_form(column, matches)} then '{column.name}:calendar'"
        f" else '{column.name}:form' end"
    )


def _out_of_bounds(column: Column) -> str:
    limits = (("<", column.at_least), ("<=", column.above), (">", column.at_most))
    return " or ".join(f"v_{column.name} {sign} {limit}" for sign, limit in limits if limit is not None)


def _has_form(column: Column, matches: Matches) -> str:
    return matches(column.name, _blank(FORMS[column.type]))


def _blank(form: str) -> str:
    blanks = BLANKS.replace("\t", r"\t")
    return f"[{blanks}]*(?:{form})[{blanks}]*"


def _cast(kind: Type, text: str) -> str:
    match kind:
        case Type.DATE:
            iso = f"case when substr({text}, 3, 1) = '/' then {_reordered(text)} else {text} end"
            # Neither the calendar nor MySQL has a year 0, but both engines would cast it.
            return f"case when {iso} not like '0000%' then try_cast({iso} as date) end"
        case Type.BOOLEAN:
            return f"{text} in ('1') or lower({text}) = 'true'"
        case Type.LETTER:
            return text
        case _:
            return f"try_cast({text} as {Column('', kind).sql_type})"


def _reordered(text: str) -> str:
    return f"substr({text}, 7, 4) || '-' || substr({text}, 4, 2) || '-' || substr({text}, 1, 2)"
