"""What a look for damage finds, and what mending it takes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from retailstream.errors import DamagedError, RetailStreamError, TransientError, UsageError

REPAIR: Final = "retailstream repair"
MOVE: Final = "retailstream repair, which moves it aside"
RESTORE: Final = "retailstream restore FILE, from a backup"

MEMORY: Final = "memory"
RAW: Final = "raw"
FEATURE_FILES: Final = "features"
CLEAN: Final = "clean"
DATABASE: Final = "database"
WAREHOUSE: Final = "warehouse"
PLACES: Final = (MEMORY, RAW, FEATURE_FILES, CLEAN, DATABASE, WAREHOUSE)
"""Where an environment keeps things, in the order in which they are made from each other."""


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it was stored: where, which file or table, what is wrong, and what would mend it.

    `dataset` is the table that it is about, if it is about one.
    """

    place: str
    thing: str
    state: str
    mend: str = REPAIR
    dataset: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return the damage as JSON summaries print it."""
        return asdict(self)


@dataclass
class Findings:
    """All that was found, and how many things of each place were looked at."""

    damages: list[Damage] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PLACES, 0))

    @property
    def healthy(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damages

    def count(self, place: str, things: int = 1) -> None:
        """Note that things of a place were looked at."""
        self.looked_at[place] += things

    def add(self, damage: Damage) -> None:
        """Note a damage, once."""
        if damage not in self.damages:
            self.damages.append(damage)

    def of(self, place: str, dataset: str | None = None) -> list[Damage]:
        """Return what is damaged of a place, or of one table of it."""
        return [found for found in self.damages if found.place == place and dataset in {None, found.dataset}]

    def looking(
        self, place: str, thing: str, dataset: str | None = None, *, mend: str = REPAIR
    ) -> AbstractContextManager[None, bool]:
        """Turn whatever damage makes the block raise into a finding; a wrong setting or an absent server is none."""
        return _Look(self, Damage(place, thing, "", mend, dataset))

    def as_dict(self) -> dict[str, object]:
        """Return the findings as JSON summaries print them."""
        return {
            "healthy": self.healthy,
            "looked_at": self.looked_at,
            "damaged": [damage.as_dict() for damage in self.damages],
        }


@dataclass(frozen=True)
class _Look(AbstractContextManager[None, bool]):
    """A look at one thing, which is noted where it cannot be read."""

    findings: Findings
    found: Damage

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Exception) or isinstance(error, UsageError | TransientError):
            return False
        # There is no telling what a damaged file makes its reader raise.
        first = error.message if isinstance(error, RetailStreamError) else str(error).partition("\n")[0]
        state = first if isinstance(error, DamagedError) else f"cannot be read: {first or type(error).__name__}"
        self.findings.add(replace(self.found, state=state))
        return True
