"""Where figures of runs go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retailstream.metrics import Sample


class MetricsTarget(Protocol):
    """Where figures of runs are left for a monitoring system to collect."""

    @property
    def address(self) -> str:
        """Where it is, fit to be printed."""
        ...

    def put(self, group: Mapping[str, str], samples: Sequence[Sample]) -> None:
        """Take over figures of a group (its labels); what it has of the same metrics goes, and of others stays."""
        ...
