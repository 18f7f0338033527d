"""The library: answers as pandas DataFrames, for notebooks and scripts.

import retailstream

sales = retailstream.analyze("holiday-sales")
visits = retailstream.analyze("customer-visits", type="A", basket=39.5, home="shops/.retailstream")
weeks = retailstream.analyze("weekly-top-stores", config="cluster.toml", engine="spark")
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from retailstream import settings
from retailstream.adapters.state.sqlite import refuse_newer_home
from retailstream.analytics.export import analyses
from retailstream.homes import refuse_half_restored
from retailstream.questions import ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    import altair as alt
    import pandas as pd

    from retailstream.analytics.export import TypedAnswer


def analyze(
    use_case: str,
    *,
    home: str | Path | None = None,
    config: str | Path | None = None,
    engine: str | None = None,
    **parameters: object,
) -> pd.DataFrame:
    """Return the answer of an analysis: a row each, dates as datetime64, whole numbers as Int64, figures as float64.

    `attrs` of the DataFrame hold the `headline`. Money is float64 here, exact to the cent up to 90 trillion; the
    command line's CSV, JSON and Parquet keep every digit. `engine` is `duckdb`, `spark` or `hive`, and by default
    what the settings name; `home` is by default what RETAILSTREAM_HOME names, or `.retailstream`. Raises UsageError
    where there is no such analysis, a parameter is wrong, RetailStreamError where there is no data.
    """
    return _frame(_answer(use_case, home, config, engine, parameters))


def chart(
    use_case: str,
    *,
    home: str | Path | None = None,
    config: str | Path | None = None,
    engine: str | None = None,
    **parameters: object,
) -> alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart | None:
    """Return the chart of an analysis, which a notebook shows; None where the answer has no rows."""
    from retailstream.analytics.charts.drawing import draw  # noqa: PLC0415 -- a third of a second

    return draw(_answer(use_case, home, config, engine, parameters).answer)


def _answer(
    use_case: str,
    home: str | Path | None,
    config: str | Path | None,
    engine: str | None,
    parameters: Mapping[str, object],
) -> TypedAnswer:
    folder = Path(home) if home else settings.home_of()[0]
    refuse_newer_home(folder)
    refuse_half_restored(folder)
    loaded = settings.load(home=folder, config=Path(config) if config else None, flags={"analyze.engine": engine})
    return ask(folder, loaded.settings, analyses({use_case: parameters})).found[0]


def _frame(found: TypedAnswer) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 -- a third of a second, and only this needs it

    frame = pd.DataFrame(
        {
            name: pd.Series([_plain(row[place]) for row in found.answer.rows], dtype=_dtype(found.types[place]))
            for place, name in enumerate(found.answer.columns)
        }
    )
    frame.attrs["headline"] = found.answer.headline
    return frame


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _dtype(type_: str) -> str:
    """`DECIMAL(27,2)` → `float64`; whole numbers and truths may be null, so theirs are pandas' own types."""
    if type_.startswith("DECIMAL"):
        return "float64"
    return {"VARCHAR": "str", "DATE": "datetime64[s]", "BOOLEAN": "boolean", "DOUBLE": "float64"}.get(type_, "Int64")
