"""What a stage says of one run: the counts of the conservation law, per dataset, and where its output is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Status = Literal["ok", "noop", "dry-run", "failed"]

Summary = dict[str, Any]
"""The JSON object of a command; docs/reference/json-summary.md says what its keys hold."""


def outcome(*, dry_run: bool, changed: bool) -> Status:
    """Return the status of a run that did not fail."""
    if dry_run:
        return "dry-run"
    return "ok" if changed else "noop"


@dataclass(frozen=True)
class Counts:
    """The figures of one dataset in one run; `rows_in = rows_out + quarantined + duplicate + superseded`.

    `rows_replaced` are rows of earlier runs that this run's rows took the place of: outside that sum.
    """

    files_in: int = 0
    files_new: int = 0
    files_quarantined: int = 0
    rows_in: int = 0
    rows_out: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_superseded: int = 0
    rows_replaced: int = 0
    bytes: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[int, ...]:
        """Return the figures in the order of the fields."""
        return tuple(getattr(self, figure.name) for figure in fields(self))

    def as_dict(self) -> dict[str, int]:
        """Return the figures by name, as the JSON summary prints them."""
        return asdict(self)


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum over datasets."""
    return sum(counts, Counts())


def summary_of_nothing(stage: str, run_id: str | None, *, status: Status = "ok", error: str | None = None) -> Summary:
    """Return the JSON object of a command that moved no rows, or that failed before it could."""
    return {
        "stage": stage,
        "run_id": run_id,
        "status": status,
        "started_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": 0.0,
        **Counts().as_dict(),
        "outputs": [],
        "datasets": {},
        "error": error,
        "warnings": [],
    }


@dataclass(frozen=True)
class RunWarning:
    """What an operator should know of a run that went on all the same.

    `code` is one word for machines; `dataset` and `file` are None where it is about none, or about several.
    """

    code: str
    text: str
    dataset: str | None = None
    file: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return the warning as the JSON summary prints it."""
        return {"code": self.code, "dataset": self.dataset, "file": self.file, "text": self.text}


@dataclass(frozen=True)
class StageReport:
    """What one run of a stage did; `inputs` are the content hashes of what it read, `warnings` for the operator.

    `files` are the new files of the source, by name: what a plan would land.
    """

    stage: str
    status: Status
    datasets: Mapping[str, Counts] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    warnings: tuple[RunWarning, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def counts(self) -> Counts:
        """The sum over the stage's datasets."""
        return total(self.datasets.values())
