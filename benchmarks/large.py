"""Synthetic sets of up to 100 times the real rows: memory stays flat, and time grows no faster than the rows."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from benchmarks.cases import Result, retailstream, sample
from benchmarks.measuring import Cost, measure, ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEGABYTES = 3000
SIZES = {1: {"stores": 45, "depts": 81}, 10: {"stores": 450, "depts": 81}, 100: {"stores": 450, "depts": 810}}


def measure_all(work: Path) -> Iterator[Result]:
    """Yield a first run at each size, beside what the smallest would take for as many rows."""
    seconds_a_row = 0.0
    for times, sizes in SIZES.items():
        source, home = sample(work / f"sample-{times}", **sizes), work / f"home-{times}"
        [cost] = measure([ours("run", "--source", str(source), "--home", str(home))], 1)
        [entry] = _runs(home)
        rows = entry["summary"]["rows_out"]
        seconds_a_row = seconds_a_row or cost.seconds / rows
        shutil.rmtree(source)
        shutil.rmtree(home)
        yield Result(
            f"run, {times} x", rows, cost, "as many rows at 1 x", Cost(seconds_a_row * rows, 0), 1.0, MEGABYTES
        )


def _runs(home: Path) -> list[dict[str, dict[str, int]]]:
    items: list[dict[str, dict[str, int]]] = retailstream("runs", "--stage", "run", "--home", str(home))["items"]  # type: ignore[assignment]
    return items
