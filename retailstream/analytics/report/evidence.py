"""What a report says of the data behind its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from retailstream.querying import QueryEngine

_EXTENT: Final = """
select
  sold.sales_rows,
  known.feature_rows,
  sold.stores,
  sold.weeks,
  sold.total_sales,
  sold.first_week,
  sold.last_week
from (
  select
    count(*) as sales_rows,
    count(distinct store) as stores,
    count(distinct date) as weeks,
    sum(weekly_sales) as total_sales,
    min(date) as first_week,
    max(date) as last_week
  from sales
) as sold
cross join (select count(*) as feature_rows from features) as known
"""


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


def extent(engine: QueryEngine) -> Extent:
    """Return what the tables `sales`, `features` and `stores` hold."""
    row: tuple[Any, ...] = engine.answer("extent", _EXTENT, {}).rows[0]
    return Extent(*row)
