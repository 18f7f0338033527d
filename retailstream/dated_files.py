"""What the dates of new files say: a file read in the wrong order of day and month, a mistyped year, weeks long past.

All of it is told by figures that every engine has. See docs/adr/0032-what-is-judged.md.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from shlex import quote
from typing import TYPE_CHECKING, Final

from retailstream.far_dates import far_in_file, far_in_table
from retailstream.manifests import WHOLE
from retailstream.records import records
from retailstream.rejects import Reject
from retailstream.reports import RunWarning
from retailstream.runs import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from retailstream.contracts import Contract
    from retailstream.ports import Checked, FileDate, FileFigures, LandedFile
    from retailstream.runs import Rules

FEW: Final = 10
"""A file with fewer records corrects some rows, and no week."""

DATE_ORDER: Final = "date_order"

REWRITES: Final = "rewrites_old_weeks"

_ISO: Final = re.compile(r"[ \t]*[0-9]{4}-")


@dataclass(frozen=True)
class NewFiles:
    """New files of one table with what their records are like, by number; `months` are those that clean rows have.

    Files of landings up to `passed` were published before and are read anew: nobody is told of them again, but of
    those that were `out` until now.
    """

    contract: Contract
    files: Sequence[LandedFile]
    figures: Mapping[int, FileFigures]
    dates: Sequence[FileDate]
    months: Collection[str]
    passed: int = 0
    out: frozenset[tuple[int, str]] = frozenset()
    """Landing and file of what was refused as a whole; another limit may let it in."""

    @classmethod
    def of(
        cls,
        contract: Contract,
        files: Sequence[LandedFile],
        checked: Checked,
        *,
        months: Collection[str],
        passed: int,
        out: frozenset[tuple[int, str]],
    ) -> NewFiles:
        """Ask for the figures of checked files."""
        figures = {found.number: found for found in checked.files()}
        return cls(contract, files, figures, checked.dates() if contract.by_month else (), months, passed, out)

    def partitions(self, without: Collection[int]) -> set[str]:
        """Return the partitions that accepted records go to, but for those of files of some numbers."""
        if not self.contract.by_month:
            return {WHOLE}
        return {found.date.isoformat()[:7] for found in self.dates if found.number not in without}

    def told(self, without: Collection[int]) -> Iterator[LandedFile]:
        """Yield the files that are judged for the first time, but for those of some numbers."""
        new = (file for file in self.files if file.landing > self.passed or (file.landing, file.file) in self.out)
        return (file for file in new if file.number not in without)


@dataclass(frozen=True)
class Judgement:
    """What came of it: files that are refused, as rejects by number, and what the operator should know."""

    refused: Mapping[int, Reject] = field(default_factory=dict)
    warnings: tuple[RunWarning, ...] = ()


def judge(new: NewFiles, rules: Rules) -> Judgement:
    """Judge files by their dates; a table without dates has nothing to judge."""
    if not new.contract.by_month:
        return Judgement()
    refused = dict(_in_wrong_order(new, rules.week_end))
    warnings = [
        RunWarning(DATE_ORDER, f"{reject.file} is refused: {reject.value}", new.contract.name, reject.file)
        for reject in refused.values()
    ]
    warnings += [*_off_week_end(new, rules.week_end, refused), *_far(new, rules, refused), *_old(new, rules, refused)]
    return Judgement(refused, tuple(warnings))


def _in_wrong_order(new: NewFiles, week_end: int) -> Iterator[tuple[int, Reject]]:
    """Yield the files whose dates would all be week ends if they were read month first, and not all of them are as is.

    A date may be one either way, as 12 March and 3 December 2010 are Fridays: one of a file proves nothing.
    Where the other files of their landing mostly have one other weekday, that may be the chain's: they pass.
    """
    turned = {
        file.number
        for file in new.files
        if _only_turned(new.figures[file.number], week_end) and not _has_iso_dates(file, new.contract)
    }
    for landing in {file.landing for file in new.files if file.number in turned}:
        others = [new.figures[file.number] for file in new.files if file.landing == landing]
        other = _most(found for found in others if found.number not in turned)
        for file in new.files:
            if file.landing == landing and file.number in turned and other in {None, week_end}:
                found = new.figures[file.number]
                value = (
                    f"day first, {found.accepted - found.weekdays[week_end - 1]:,} of its {found.accepted:,} dates are"
                    f" no {_day(week_end)}s; read month first all of them would be (quality.week_end)"
                )
                name = new.contract.name
                yield file.number, Reject(name, landing, file.file, None, DATE_ORDER, "date", value, None)


def _only_turned(found: FileFigures, week_end: int) -> bool:
    at = week_end - 1
    all_swap = found.swappable == found.accepted > 0
    return all_swap and found.weekdays[at] < found.accepted == found.swapped_weekdays[at]


def _has_iso_dates(file: LandedFile, contract: Contract) -> bool:
    """Look into a file whether a date has the year first, and so only one meaning."""
    place = contract.names.index("date")
    fields = (record.fields[place] for record in records(file.path, file.survey, contract) if record.fields)
    return any(_ISO.match(text or "") for text in fields)


def _most(figures: Iterator[FileFigures]) -> int | None:
    """Return the ISO weekday that most of the files' dates have, if there is one."""
    days = [sum(counts) for counts in zip(*(found.weekdays for found in figures), strict=True)] or [0]
    return days.index(max(days)) + 1 if max(days) * 2 > sum(days) else None


