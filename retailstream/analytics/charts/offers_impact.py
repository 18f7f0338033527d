"""What each store sells in weeks with offers and in weeks without, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import ordered
from retailstream.analytics.charts.scales import unit_of
from retailstream.analytics.charts.theme import BLUE, GREY, PALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and two dots a store on one line."""
    stores = alt.Y(
        "store:N",
        title="Store",
        sort=ordered(rows, "store", by="avg_sales_with_offers", descending=True),
        axis=alt.Axis(labelFontSize=10),
    )
    unit = unit_of(row[column] for row in rows for column in ("avg_sales_with_offers", "avg_sales_without_offers"))
    both = chart.transform_filter("isValid(datum.avg_sales_with_offers) && isValid(datum.avg_sales_without_offers)")
    line = both.mark_rule(color=PALE, strokeWidth=2).encode(
        y=stores, x="avg_sales_without_offers:Q", x2="avg_sales_with_offers:Q"
    )
    dots = (
        chart.transform_fold(["avg_sales_with_offers", "avg_sales_without_offers"], as_=["weeks_of", "sales"])
        .transform_calculate(offers="datum.weeks_of == 'avg_sales_with_offers' ? 'with offers' : 'without'")
        .transform_filter("isValid(datum.sales)")
        .mark_circle(size=60, opacity=1)
        .encode(
            y=stores,
            x=alt.X("sales:Q", title=f"Average weekly sales, ${unit.name}", axis=unit.axis()),
            color=alt.Color(
                "offers:N", title="Weeks", scale=alt.Scale(domain=["with offers", "without"], range=[BLUE, GREY])
            ),
        )
    )
    return (
        "What stores sell a week, with offers and without",
        alt.layer(line, dots).properties(width=width, height=alt.Step(14)),
    )
