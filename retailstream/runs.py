"""What a stage is told about the run it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal

from retailstream.choices import AS_THEY_ARE, Changes
from retailstream.errors import UsageError
from retailstream.ports import no_progress
from retailstream.read_limits import DEFAULT_LIMITS, ReadLimits

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from retailstream.landings import LandingLog
    from retailstream.ports import Progress
    from retailstream.quarantine import Quarantine


@dataclass(frozen=True)
class Limit:
    """How many records may be rejected: a number of records, or a share of `rows_in`."""

    text: str
    share: Fraction | None = None
    records: int | None = None

    @classmethod
    def parse(cls, text: str) -> Limit:
        """`"5%"` → a share of 1/20, `"12"` → 12 records; UsageError for anything else."""
        bare = text.strip()
        if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?%", bare) and (share := Fraction(bare[:-1]) / 100) <= 1:
            return cls(bare, share=share)
        if re.fullmatch(r"[0-9]{1,15}", bare):
            return cls(bare, records=int(bare))
        raise UsageError(f"invalid limit of rejects '{text}'", hint="give a count (12) or a percentage (5%)")

    def allows(self, rejected: int, rows_in: int) -> bool:
        """Say whether that many of these rows may be rejected."""
        if self.share is not None:
            return rejected <= self.share * rows_in
        return rejected <= (self.records or 0)


@dataclass(frozen=True)
class Books:
    """What an environment remembers of one scope: what was landed, and what was rejected."""

    landings: LandingLog
    quarantine: Quarantine


WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""The days by their ISO number, from 1."""


@dataclass(frozen=True)
class Rules:
    """What new files are judged by, beside the limit of rejects.

    `in_part` is how much of one file or one store may be rejected; None: any. `week_end` is the ISO number of the day
    that weeks are named by. Fewer than four dates further than `gap_days` from all others are mistyped, and so is one
    after `latest`. `sharing_key` is how many records of a file may have their key in common; None: any. What is
    beyond `limits` is not read, nor what lies outside the source unless links are followed.
    """

    in_part: Limit | None = None
    week_end: int = 5
    gap_days: int | None = None
    latest: date | None = None
    sharing_key: Limit | None = None
    limits: ReadLimits = DEFAULT_LIMITS
    follow_links: bool = False


Incremental = Literal["append", "lastmodified"]
FileFormat = Literal["parquet", "orc"]


@dataclass(frozen=True)
class TableRequest:
    """Which rows and columns of which table of the database `sqoop` is to copy, and as which of the warehouse."""

    table: str
    target: str
    columns: tuple[str, ...] | None = None
    where: str | None = None
    incremental: Incremental | None = None
    check_column: str | None = None
    format: FileFormat = "parquet"
    adopt: bool = False
    """Whether what is at the target may be replaced, though it is not ours, or a copy of another source."""
    changes: Changes = AS_THEY_ARE


@dataclass(frozen=True)
class Run:
    """The run's id, whether it only plans, what is judged by which limit, and where temporary files may lie.

    `only` names the one dataset that it is about, where it is not about all of its stage; `table` one of any shape.
    """

    run_id: str
    work: Path
    limit: Limit
    rules: Rules = Rules()
    dry_run: bool = False
    progress: Progress = no_progress
    only: str | None = None
    table: TableRequest | None = None