def _off_week_end(new: NewFiles, week_end: int, refused: Collection[int]) -> Iterator[RunWarning]:
    figures = [found for number, found in new.figures.items() if number not in refused]
    rows = sum(sum(found.weekdays) - found.weekdays[week_end - 1] for found in figures)
    if rows:
        other = _most(iter(figures)) or week_end
        setting = f"; most are {_day(other)}s: is quality.week_end = '{_day(other).lower()}'?" * (other != week_end)
        text = f"{new.contract.name}: {rows:,} rows have a date that is no {_day(week_end)}; they are kept{setting}"
        yield RunWarning("off_week_end", text, new.contract.name)


def _far(new: NewFiles, rules: Rules, refused: Collection[int]) -> Iterator[RunWarning]:
    """Yield the files with dates far from their others, from those of the table, or after today."""
    by_file: dict[int, dict[date, FileDate]] = {}
    for found in new.dates:
        if found.number not in refused:
            by_file.setdefault(found.number, {})[found.date] = found
    table = Counter[date]()
    for dates in by_file.values():
        table.update({day: found.records for day, found in dates.items()})
    far = {day for day in table if rules.latest is not None and day > rules.latest}
    if rules.gap_days is not None:
        far |= far_in_table({**dict.fromkeys(_ends(new.months), 1), **table}, rules.gap_days)
    for file in new.told(refused):
        dates = by_file.get(file.number, {})
        own = far.copy()
        if rules.gap_days is not None:
            own |= far_in_file({day: found.records for day, found in dates.items()}, rules.gap_days)
        if rows := [found for day, found in dates.items() if day in own]:
            first, count = rows[0], sum(found.records for found in rows)
            text = (
                f"{file.file}: {count:,} record{'s have' if count > 1 else ' has'} a date far from all others, such as"
                f" {first.date} in record {first.record}; where that is mistyped: retailstream quarantine withdraw"
                f" {quote(f'{file.file}:{first.record}')} --reason TEXT, then retailstream run"
            )
            yield RunWarning("far_date", text, new.contract.name, file.file)


def _old(new: NewFiles, rules: Rules, refused: Collection[int]) -> Iterator[RunWarning]:
    """Yield the files that have whole weeks of months that are published, far older than their neighbours' weeks."""
    files = list(new.told(refused))
    ends = {file.number: new.figures[file.number].last_date for file in files}
    clean = _first_day(max(new.months)) if new.months else None
    for file in files:
        last = ends[file.number]
        if last is None or rules.gap_days is None or new.figures[file.number].accepted < FEW:
            continue
        near = [end for other in files if other.landing == file.landing and (end := ends[other.number])]
        newest = max([*near, clean] if clean else near)
        if f"{last:%Y-%m}" in new.months and newest - last > timedelta(days=rules.gap_days):
            first = new.figures[file.number].first_date
            weeks = f"{first} to {last}" if first != last else f"{last}"
            text = f"{file.file} has weeks long past, {weeks}, whose rows it takes the place of; others are of {newest}"
            yield RunWarning(REWRITES, text, new.contract.name, file.file)


def _ends(months: Collection[str]) -> Iterator[date]:
    """Yield the first and the last day of each month: what it holds in between is not known without reading it."""
    for month in months:
        first = _first_day(month)
        yield first
        yield first.replace(day=monthrange(first.year, first.month)[1])


def _first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _day(number: int) -> str:
    return WEEKDAYS[number - 1].capitalize()
