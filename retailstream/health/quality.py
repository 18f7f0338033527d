"""Whether the rows are as they should be: stores are known, columns are filled, and the newest week is no odd one."""

from __future__ import annotations

from datetime import UTC, datetime, time
from statistics import median
from typing import TYPE_CHECKING, Final

from retailstream import metrics
from retailstream.contracts import FEATURES, SALES
from retailstream.enumerating import named
from retailstream.health.checks import Check
from retailstream.health.dating import WEEKS
from retailstream.health.limits import percent
from retailstream.health.stock import DAMAGED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from retailstream.contracts import Contract
    from retailstream.health.checks import State
    from retailstream.health.limits import Limits
    from retailstream.health.stock import Files
    from retailstream.metrics import Sample
    from retailstream.ports import Profile

FEWEST: Final = 4
"""With fewer weeks before it, nothing is usual."""


def orphans(files: Files, limit: int) -> Check:
    """Count the stores that have sales and are not in the store file."""
    if files.orphans is None:
        return Check("orphan_stores", DAMAGED, limit, "fail", hint="mend what reconcile_… says first")
    count = len(files.orphans)
    hint = (
        f"store{'s' * (count > 1)} {named(files.orphans)} ha{'ve' if count > 1 else 's'} sales and no line in any store"
        " file: put a newer one into SOURCE/stores, then retailstream run"
    )
    return Check("orphan_stores", count, limit, "ok" if count <= limit else "fail", hint=hint)


def look_into(profiles: Mapping[str, Profile], limits: Limits, *, now: str) -> Iterator[Check | Sample]:
    """Yield what the rows of sales and features look like; nothing of a table with a damaged file.

    Rows that are odd are a warning: they are what the stores have sent, and the pipeline did its part.
    """
    for contract in (SALES, FEATURES):
        profile = profiles.get(contract.name)
        if profile is None:
            continue
        yield from _nulls(contract, profile, limits)
        yield from _volume(contract.name, profile, limits.volume_change)
        if profile.weeks:
            newest = datetime.combine(profile.weeks[0][0], time(), UTC)
            yield metrics.NEWEST_WEEK.of(newest.timestamp(), contract.name)
        if contract is SALES:
            yield _newest_week(profile, limits.week_days, now)


def _nulls(contract: Contract, profile: Profile, limits: Limits) -> Iterator[Check | Sample]:
    for column, count in profile.nulls.items():
        share = count / profile.rows if profile.rows else 0.0
        if profile.rows:
            yield metrics.NULL_RATIO.of(share, contract.name, column)
        if (limit := limits.nulls.get(column)) is not None:
            state: State = "ok" if count <= limit * profile.rows else "warn"
            name = f"null_share_{contract.name}_{column}"
            hint = f"{count:,} of {profile.rows:,} rows have no {column}: ask for files that have it"
            yield Check(name, round(share, 6), percent(limit), state, bound=float(limit), hint=hint)


def _volume(dataset: str, profile: Profile, limit: Fraction | None) -> Iterator[Check | Sample]:
    name, told = f"volume_{dataset}", f"±{percent(limit)}" if limit is not None else None
    rows = [count for _week, count in profile.weeks[: WEEKS + 1]]
    if len(rows) <= FEWEST:
        yield Check(name, None, told, "ok")
        return
    usual = median(rows[1:])
    change = rows[0] / usual - 1
    state: State = "ok" if limit is None or abs(change) <= limit else "warn"
    yield metrics.VOLUME_RATIO.of(1 + change, dataset)
    hint = f"{rows[0]:,} rows on {profile.weeks[0][0]}, {usual:,.0f} are usual: look whether all {dataset} files came"
    yield Check(name, round(change, 6), told, state, bound=None if limit is None else float(limit), hint=hint)


def _newest_week(profile: Profile, limit: int | None, now: str) -> Check:
    told = f"{limit} days" if limit is not None else None
    if not profile.weeks:
        return Check("newest_week_sales", None, told, "ok", bound=limit)
    newest = profile.weeks[0][0]
    age = (datetime.fromisoformat(now).date() - newest).days
    state: State = "ok" if limit is None or age <= limit else "fail"
    hint = "put newer files into SOURCE/sales, then retailstream run"
    return Check("newest_week_sales", f"{newest}, {age:,} days old", told, state, measure=age, bound=limit, hint=hint)
