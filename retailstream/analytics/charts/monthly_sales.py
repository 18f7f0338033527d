"""The months of the largest departments, a panel each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import ordered, total_by
from retailstream.analytics.charts.scales import unit_of
from retailstream.analytics.charts.theme import BLUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_LARGEST = 9
_COLUMN = 200
"""A panel takes so much of the width."""


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and a panel of average weekly sales for each department."""
    departments = ordered(total_by(rows, "dept", "total_sales"), "dept", by="total_sales", descending=True)[:_LARGEST]
    columns = max(2, width // _COLUMN)
    unit = unit_of(row["avg_weekly_sales"] for row in rows if row["dept"] in departments)
    lines = (
        chart.transform_filter(alt.FieldOneOfPredicate(field="dept", oneOf=departments))
        .transform_calculate(name="'Department ' + datum.dept")
        .mark_line(strokeWidth=2, color=BLUE)
        .encode(
            x=alt.X("month:T", timeUnit="yearmonth", title=None, axis=alt.Axis(format="%Y", tickCount="year")),
            y=alt.Y(
                "avg_weekly_sales:Q",
                title=f"${unit.name} a week",
                axis=unit.axis(tickCount=4),
            ),
        )
        .properties(width=(width - 100) / columns, height=110)
    )
    names = [f"Department {name}" for name in departments]
    panels = lines.facet(alt.Facet("name:N", sort=names, title=None), columns=columns, spacing=14)
    return f"The {len(names)} departments that sell most, month by month", panels
