"""What a look at an environment finds: checks, and figures for those who watch them over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from retailstream import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from retailstream.metrics import Sample

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One thing looked at: its value, its limit, and whether that is well.

    `measure` and `bound` are value and limit as numbers, where they are told as text. `hint` is what to do about it:
    the thing that is not well, by its name, and the next command.
    """

    name: str
    value: str | float | None
    limit: str | float | None
    state: State
    measure: float | None = None
    bound: float | None = None
    hint: str = ""

    @property
    def shown(self) -> str:
        """The value as people read it: `0.026256` beside a limit of `5%` → `2.63%`; nothing of None."""
        if self.value is None:
            return ""
        is_share = isinstance(self.value, float) and ("share" in self.name or str(self.limit).endswith("%"))
        return f"{self.value:.2%}" if is_share else str(self.value)

    def as_dict(self) -> dict[str, object]:
        """Return the check as the JSON summary prints it."""
        told = {"name": self.name, "value": self.value, "limit": self.limit, "state": self.state}
        return {**told, "hint": self.hint if self.hint and self.state != "ok" else None}

    def samples(self) -> Iterator[Sample]:
        """Yield the check as metrics."""
        beyond = self.state == "fail" or (self.state == "warn" and self.bound is not None)
        yield metrics.CHECK_FAILED.of(beyond, self.name)
        for metric, numbers in (
            (metrics.CHECK_VALUE, (self.measure, self.value)),
            (metrics.CHECK_LIMIT, (self.bound, self.limit)),
        ):
            number = next((found for found in numbers if isinstance(found, int | float)), None)
            if number is not None:
                yield metric.of(number, self.name)


@dataclass(frozen=True)
class Health:
    """Everything that a look found."""

    checks: list[Check]
    figures: list[Sample]
    looked_at: str

    @property
    def healthy(self) -> bool:
        """Whether no check failed."""
        return healthy(self.checks)

    def as_dict(self) -> dict[str, object]:
        """Return the health as JSON summaries print it."""
        return {"healthy": self.healthy, "checks": self.as_checks()}

    def as_checks(self) -> list[dict[str, object]]:
        """Return the checks as JSON summaries print them."""
        return [check.as_dict() for check in self.checks]

    def samples(self) -> Iterator[Sample]:
        """Yield everything as metrics."""
        yield metrics.LAST_LOOK.of(metrics.seconds_of(self.looked_at))
        yield metrics.HEALTHY.of(self.healthy)
        for check in self.checks:
            yield from check.samples()
        yield from self.figures


def healthy(checks: Iterable[Check]) -> bool:
    """Say whether no check failed; a warning is no failure."""
    return all(check.state != "fail" for check in checks)
