"""The lowest fuel price of the chain week by week, and the stores that have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import most_often
from retailstream.analytics.charts.theme import BLUE, GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, a step line of prices, and below it a strip for each store that is cheapest."""
    week = alt.X("date:T", title=None, axis=alt.Axis(format="%b %Y", tickCount=width // 80))
    dollars = alt.Axis(format="$.2f")
    lowest = chart.mark_line(interpolate="step-after", color=BLUE, strokeWidth=2).encode(
        x=week, y=alt.Y("min(fuel_price):Q", title="Price a gallon", scale=alt.Scale(zero=False), axis=dollars)
    )
    average = chart.mark_line(color=GREY, strokeWidth=1.5, strokeDash=[4, 3]).encode(x=week, y="min(chain_avg_price):Q")
    ends = chart.transform_joinaggregate(last="max(date)").transform_filter("datum.date == datum.last")
    label = ends.mark_text(align="left", dx=6, fontSize=11)
    names = alt.layer(
        label.encode(x="max(date):T", y="min(fuel_price):Q", text=alt.value("lowest"), color=alt.value(BLUE)),
        label.encode(x="max(date):T", y="min(chain_avg_price):Q", text=alt.value("average"), color=alt.value(GREY)),
    )
    prices = alt.layer(lowest, average, names).properties(width=width - 40, height=200)
    stores = chart.mark_tick(thickness=4, size=13, color=BLUE).encode(
        x=week,
        y=alt.Y("store:N", title="Cheapest at store", sort=most_often(rows, "store")),
    )
    return (
        "The lowest fuel price of the chain, and the stores that have it",
        alt.vconcat(prices, stores.properties(width=width - 40, height=alt.Step(16)), spacing=18),
    )
