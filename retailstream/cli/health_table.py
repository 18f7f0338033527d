"""The health of an environment as a table, for one look and for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retailstream.health import Health

COLUMNS = ("state", "check", "value", "limit")


def rows(found: Health) -> list[tuple[object, ...]]:
    """Return the lines of the table of checks."""
    return [(check.state, check.name, check.shown, check.limit) for check in found.checks]


def verdict(found: Health) -> str:
    """Return the last line, which sums the checks up."""
    failing = sum(check.state == "fail" for check in found.checks)
    return "healthy" if found.healthy else f"not healthy: {failing} of {len(found.checks)} checks fail"
