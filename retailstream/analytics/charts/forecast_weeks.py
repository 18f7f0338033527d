"""The weeks to come of the whole chain: a line in its 80 % interval, beside the year before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.scales import unit_of
from retailstream.analytics.charts.theme import BLUE, GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_FORECAST, _ONLY, _BEFORE = "forecast, with its 80 % interval", "forecast", "same weeks a year before"


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and a line of forecasts in the fan of its interval, where that is known."""
    unit = unit_of(row["high"] or row["predicted"] for row in rows)
    what = _FORECAST if any(row["low"] is not None for row in rows) else _ONLY
    before = any(row["year_before"] is not None for row in rows)
    week = alt.X("date:T", title=None, axis=alt.Axis(format="%b %Y", tickCount=width // 80))
    axis, scale = unit.axis(), alt.Scale(zero=False)
    title = f"Sales of the chain a week, ${unit.name}"
    colour = alt.Color(
        "what:N",
        title=None,
        scale=alt.Scale(domain=[what, _BEFORE] if before else [what], range=[BLUE, GREY] if before else [BLUE]),
        legend=alt.Legend(labelLimit=0),
    )
    fan = (
        chart.transform_filter("isValid(datum.low)")
        .mark_area(color=BLUE, opacity=0.2)
        .encode(x=week, y=alt.Y("low:Q", title=title, axis=axis, scale=scale), y2="high:Q")
    )
    line = (
        chart.transform_calculate(what=f"'{what}'")
        .mark_line(strokeWidth=2, point=len(rows) == 1)
        .encode(x=week, y=alt.Y("predicted:Q", title=title, axis=axis, scale=scale), color=colour)
    )
    earlier = (
        chart.transform_filter("isValid(datum.year_before)")
        .transform_calculate(what=f"'{_BEFORE}'")
        .mark_line(strokeWidth=1.5, strokeDash=[4, 3])
        .encode(x=week, y="year_before:Q", color=colour)
    )
    beside = ", beside the year before" if before else ""
    return f"What the chain will sell week by week{beside}", alt.layer(fan, earlier, line).properties(
        width=width, height=260
    )
