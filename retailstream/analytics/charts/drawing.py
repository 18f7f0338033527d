"""An answer as a chart: its rows, all of them and nothing else, are the data that Vega-Lite draws from."""

from __future__ import annotations

import importlib.util
import json
from importlib import import_module
from typing import TYPE_CHECKING

import altair as alt
import vl_convert

from retailstream.analytics.charts.rows import rows_of
from retailstream.analytics.charts.theme import WIDTH, themed
from retailstream.targets import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.analytics.charts.theme import Drawn
    from retailstream.analytics.use_case import Answer

PICTURES = (".svg", ".png")
"""What a chart can be written as, by the ending of the file."""

SCALE = 2
"""Pixels of a PNG for each of the chart's own, for sharp screens."""


def draw(answer: Answer, width: int = WIDTH) -> Drawn | None:
    """Return the chart of an answer; None for one that tells nothing, since empty axes mislead."""
    if not answer.speaks:
        return None
    name = f"{__package__}.{answer.use_case.name.replace('-', '_')}"
    if importlib.util.find_spec(name) is None:
        name = f"{__package__}.plain"
    rows = rows_of(answer)
    title, chart = import_module(name).draw(alt.Chart(alt.InlineData(values=rows)), rows, width)
    return themed(chart, title, width)


def write(chart: Drawn, path: Path) -> None:
    """Write a chart as the SVG or PNG that the ending of the path asks for."""
    with replacing(path) as part:
        if path.suffix.lower() == ".svg":
            part.write_text(svg(chart), encoding="utf-8")
        else:
            part.write_bytes(vl_convert.vegalite_to_png(json.dumps(chart.to_dict()), scale=SCALE))


def svg(chart: Drawn) -> str:
    """Return a chart as SVG."""
    return str(vl_convert.vegalite_to_svg(json.dumps(chart.to_dict())))
