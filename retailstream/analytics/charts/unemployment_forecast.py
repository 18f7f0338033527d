"""What the largest departments will sell, how sure that is, and what they sold of late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import ordered
from retailstream.analytics.charts.scales import unit_of
from retailstream.analytics.charts.theme import BLUE, INK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_LARGEST = 20
_FORECAST, _RECENT = "forecast, with its 80 % interval", "last 52 weeks"


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and for each department an interval with its forecast, and a mark at its recent sales."""
    departments = ordered(rows, "dept", by="predicted_total_sales", descending=True)[:_LARGEST]
    unit = unit_of(row["high"] for row in rows if row["dept"] in departments)
    base = chart.transform_filter(alt.FieldOneOfPredicate(field="dept", oneOf=departments)).encode(
        y=alt.Y("dept:N", sort=departments, title="Department"),
    )
    colour = alt.Color(
        "what:N", title=None, scale=alt.Scale(domain=[_FORECAST, _RECENT], range=[BLUE, INK]), legend=alt.Legend()
    )
    interval = base.mark_bar(height=9, color=BLUE, opacity=0.35).encode(
        x=alt.X("low:Q", title=f"Average sales a week and store, ${unit.name}", axis=unit.axis()), x2="high:Q"
    )
    forecast = (
        base.transform_calculate(what=f"'{_FORECAST}'")
        .mark_circle(size=55, opacity=1)
        .encode(x="predicted_avg_weekly_sales:Q", color=colour)
    )
    recent = (
        base.transform_calculate(what=f"'{_RECENT}'")
        .transform_filter("isValid(datum.recent_avg_weekly_sales)")
        .mark_tick(thickness=2.5, size=15, opacity=1)
        .encode(x="recent_avg_weekly_sales:Q", color=colour)
    )
    return (
        f"The {len(departments)} departments that will sell most in all: what they bring a week and store",
        alt.layer(interval, forecast, recent).properties(width=width, height=alt.Step(20)),
    )
