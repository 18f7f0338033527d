"""How the leading stores change places from year to year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.scales import by_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_FIRST = 10


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and a line a store through its ranks."""
    places = alt.Y(
        "rank:Q",
        title="Rank by sales of the year",
        scale=alt.Scale(domain=[0.5, _FIRST + 0.5], reverse=True, nice=False),
        axis=alt.Axis(values=list(range(1, _FIRST + 1)), grid=False),
    )
    base = chart.transform_filter(f"datum.rank <= {_FIRST}").encode(
        x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, labelFontSize=12)),
        y=places,
        detail="store:N",
        color=by_type([row for row in rows if row["rank"] <= _FIRST]),
    )
    names = base.mark_text(fontSize=11, fontWeight="bold").encode(text="store:N", color=alt.value("white"))
    lines = base.mark_line(strokeWidth=2.5, opacity=0.7)
    return (
        f"The {_FIRST} stores that sell most in each year",
        alt.layer(lines, base.mark_circle(size=420, opacity=1), names).properties(width=width - 120, height=330),
    )
