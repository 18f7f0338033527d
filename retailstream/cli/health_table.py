"""The health of an environment as a table, for one look and for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retailstream.health import Health

COLUMNS = ("state", "check", "value", "limit")


def rows(found: Health) -> list[tuple[object, ...]]:
    """Return the lines of the table of checks."""
    return [(check.state, check.name, check.shown, check.limit) for check in found.checks]


def next_steps(checks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each failing check, of those that a summary holds, that says what to do about it."""
    return [f"{check['name']}: {check['hint']}" for check in checks if check["state"] == "fail"]


def verdict(found: Health) -> list[str]:
    """Return what stands below the table: what to do about each failing check, and the last line, which sums up."""
    failing = sum(check.state == "fail" for check in found.checks)
    if found.healthy:
        return ["healthy"]
    return [*next_steps(found.as_checks()), f"not healthy: {failing} of {len(found.checks)} checks fail"]
