"""One look for every chart: few colours that colour-blind people can tell apart, no boxes, light lines."""

from __future__ import annotations

from textwrap import wrap
from typing import Final

import altair as alt

Drawn = alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart
"""What a chart may be made of."""

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
RED: Final = "#D55E00"
INK: Final = "#24292f"
GREY: Final = "#8c959f"
PALE: Final = "#d0d7de"
"""The first four are from the palette of Okabe and Ito."""

WIDTH: Final = 640
NARROW: Final = 310
"""Pixels of the plotting area, labels beside its marks included: on a page, and on a phone."""

_LETTER: Final = 7
"""Pixels of a letter of a title, or a little less: the axis beside the plotting area gives some room."""

FONT: Final = "Helvetica Neue, Arial, Liberation Sans, DejaVu Sans, sans-serif"


def themed(chart: Drawn, title: str, width: int) -> Drawn:
    """Return a chart with the project's look, and its title in lines that fit the width."""
    lines = wrap(title, width // _LETTER)
    head = alt.Title(lines, anchor="start", color=INK, fontSize=15, fontWeight=600, offset=14)
    looked: Drawn = (
        chart.properties(title=head)
        .configure(font=FONT, background="white", padding=8)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            gridColor="#eaeef2",
            domainColor=PALE,
            tickColor=PALE,
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            titlePadding=8,
        )
        .configure_legend(labelFontSize=11, titleFontSize=11, titleFontWeight="normal", orient="top", offset=6)
        .configure_header(labelFontSize=12, labelColor=INK, title=None)
    )
    return looked
