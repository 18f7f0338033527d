"""Rejects beyond a limit, gathered into few: one stands for all others of its file and rule, and has their numbers.

A file of nothing but short bad lines would otherwise cost the memory a hundred times its size; see ADR 41.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from retailstream.record_ranges import Ranges
from retailstream.rejects import SUPERSEDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from retailstream.ports import FoundReject
    from retailstream.read_limits import ReadLimits

RANGES: Final = 1_000
"""One reject stands for no more ranges of others, so that none of them grows without end."""


@dataclass(frozen=True)
class Gathered:
    """A reject, and the numbers of the records of its file that broke the same rule and that it stands for."""

    first: FoundReject
    others: str | None = None


@dataclass
class _Rest:
    """The rejects of one file and rule that are not kept one by one."""

    first: FoundReject
    others: Ranges = field(default_factory=Ranges)

    def gathered(self) -> Gathered:
        return Gathered(self.first, self.others.text or None)


def gather(found: Iterable[FoundReject], limits: ReadLimits) -> Iterator[Gathered]:
    """Yield rejects one by one as long as there is room, by landing, file and record; then few that stand for many.

    Superseded records are always told one by one: they are good ones, and may come in again.
    """
    place, alone = None, 0
    counts: Counter[str] = Counter()
    rests: dict[str, _Rest] = {}
    for reject in found:
        if (reject.landing, reject.file) != place:
            yield from (rest.gathered() for rest in rests.values())
            place = (reject.landing, reject.file)
            counts.clear()
            rests.clear()
        if reject.rule == SUPERSEDED:
            yield Gathered(reject)
            continue
        counts[reject.rule] += 1
        if counts[reject.rule] <= limits.records and alone < limits.records_of_run:
            alone += 1
            yield Gathered(reject)
        elif rest := rests.get(reject.rule):
            rest.others.add(reject.record)
            if len(rest.others) >= RANGES:
                yield rests.pop(reject.rule).gathered()
        else:
            rests[reject.rule] = _Rest(reject)
    yield from (rest.gathered() for rest in rests.values())
