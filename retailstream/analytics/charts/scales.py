"""Scales that follow the data: a unit that keeps figures short, and a colour for each store type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import altair as alt

from retailstream.analytics.charts.theme import BLUE, GREEN, GREY, ORANGE, RED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from retailstream.analytics.charts.rows import Row

_COLOURS: Final = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", "#7a6a00")
_UNITS: Final = ((2_000_000, 1_000_000, " million"), (2_000, 1_000, " thousand"))


@dataclass(frozen=True)
class Unit:
    """How many make one on the axis, and what that is called: 1,000,000 and ` million`."""

    factor: int
    name: str

    def axis(self, **options: Any) -> alt.Axis:  # noqa: ANN401 -- Altair's own options
        """Return an axis labelled in the unit."""
        return alt.Axis(labelExpr=f"format(datum.value / {self.factor}, ',.3~f')", **options)


def unit_of(values: Iterable[float | None]) -> Unit:
    """Return the unit that fits the largest of the values."""
    most = max((abs(value) for value in values if value is not None), default=0)
    return next((Unit(factor, name) for least, factor, name in _UNITS if most >= least), Unit(1, ""))


def by_type(rows: Sequence[Row]) -> Any:  # noqa: ANN401 -- what Altair makes of a condition
    """Return the colour of each row's store type, the same in every chart; grey where that is unknown."""
    types = sorted({row["type"] for row in rows if row["type"] is not None})
    colours = [_COLOURS[(ord(letter) - ord("A")) % len(_COLOURS)] for letter in types]
    scale = alt.Scale(domain=types, range=colours)
    known = alt.Color("type:N", title="Store type", scale=scale, legend=alt.Legend() if types else None)
    return alt.when("isValid(datum.type)").then(known).otherwise(alt.value(GREY))
