"""How much more each store sells in each holiday's weeks: a dot a store, a tick at the median of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.scales import by_type
from retailstream.analytics.charts.theme import INK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and dots by holiday and store type."""
    holidays = ["All holidays", "Super Bowl", "Labor Day", "Thanksgiving", "Christmas", "Other holiday"]
    base = chart.transform_filter("isValid(datum.lift_pct)").encode(
        y=alt.Y("holiday:N", sort=holidays, title=None, axis=alt.Axis(labelFontSize=12, ticks=False, domain=False)),
        yOffset=alt.YOffset("type:N", scale=alt.Scale(paddingInner=0.3)),
        color=by_type(rows),
    )
    dots = base.mark_circle(size=44, opacity=0.55).encode(
        x=alt.X("lift_pct:Q", title="Sales of the holiday weeks against the store's usual week, %"),
    )
    medians = base.mark_tick(thickness=3, size=16).encode(x=alt.X("median(lift_pct):Q"))
    once = chart.transform_window(number="row_number()").transform_filter("datum.number == 1")
    zero = once.mark_rule(color=INK).encode(x=alt.datum(0))
    return (
        "How much more stores sell in holiday weeks: a dot each, a bar at the median of the type",
        alt.layer(zero, dots, medians).properties(width=width, height=alt.Step(18)),
    )
