"""The stores that sell worst in the latest leap year, and whether they grow or shrink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import ordered
from retailstream.analytics.charts.scales import by_type, unit_of
from retailstream.analytics.charts.theme import GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_WORST = 15


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and bars of average weekly sales, the worst on top."""
    year = rows[-1]["year"]
    unit = unit_of(row["avg_weekly_sales"] for row in rows if row["rank"] <= _WORST)
    base = chart.transform_filter(f"datum.year == {year} && datum.rank <= {_WORST}").encode(
        y=alt.Y(
            "store:N", sort=ordered([row for row in rows if row["year"] == year], "store", by="rank"), title="Store"
        ),
    )
    bars = base.mark_bar(height=14).encode(
        x=alt.X("avg_weekly_sales:Q", title=f"Average weekly sales, ${unit.name}", axis=unit.axis()),
        color=by_type(rows),
    )
    labels = (
        base.transform_calculate(
            label="isValid(datum.change_pct) ? format(datum.change_pct, '+.1f') + ' % on comparable weeks' : ''"
        )
        .mark_text(align="left", dx=5, color=GREY, fontSize=11)
        .encode(x="avg_weekly_sales:Q", text="label:N")
    )
    return f"The {_WORST} stores that sold least a week in {year}", alt.layer(bars, labels).properties(
        width=width - 140, height=alt.Step(20)
    )
