"""What a report says of the data behind its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    import duckdb


@dataclass(frozen=True)
class Extent:
    """What the tables hold that every answer is made from."""

    sales_rows: int
    feature_rows: int
    stores: int
    weeks: int
    total_sales: Decimal | None
    first_week: date | None
    last_week: date | None


@dataclass(frozen=True)
class Finding:
    """One check of the data's health: `ok`, `warn` or `fail`."""

    name: str
    value: str
    state: str


@dataclass(frozen=True)
class Evidence:
    """Where the data came from, and how far it can be trusted."""

    extent: Extent
    run_id: str | None
    """The last run that changed the warehouse."""
    as_of: str | None
    """When that run ended."""
    landed_at: str | None
    """When files came in last."""
    rows_in: int
    rows_quarantined: int
    findings: Sequence[Finding]

    @property
    def quarantine_share(self) -> float | None:
        """Rejected records among all that ever came in, in percent."""
        return 100 * self.rows_quarantined / self.rows_in if self.rows_in else None

    @property
    def healthy(self) -> bool:
        """Whether no check failed."""
        return all(finding.state != "fail" for finding in self.findings)


def extent(connection: duckdb.DuckDBPyConnection) -> Extent:
    """Return what the views `sales`, `features` and `stores` hold."""
    row = connection.execute(
        """
        select
          count(*),
          (select count(*) from features),
          count(distinct store),
          count(distinct date),
          sum(weekly_sales),
          min(date),
          max(date)
        from sales
        """
    ).fetchone()
    return Extent(*(row or (0, 0, 0, 0, None, None, None)))
