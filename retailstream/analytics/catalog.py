"""The analyses: one `.sql` file each, found by looking; the comments on top of a file are all there is to register.

    -- Holiday sales                                            the title
    -- place: 20                                                its place in every list
    -- question: How much do the stores sell in holiday weeks?
    -- reads: sales, features.cpi                               what there is no answer without: `absence.py`
    -- needs: forecast                                         a relation of `RELATIONS`, made when it is asked for
    -- bar: avg_weekly_sales                                    the column that a terminal draws bars of, if any
    -- heading: yoy_pct | growth, %                             what people read over a column, if not its name
    -- parameter: month integer = 4 at least 1 at most 12 | what it means     any number; `$month` in the query
    -- parameter: type text among stores.type | what it means   a column's values are all that can be asked for
    -- headline (highest year, lowest rank): In {year} …        any number; the first that the rows can fill is used,
    --   three blanks go on with the line before                and `headline.py` says what a template holds
    -- empty: No week with sales is flagged as a holiday.       the headline of an answer without rows

A parameter's type is `integer`, `money`, `number` or `text`; one without a default is null unless given. Queries are
DuckDB's, kept to what sqlglot turns into Spark and Hive of the same meaning: no `/` where a figure must be exact, no
sum of doubles, no `using`, `filter` or grouping sets, a date 364 days later as `cast(date + interval 364 day as date)`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from retailstream.analytics.headline import Headline
from retailstream.analytics.use_case import Parameter, UseCase, nearest
from retailstream.errors import UsageError
from retailstream.querying import found_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retailstream.analytics.use_case import Value
    from retailstream.querying import Found, QueryEngine

_FOLDER: Final = Path(__file__).parent / "sql"
_ENTRY: Final = re.compile(
    r"(?P<key>place|question|reads|needs|method|bar|heading|parameter|headline|empty)"
    r"(?: \((?P<steps>[^)]*)\))?: (?P<text>.+)"
)
_STEP: Final = re.compile(r"(\w+) (\w+)")
_PARAMETER: Final = re.compile(
    r"(?P<name>\w+) (?P<type>integer|money|number|text)"
    r"(?: = (?P<default>\S+))?(?: at least (?P<at_least>\S+))?(?: at most (?P<at_most>\S+))?"
    r"(?: among (?P<among>\w+\.\w+))? \| (?P<help>.+)"
)
_HEADING: Final = re.compile(r"(\w+) \| (.+)")

RELATIONS: Final = {"forecast": "retailstream.analytics.forecast.relation"}
"""What an analysis can read beside the tables, and the module whose `offer(connection)` makes it."""


@cache
def use_cases() -> Mapping[str, UseCase]:
    """Return the analyses that are SQL by name, in the order of their places."""
    found = sorted((load(path) for path in _FOLDER.glob("*.sql")), key=lambda case: (case.place, case.name))
    return MappingProxyType({case.name: case for case in found})


def find(name: str) -> UseCase:
    """Return the analysis of that name; UsageError with the nearest name where there is none."""
    known = use_cases()
    if name not in known:
        raise UsageError(
            f"there is no analysis {name!r}",
            hint=f"did you mean {nearest(name, list(known))}? `retailstream analyze list` shows them all",
        )
    return known[name]


def found(engine: QueryEngine, case: UseCase, values: Mapping[str, Value]) -> Found:
    """Return what an analysis finds in the tables `sales`, `features` and `stores`, with a value for each parameter.

    What it `needs` beside them is made on this machine, as a temporary table, and so is its answer then.
    """
    if case.needs:
        connection = engine.local()
        import_module(RELATIONS[case.needs]).offer(connection)
        answer = found_in(connection, case.sql, values)
    else:
        answer = engine.answer(case.name, case.sql, values)
    return replace(answer, rows=[tuple(_without_negative_zero(value) for value in row) for row in answer.rows])


def load(path: Path) -> UseCase:
    """Return the analysis that a `.sql` file holds: `holiday_sales.sql` → `holiday-sales`."""
    sql = path.read_text(encoding="utf-8")
    title, *entries = _header(sql)
    parts = [_matched(_ENTRY, entry, path) for entry in entries]
    single = {part["key"]: part["text"] for part in parts}
    if missing := {"place", "question", "headline", "empty"} - single.keys():
        raise ValueError(f"{path.name}: the header lacks {', '.join(sorted(missing))}")
    if single.get("needs") not in {None, *RELATIONS}:
        raise ValueError(f"{path.name}: nothing makes the relation {single['needs']!r} that the header needs")
    return UseCase(
        name=path.stem.replace("_", "-"),
        place=int(single["place"]),
        title=title,
        question=single["question"],
        parameters=tuple(
            _parameter(_matched(_PARAMETER, part["text"], path)) for part in parts if part["key"] == "parameter"
        ),
        sql=sql,
        headlines=tuple(_headline(part, path) for part in parts if part["key"] == "headline"),
        empty=Headline(single["empty"]),
        needs=single.get("needs"),
        method=single.get("method", ""),
        bar=single.get("bar"),
        reads=tuple(single["reads"].split(", ")) if "reads" in single else (),
        headings=MappingProxyType(dict(_heading(part["text"], path) for part in parts if part["key"] == "heading")),
    )


def _header(sql: str) -> list[str]:
    """Return the entries of the comment on top, each on one line."""
    entries: list[str] = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line.removeprefix("--")
        if text.startswith("   "):
            entries[-1] += " " + text.strip()
        else:
            entries.append(text.strip())
    return entries


def _matched(pattern: re.Pattern[str], text: str, path: Path) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError(f"{path.name}: the header has a line that cannot be read: {text!r}")
    return match


def _parameter(match: re.Match[str]) -> Parameter:
    bounds = {name: Decimal(match[name]) for name in ("at_least", "at_most") if match[name] is not None}
    parameter = Parameter(match["name"], match["type"], None, match["help"], among=match["among"], **bounds)
    return replace(parameter, default=parameter.value(match["default"]))


def _heading(text: str, path: Path) -> tuple[str, str]:
    match = _matched(_HEADING, text, path)
    return match[1], match[2]


def _headline(match: re.Match[str], path: Path) -> Headline:
    steps = (_matched(_STEP, step, path) for step in (match["steps"] or "").split(", ") if step)
    return Headline(match["text"], tuple((step[1], step[2]) for step in steps))


def _without_negative_zero(value: object) -> object:
    """-0.0 → 0.0: DuckDB rounds a small negative percentage to -0.0, Spark and Hive to 0.0."""
    return value + 0.0 if isinstance(value, float) else value
