"""The chart of an analysis that has none of its own: its last figure by its first column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from retailstream.analytics.charts.rows import ordered
from retailstream.analytics.charts.theme import BLUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.charts.rows import Row
    from retailstream.analytics.charts.theme import Drawn

_FIRST = 30


def draw(chart: alt.Chart, rows: Sequence[Row], width: int) -> tuple[str, Drawn]:
    """Return the title, and a bar for each of the first rows."""
    first, *others = rows[0]
    figures = [name for name in others if any(isinstance(row[name], int | float) for row in rows)]
    figure = figures[-1] if figures else first
    names = ordered(rows, first, by=figure, descending=True)[:_FIRST]
    bars = (
        chart.transform_filter(alt.FieldOneOfPredicate(field=first, oneOf=names))
        .mark_bar(color=BLUE)
        .encode(
            y=alt.Y(f"{first}:N", sort=names, title=first.replace("_", " ")),
            x=alt.X(f"{figure}:Q", title=figure.replace("_", " ")),
        )
    )
    return f"{figure.replace('_', ' ').capitalize()} by {first.replace('_', ' ')}", bars.properties(width=width)
