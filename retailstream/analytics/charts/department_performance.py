"""The largest departments: what they sell, and whether they grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import ordered
from retailstream.analytics.charts.scales import unit_of
from retailstream.analytics.charts.theme import BLUE, GREY, PALE, RED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_LARGEST = 20


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and bars of total sales with the change on comparable weeks."""
    trend = alt.Color(
        "trend:N",
        title="On comparable weeks",
        sort=["grows", "shrinks", "not known"],
        scale=alt.Scale(domain=["grows", "shrinks", "not known"], range=[BLUE, RED, PALE]),
    )
    base = (
        chart.transform_filter(f"datum.rank <= {_LARGEST}")
        .transform_calculate(
            trend="!isValid(datum.yoy_pct) ? 'not known' : datum.yoy_pct >= 0 ? 'grows' : 'shrinks'",
            label="(isValid(datum.yoy_pct) ? format(datum.yoy_pct, '+.1f') + ' %' : '')",
        )
        .encode(y=alt.Y("dept:N", sort=ordered(rows, "dept", by="rank"), title="Department"))
    )
    unit = unit_of(row["total_sales"] for row in rows)
    bars = base.mark_bar(height=12).encode(
        x=alt.X("total_sales:Q", title=f"Total sales, ${unit.name}", axis=unit.axis()), color=trend
    )
    labels = base.mark_text(align="left", dx=5, color=GREY, fontSize=11).encode(x="total_sales:Q", text="label:N")
    return (
        f"The {_LARGEST} departments that sell most, and their change on comparable weeks",
        alt.layer(bars, labels).properties(width=width - 60, height=alt.Step(18)),
    )
