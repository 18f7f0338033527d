"""The page of the analyses, read from the headers of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.analytics.catalog import use_cases
from retailstream.cli.reference.tables import code, table

if TYPE_CHECKING:
    from retailstream.analytics.catalog import Parameter, UseCase

_INTRODUCTION: Final = """\
# Analyses

Each is one `.sql` file in `retailstream/analytics/sql/`, a command `retailstream analyze NAME`, and a call
`retailstream.analyze("NAME")`. [How to add one](../how-to/add-an-analysis.md).
"""


def analyses_page() -> str:
    """Return the page: every analysis with its question and its parameters, in the order of all lists."""
    return "\n".join([_INTRODUCTION, *(_analysis(case) for case in use_cases().values())])


def _analysis(case: UseCase) -> str:
    heading = f"## {case.name}\n\n**{case.title}.** {case.question}\n"
    if not case.parameters:
        return heading
    rows = [
        (code(f"--{known.name}"), known.type, _default(known), _bounds(known), known.help) for known in case.parameters
    ]
    return f"{heading}\n{table(('parameter', 'type', 'default', 'bounds', 'meaning'), rows)}"


def _default(known: Parameter) -> str:
    return "none" if known.default is None else code(str(known.default))


def _bounds(known: Parameter) -> str:
    limits = (("≥", known.at_least), ("≤", known.at_most))
    return ", ".join(f"{sign} {limit}" for sign, limit in limits if limit is not None)
