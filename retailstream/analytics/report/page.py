"""The report as one HTML file that needs nothing else: no network, no script, pictures inside."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from retailstream.analytics.charts.drawing import draw, svg
from retailstream.analytics.charts.theme import NARROW, WIDTH
from retailstream.analytics.printing import cell, heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.analytics.export import TypedAnswer
    from retailstream.analytics.report.evidence import Evidence

ROWS: Final = 15
ALL_ROWS: Final = 20
"""A longer table is cut to ROWS on the page; the files beside it have them all."""
ALL_ROWS_ALONE: Final = 60
"""The same for a page that has no files beside it."""


@dataclass(frozen=True)
class Section:
    """One answer on the page."""

    found: TypedAnswer
    files: bool
    """Whether the table and the chart lie beside the page as files of their own."""

    @property
    def name(self) -> str:
        """The analysis."""
        return self.found.answer.use_case.name

    @property
    def method(self) -> str:
        """How the answer was computed."""
        return self.found.answer.use_case.method

    @property
    def parameters(self) -> str:
        """What was asked with, in words: `type B, month 4`."""
        given = self.found.answer.parameters.items()
        return ", ".join(f"{name} {value}" for name, value in given if value is not None)

    @property
    def headings(self) -> list[str]:
        """The names of the columns as people read them."""
        return [heading(self.found.answer.use_case, column) for column in self.found.answer.columns]

    @property
    def rows(self) -> list[list[str]]:
        """Rows as people read them: all, or the first from the one on that the headline speaks of."""
        columns = self.found.answer.columns
        return [
            [cell(value, column) for value, column in zip(row, columns, strict=True)]
            for row in self.found.answer.first_rows(self.shown)
        ]

    @property
    def more(self) -> int:
        """How many rows the page does not show."""
        return len(self.found.answer.rows) - self.shown

    @property
    def shown(self) -> int:
        """How many rows the page shows."""
        count = len(self.found.answer.rows)
        if not self.files and count <= ALL_ROWS_ALONE:
            return count
        return count if count <= ALL_ROWS else ROWS

    @cached_property
    def picture(self) -> str | None:
        """The chart as the address of an image that holds itself; None where nothing is told."""
        return self._picture(WIDTH)

    @cached_property
    def narrow_picture(self) -> str | None:
        """The same for a phone."""
        return self._picture(NARROW)

    def _picture(self, width: int) -> str | None:
        chart = draw(self.found.answer, width)
        if chart is None:
            return None
        return f"data:image/svg+xml;base64,{b64encode(svg(chart).encode()).decode()}"


def render(answers: Sequence[TypedAnswer], evidence: Evidence, *, files: bool) -> str:
    """Return the page; with `files` it links to the tables and charts beside it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 -- only a page needs it

    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    sections = [Section(found, files) for found in answers]
    return environment.get_template("page.html").render(sections=sections, evidence=evidence) + "\n"
