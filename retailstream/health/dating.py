"""Whether dates are where the others are, and whether every store is in the newest week."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from shlex import quote
from typing import TYPE_CHECKING, Final

from retailstream.contracts import FEATURES, SALES
from retailstream.enumerating import named
from retailstream.far_dates import far_in_file, far_in_table
from retailstream.health.checks import Check
from retailstream.health.stock import Held

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from retailstream.health.checks import State
    from retailstream.health.limits import Limits
    from retailstream.health.stock import Files
    from retailstream.ports import DatedRows, Engine, Profile

WEEKS: Final = 8
"""The newest week is compared with so many before it; a store that is silent for longer has closed."""

_WEEK: Final = timedelta(days=7)

_EVER: Final = (date.max - date.min).days
"""No two dates are further apart."""

_REFERENCES: Final = 5
"""So many rows are named in the command that withdraws them; the next look names the next."""

_PLACES: Final = {SALES.name: "clean sales", FEATURES.name: "warehouse features"}
"""The tables with dates, and where their rows lead back to the files that they came in."""


@dataclass(frozen=True)
class Dated:
    """What dates say: rows with far ones, by dataset, and the profiles of tables without the dates that are far."""

    far: Mapping[str, list[DatedRows]]
    profiles: Mapping[str, Profile]


def date_rows(files: Files, engine: Engine, limits: Limits, *, today: date) -> Dated:
    """Return the rows whose dates lie far from the others of their table or of their file, or after today."""
    far: dict[str, list[DatedRows]] = {}
    profiles = dict(files.profiles)
    for name, profile in files.profiles.items():
        days, held = _far_days(profile, limits, today), files.tables[_PLACES[name]]
        if not isinstance(held, Held) or not (days or limits.gap_days is not None):
            continue
        gap = limits.gap_days or _EVER
        by_file: dict[tuple[int, str], dict[date, DatedRows]] = {}
        for found in engine.scattered(held.paths, gap=gap, days=days):
            by_file.setdefault((found.landing, found.file), {})[found.date] = found
        for dates in by_file.values():
            apart = far_in_file({day: found.rows for day, found in dates.items()}, gap)
            far.setdefault(name, []).extend(found for day, found in dates.items() if day in apart | days)
        profiles[name] = replace(profile, weeks=[week for week in profile.weeks if week[0] not in days])
    return Dated(far, profiles)


def far_dates(dated: Dated, limits: Limits) -> Check:
    """Tell the rows with far dates: they fail until they are withdrawn, since answers go wrong by them in silence."""
    found = [rows for dataset in dated.far.values() for rows in dataset]
    value = named([f"{rows.date} in {rows.file}" for rows in found]) or "none"
    limit = f"{limits.gap_days} days apart" if limits.gap_days is not None else None
    references = " ".join(map(quote, islice(_references(found), _REFERENCES)))
    hint = (
        f"retailstream quarantine withdraw {references} --reason 'a mistyped year', then retailstream run; where dates"
        " are right, a higher quality.max_date_gap_days or max_future_days"
    )
    count = sum(rows.rows for rows in found)
    return Check("far_dates", value, limit, "fail" if found else "ok", measure=count, hint=hint)


def missing_stores(files: Files, dated: Dated, engine: Engine, limit: int) -> Iterator[Check]:
    """Tell the stores that were there in the weeks before the newest, and are not in it; nothing of a damaged table."""
    held, profile = files.tables["clean sales"], dated.profiles.get(SALES.name)
    if not isinstance(held, Held) or profile is None:
        return
    if not profile.weeks:
        yield Check("missing_stores", "none", limit, "ok", measure=0)
        return
    newest = profile.weeks[0][0]
    before = newest - _WEEK
    last = engine.last_dates(held.paths, newest)
    missing = {store: day for store, day in last.items() if before - WEEKS * _WEEK < day <= before}
    value = f"store{'s' * (len(missing) > 1)} {named(missing)}" if missing else "none"
    hint = (
        f"no sales after {max(missing.values(), default=newest)}: put their files into SOURCE/sales and run again;"
        f" a store that is silent for {WEEKS} weeks counts as closed"
    )
    state: State = "ok" if len(missing) <= limit else "fail"
    yield Check("missing_stores", value, limit, state, measure=len(missing), hint=hint)


def _far_days(profile: Profile, limits: Limits, today: date) -> set[date]:
    latest = today + timedelta(days=limits.future_days)
    far = {day for day, _rows in profile.weeks if day > latest}
    return far if limits.gap_days is None else far | far_in_table(dict(profile.weeks), limits.gap_days)


def _references(found: list[DatedRows]) -> Iterator[str]:
    """Yield what `quarantine withdraw` takes: a file whose rows are all far, or its records one by one."""
    files: dict[str, list[DatedRows]] = {}
    for rows in found:
        files.setdefault(rows.file, []).append(rows)
    for file, parts in files.items():
        if sum(rows.rows for rows in parts) == sum({rows.landing: rows.of_file for rows in parts}.values()):
            yield file
        else:
            yield from (f"{file}:{record}" for rows in parts for record in rows.records)
