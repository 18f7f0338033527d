"""What is odd about a merge, and no reason not to publish it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.enumerating import named
from retailstream.reports import RunWarning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retailstream.contracts import Contract
    from retailstream.landings import Landed
    from retailstream.ports import Disagreement, Table
    from retailstream.records import FileSurvey

REBUILT = "rebuilt"

NAMED = 5
"""How many things of a kind a warning names; of the others it has the number."""


def unknown_columns(contract: Contract, unknown: Mapping[str, int]) -> list[RunWarning]:
    """Return one warning for all columns that no contract knows, however many there are."""
    if not unknown:
        return []
    columns = [f"'{name}' of {count:,} file{'s' * (count > 1)}" for name, count in unknown.items()]
    several = len(unknown) > 1
    text = f"column{'s' * several} {named(columns, NAMED)} {'are' if several else 'is'} unknown and ignored"
    return [RunWarning("unknown_columns", f"{contract.name}: {text}", contract.name)]


def lost_file(table: Table) -> str:
    """Say of a table that is not intact what is wrong with it."""
    return f"a file of the published table '{table.contract.name}' in {table.lake.url} is missing or damaged"


def rebuilt(dataset: str, damage: str) -> tuple[RunWarning, ...]:
    """Return a warning where a table is made anew for the damage that is told of it."""
    return (RunWarning(REBUILT, f"{damage}: the table is made anew", dataset),) if damage else ()


def disagreements(contract: Contract, found: Sequence[Disagreement]) -> list[RunWarning]:
    """Return a warning for each pair of files of a landing that disagree; for all but the first few, one."""
    warnings = [
        RunWarning(
            "files_disagree",
            f"{pair.winner!a} and {pair.file!a} landed together and disagree about {pair.rows:,}"
            f" row{'s' * (pair.rows > 1)}; what {pair.winner!a} says is taken",
            contract.name,
            pair.winner,
        )
        for pair in found[:NAMED]
    ]
    if more := found[NAMED:]:
        rows = sum(pair.rows for pair in more)
        text = f"{contract.name}: {len(more):,} more pairs of files landed together and disagree about {rows:,} rows"
        warnings.append(RunWarning("files_disagree", text, contract.name))
    return warnings


def spans(contract: Contract, file: Landed, found: FileSurvey) -> list[RunWarning]:
    """Return a warning where records stand on several lines: legal, and yet what a stray quote looks like."""
    if not found.spans:
        return []
    told = [f"record {number:,} spans {lines:,} lines" for number, lines in found.spans[:NAMED]]
    more = f" and {len(found.spans) - NAMED:,} more span several" if len(found.spans) > NAMED else ""
    text = f"{contract.name}: in {file.file!a} {', '.join(told)}{more}"
    return [RunWarning("spans_lines", text, contract.name, file.file)]
