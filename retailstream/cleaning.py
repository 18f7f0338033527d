"""The contracts as SQL expressions over fields of text, the same for every engine.

Only what DuckDB and Spark read alike is used; how a regular expression is matched against a whole text, and how blanks
are trimmed, are what an engine says for itself. Casts are given nothing but accepted forms, so both engines cast alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.contracts import BLANKS, COMMON_FORMS, FIRST_YEAR, FORMS, LAST_YEAR, NULL_FORM, Column, Contract, Type

if TYPE_CHECKING:
    from collections.abc import Callable


YEARS: Final = "years"
"""The rule of a record with a date of no year of retail."""

VALUE_SHOWN: Final = 1_000
"""How many characters of an offending value are told: a field may be as long as its file."""


@dataclass(frozen=True)
class Dialect:
    """What an engine says in its own way.

    `matches` takes an SQL expression and a pattern, and returns the condition that all of the text matches it;
    `trimmed` takes an expression and returns it without blanks at both ends.
    """

    matches: Callable[[str, str], str]
    trimmed: Callable[[str], str]


def value(column: Column, dialect: Dialect) -> str:
    """Return the column's typed value, or null where the text is null, has no accepted form or is no real date."""
    # Most fields have no blanks, and trimming all of them costs more than everything else together.
    bare = dialect.matches(column.name, COMMON_FORMS[column.type])
    trimmed = dialect.trimmed(column.name)
    if column.type is Type.INTEGER:  # `57.0`, which Spark casts to no integer
        trimmed = f"split_part({trimmed}, '.', 1)"
    return (
        f"case when {bare} then {_cast(column.type, column.name)}"
        f" when {_has_form(column, dialect)} then {_cast(column.type, trimmed)} end"
    )


def broken(contract: Contract, dialect: Dialect) -> str:
    """Return `column:rule` of the first rule a record breaks, or null; typed values are called `v_<column>`.

    A defect found while reading (`columns`, `encoding`) comes before all others.
    """
    checks = ",\n".join(_broken_column(column, dialect) for column in contract.columns)
    defect = "case when defect is not null then coalesce(defect_column, '') || ':' || defect end"
    return f"coalesce({defect},\n{checks})"


def offending(contract: Contract) -> str:
    """Return the value that breaks a rule, as far as it is told, of a record that breaks one; `broken` names it."""
    fields = " ".join(f"when '{column.name}' then {column.name}" for column in contract.columns)
    found = f"coalesce(defect_value, case split_part(broken, ':', 1) {fields} end)"
    return (
        f"case when broken is null then null when length({found}) > {VALUE_SHOWN}"
        f" then concat(left({found}, {VALUE_SHOWN - 1}), '…') else {found} end"
    )


def _broken_column(column: Column, dialect: Dialect) -> str:
    null = "null" if not column.required else f"'{column.name}:not_null'"
    bounds = f"when {_out_of_bounds(column)} then '{column.name}:bounds' " if _out_of_bounds(column) else ""
    if column.type is Type.DATE:
        first, last = f"date '{FIRST_YEAR}-01-01'", f"date '{LAST_YEAR}-12-31'"
        bounds += f"when v_{column.name} < {first} or v_{column.name} > {last} then '{column.name}:{YEARS}' "
    return (
        f"case {bounds}when v_{column.name} is not null then null"
        f" when {column.name} is null or {dialect.matches(column.name, _blank(NULL_FORM))} then {null}"
        f" when {_has_form(column, dialect)} then '{column.name}:calendar'"
        f" else '{column.name}:form' end"
    )


def _out_of_bounds(column: Column) -> str:
    limits = (("<", column.at_least), ("<=", column.above), (">", column.at_most))
    return " or ".join(f"v_{column.name} {sign} {limit}" for sign, limit in limits if limit is not None)


def _has_form(column: Column, dialect: Dialect) -> str:
    return dialect.matches(column.name, _blank(FORMS[column.type]))


def _blank(form: str) -> str:
    blanks = BLANKS.replace("\t", r"\t")
    return f"[{blanks}]*(?:{form})[{blanks}]*"


def _cast(kind: Type, text: str) -> str:
    match kind:
        case Type.DATE:
            # Neither the calendar nor MySQL has a year 0, but both engines would cast it.
            turned = f"concat(substr({text}, 7, 4), '-', substr({text}, 4, 2), '-', substr({text}, 1, 2))"
            return (
                f"case when {text} like '%0000%' then null"
                f" when substr({text}, 3, 1) = '/' then try_cast({turned} as date) else try_cast({text} as date) end"
            )
        case Type.BOOLEAN:
            return f"{text} in ('1') or lower({text}) = 'true'"
        case Type.LETTER:
            return text
        case _:
            return f"try_cast({text} as {Column('', kind).sql_type})"
