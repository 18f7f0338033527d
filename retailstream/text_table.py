"""Aligned columns of text, for pipes and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence


def aligned(lines: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """Return lines of cells as columns two blanks apart, numeric ones at the right; each line ends with a newline."""
    shown = [[printable(cell) for cell in line] for line in lines]
    widths = [max(len(line[place]) for line in shown) for place in range(len(numeric))]
    return "".join(f"{_aligned(line, widths, numeric)}\n" for line in shown)


def _aligned(line: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    cells = (
        text.rjust(width) if right else text.ljust(width)
        for text, width, right in zip(line, widths, numeric, strict=True)
    )
    return "  ".join(cells).rstrip()
