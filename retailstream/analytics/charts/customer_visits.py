"""What stands for the visits of each store: counted or reckoned visits, else sales."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import ordered
from retailstream.analytics.charts.scales import unit_of
from retailstream.analytics.charts.theme import BLUE, GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and a bar a store, the largest on top."""
    visits = any(row["avg_weekly_visits"] is not None for row in rows)
    column = "avg_weekly_visits" if visits else "avg_weekly_sales"
    unit = unit_of(row[column] for row in rows)
    title = f"Average weekly visits{unit.name and ','}{unit.name}" if visits else f"Average weekly sales, ${unit.name}"
    base = chart.transform_filter(f"isValid(datum.{column})").encode(
        y=alt.Y("store:N", title="Store", sort=ordered(rows, "store", by=column, descending=True))
    )
    bars = base.mark_bar(height=14, color=BLUE).encode(x=alt.X(f"{column}:Q", title=title, axis=unit.axis()))
    labels = (
        base.transform_calculate(
            label=f"format(datum.{column} / {unit.factor}, ',.4~r')"
            " + (isValid(datum.month_index) ? ', ' + format(datum.month_index, '.0f') + ' % of usual' : '')"
        )
        .mark_text(align="left", dx=5, color=GREY, fontSize=11)
        .encode(x=f"{column}:Q", text="label:N")
    )
    what = "Visits" if visits else "Sales, standing in for visits that nobody counted"
    return f"{what}, by store", alt.layer(bars, labels).properties(width=width - 130, height=alt.Step(20))
