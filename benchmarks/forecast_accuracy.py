"""The backtest of the real chain as the table in `docs/explanation/forecast-accuracy.md`, which it writes anew.

    python -m benchmarks.forecast_accuracy [SOURCE]

SOURCE is a folder with `sales/`, `features/` and `stores/`; by default the real set beside the checkout.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cases import REAL, retailstream
from retailstream import settings
from retailstream.analytics.forecast import backtest
from retailstream.analytics.forecast.relation import read
from retailstream.wiring import open_warehouse

if TYPE_CHECKING:
    from retailstream.analytics.forecast import Features, Fold, Sales

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "forecast-accuracy.md"
MARKERS = ("<!-- backtest -->", "<!-- end of backtest -->")
HEADER = (
    "| fold | weeks known | forecast | rows | WMAE | seasonal naive | ratio | with unemployment | without | coverage |",
    "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
)


def load(source: Path | None = None) -> tuple[Sales, Features]:
    """Return the clean sales and features of a folder of store files."""
    with tempfile.TemporaryDirectory(prefix="retailstream-forecast-") as folder:
        home = Path(folder) / "home"
        retailstream("run", "--source", str(source or REAL), "--home", str(home))
        loaded = settings.load(home=home, config=None, flags={})
        with open_warehouse(loaded.settings) as warehouse:
            return warehouse.ask(read)


def line(fold: Fold) -> str:
    """Return a fold as a line of the table."""
    figures = (
        *(fold.fold, fold.train_weeks, fold.test_weeks, f"{fold.cells:,}", f"{fold.wmae:,.1f}"),
        *(f"{fold.wmae_seasonal_naive:,.1f}", "-" if fold.ratio is None else f"{fold.ratio:.3f}"),
        *(f"{fold.wmae_with_unemployment:,.1f}", f"{fold.wmae_without_unemployment:,.1f}", f"{fold.coverage:.1%}"),
    )
    return f"| {' | '.join(str(figure) for figure in figures)} |"


def rewritten(page: str, folds: list[Fold]) -> str:
    """Return the page with the table between its markers replaced."""
    before, rest = page.split(MARKERS[0])
    _old, after = rest.split(MARKERS[1])
    return "\n".join([before + MARKERS[0], *HEADER, *map(line, folds), MARKERS[1] + after])


def main() -> None:
    """Write the table anew."""
    folds = backtest(*load(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), folds), encoding="utf-8")
    print(*HEADER, *map(line, folds), sep="\n")


if __name__ == "__main__":
    main()
