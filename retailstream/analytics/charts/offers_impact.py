"""By how much weeks with offers go better at each store: the figure that the headline speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import ordered
from retailstream.analytics.charts.theme import BLUE, INK, RED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and a bar a store of the seasonal lift, the best on top, or of the plain lift."""
    seasonal = any(row["seasonal_lift_pct"] is not None for row in rows)
    column = "seasonal_lift_pct" if seasonal else "lift_pct"
    axis = "Growth over last year in weeks with offers, less that in weeks without: points"
    plain = "Average sales of weeks with offers against those of weeks without, %"
    known = chart.transform_filter(f"isValid(datum.{column})").transform_calculate(
        offers=f"datum.{column} >= 0 ? 'better with offers' : 'worse'"
    )
    bars = known.mark_bar(height=9).encode(
        y=alt.Y(
            "store:N",
            title="Store",
            sort=ordered(rows, "store", by=column, descending=True),
            axis=alt.Axis(labelFontSize=10),
        ),
        x=alt.X(f"{column}:Q", title=axis if seasonal else plain),
        color=alt.Color(
            "offers:N", title="Weeks go", scale=alt.Scale(domain=["better with offers", "worse"], range=[BLUE, RED])
        ),
    )
    once = chart.transform_window(number="row_number()").transform_filter("datum.number == 1")
    zero = once.mark_rule(color=INK).encode(x=alt.datum(0))
    title = "What offers add, once last year's season is taken out" if seasonal else "What stores sell more with offers"
    return title, alt.layer(bars, zero).properties(width=width, height=alt.Step(14))
