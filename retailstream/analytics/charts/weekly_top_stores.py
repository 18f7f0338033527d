"""Which stores lead week by week: a strip a store, dark where it is first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import most_often
from retailstream.analytics.charts.theme import BLUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_RANKS = 3


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and a tick for each week that a store is among the first."""
    ranks = alt.Scale(domain=[1, 2, 3], range=[BLUE, "#6baed6", "#c6dbef"])
    ticks = (
        chart.transform_filter(f"datum.rank <= {_RANKS}")
        .mark_tick(thickness=4, size=16)
        .encode(
            x=alt.X("date:T", title=None, axis=alt.Axis(format="%b %Y", tickCount=width // 80)),
            y=alt.Y("store:N", title="Store", sort=most_often(rows, "store")),
            color=alt.Color("rank:O", title="Rank of the week", scale=ranks),
        )
    )
    return "The three stores that sell most, week by week", ticks.properties(width=width, height=alt.Step(20))
