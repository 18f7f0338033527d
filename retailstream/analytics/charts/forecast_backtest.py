"""How far earlier forecasts lay off, beside the seasonal naive one: two bars for each cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.theme import BLUE, GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_OURS, _NAIVE = "this forecast", "the same week of last year"


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and bars of the weighted mean error."""
    bars = (
        chart.transform_fold(["wmae", "wmae_seasonal_naive"], as_=["whose", "error"])
        .transform_calculate(what=f"datum.whose == 'wmae' ? '{_OURS}' : '{_NAIVE}'")
        .mark_bar(height=12)
        .encode(
            y=alt.Y("train_weeks:O", title="Weeks known"),
            yOffset=alt.YOffset("what:N", sort=[_OURS, _NAIVE]),
            x=alt.X("error:Q", title="Mean error a row and week, $ (holiday weeks count five times)"),
            color=alt.Color(
                "what:N", title=None, scale=alt.Scale(domain=[_OURS, _NAIVE], range=[BLUE, GREY]), legend=alt.Legend()
            ),
        )
    )
    return f"How far {len(rows)} earlier forecasts lay off", bars.properties(width=width, height=alt.Step(16))
