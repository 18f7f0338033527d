"""Why an answer tells nothing: data that the chain does not have, or a value that none of its rows has.

An analysis names in `reads` what there is no answer without: a table, a column, or columns of which one will do,
`features.markdown1/markdown2`. They are looked at, in turn, only where an answer has nothing to tell.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from retailstream.analytics.catalog import RELATIONS
from retailstream.analytics.use_case import Absence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retailstream.analytics.use_case import Parameter, UseCase, Value
    from retailstream.querying import QueryEngine

_LOAD: Final = "retailstream run --source FOLDER"
_MOST: Final = 10
"""So many values are named, of those that could have been asked for."""


def reason(engine: QueryEngine, case: UseCase, values: Mapping[str, Value]) -> Absence | None:
    """Return why an analysis that was asked with these values has nothing to tell; None where that is not known."""
    for read in case.reads:
        if not _known(engine, read):
            return Absence(_sentence(read), read)
    for parameter in case.parameters:
        if parameter.among and (text := _unknown(engine, parameter, values[parameter.name])):
            return Absence(text)
    text = import_module(RELATIONS[case.needs]).why_none(engine.local()) if case.needs else None
    return Absence(text) if text else None


def _known(engine: QueryEngine, read: str) -> bool:
    """Whether a table has rows, or one of the columns a value."""
    table, _, columns = read.partition(".")
    counted = f"coalesce({', '.join((*columns.split('/'), 'null'))})" if columns else "*"
    query = f"select count({counted}) as known from {table}"
    return bool(engine.answer(f"rows with {read}", query, {}).rows[0][0])


def _sentence(read: str) -> str:
    table, _, columns = read.partition(".")
    if not columns:
        return f"There are no {table} yet: {_LOAD} brings them."
    what = _listed(columns.split("/"), "or")
    return f"No {table} file has values of {what}: add them to the files, and {_LOAD} brings them."


def _unknown(engine: QueryEngine, parameter: Parameter, value: Value) -> str | None:
    """Return which values there are, where the one that was asked for is none of them."""
    table, _, column = (parameter.among or "").partition(".")
    query = f"select distinct {column} as known from {table} where {column} is not null order by known"
    known = [str(row[0]) for row in engine.answer(f"values of {parameter.among}", query, {}).rows]
    if value is None or str(value) in known:
        return None
    named = _listed(known, "and") if len(known) <= _MOST else f"{', '.join(known[:_MOST])} and others"
    return f"The {table} have no {column} {value}; they have {named}."


def _listed(names: Sequence[str], last: str) -> str:
    """Return names as people list them: `A, B and C`."""
    return f" {last} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
