"""Well-kept forecasting libraries on the cuts that the forecast is judged by, scored alike.

The libraries are no part of the project; in an environment of their own:

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install -e . statsforecast mlforecast lightgbm
    /tmp/peers/bin/python -m benchmarks.forecast_peers [SOURCE]

or, where uv is: `uv run --with statsforecast --with mlforecast --with lightgbm python -m benchmarks.forecast_peers`.

Each library gets the rows before the cut and the calendar, gaps filled with the series' mean, and a series that it has
no forecast for counts as 0. Seconds are those of fitting and forecasting, on the threads that the library takes.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.forecast_accuracy import load
from retailstream.analytics.forecast import backtesting, model
from retailstream.analytics.forecast.history import history_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from retailstream.analytics.forecast.history import Floats, History

CUTS = (91, 104, 130)


def long_table(history: History) -> pd.DataFrame:
    """Return a row a series and week, gaps filled, of the series that have half a year's rows and more."""
    sales = pd.DataFrame(history.sales, index=history.dates[: history.weeks])
    usable = sales.columns[sales.notna().sum() >= min(26, history.weeks)]
    filled = sales[usable].fillna(sales[usable].mean()).rename_axis(index="ds").reset_index()
    return filled.melt(id_vars="ds", var_name="unique_id", value_name="y")


def wide(found: pd.DataFrame, column: str, history: History, weeks: int) -> Floats:
    """Return a library's long forecast as weeks by series, 0 where it has none."""
    table = found.pivot_table(index="ds", columns="unique_id", values=column)
    return table.reindex(columns=range(history.sales.shape[1])).fillna(0.0).to_numpy()[:weeks].clip(min=0)


def ours(history: History, weeks: int) -> Floats:
    """Return the forecast of this project."""
    return model.forecast(history, weeks)


def statsforecast(name: str, make: Callable[[Any], Any]) -> Callable[[History, int], Floats]:
    """Return a forecast by one of statsforecast's models, a model for each series."""

    def predict(history: History, weeks: int) -> Floats:
        from statsforecast import StatsForecast, models  # noqa: PLC0415 -- a peer, installed apart

        runner = StatsForecast(models=[make(models)], freq=7 * pd.offsets.Day(), n_jobs=-1)
        found = runner.forecast(df=long_table(history), h=weeks)
        return wide(found, name, history, weeks)

    return predict


def lightgbm(history: History, weeks: int) -> Floats:
    """Return a forecast by one LightGBM for all series, of the change to last year: lags, means, calendar and keys."""
    import lightgbm as lgb  # noqa: PLC0415 -- a peer, installed apart
    from mlforecast import MLForecast  # noqa: PLC0415
    from mlforecast.lag_transforms import RollingMean  # noqa: PLC0415
    from mlforecast.target_transforms import Differences, LocalStandardScaler  # noqa: PLC0415

    table = long_table(history)
    holidays = pd.Series(history.holidays, index=history.dates)
    table["unique_id"] = table["unique_id"].astype(int)
    table["holiday"] = table["ds"].map(holidays).astype(int)
    table["store"] = history.store[table["unique_id"]]
    table["dept"] = history.dept[table["unique_id"]]
    learner = lgb.LGBMRegressor(
        objective="l1", n_estimators=300, learning_rate=0.05, num_leaves=63, verbosity=-1, seed=1, deterministic=True
    )
    runner = MLForecast(
        models={"lgb": learner},
        freq=7 * pd.offsets.Day(),
        lags=[1, 2, 4, 8],
        lag_transforms={1: [RollingMean(8), RollingMean(26)]},
        date_features=["week", "month", "day"],
        target_transforms=[Differences([52]), LocalStandardScaler()],
    )
    runner.fit(table, static_features=["store", "dept"])
    coming = runner.make_future_dataframe(weeks)
    coming["holiday"] = coming["ds"].map(holidays).astype(int)
    return wide(runner.predict(weeks, X_df=coming), "lgb", history, weeks)


PEERS: dict[str, Callable[[History, int], Floats]] = {
    "retailstream": ours,
    "seasonal naive": backtesting.seasonal_naive,
    "statsforecast MSTL + AutoETS": statsforecast(
        "MSTL", lambda models: models.MSTL(season_length=52, trend_forecaster=models.AutoETS(model="ZZN"))
    ),
    "statsforecast DynamicOptimizedTheta": statsforecast(
        "DynamicOptimizedTheta", lambda models: models.DynamicOptimizedTheta(season_length=52)
    ),
    "statsforecast SeasonalExponentialSmoothing": statsforecast(
        "SeasonalES", lambda models: models.SeasonalExponentialSmoothing(season_length=52, alpha=0.5)
    ),
    "mlforecast LightGBM": lightgbm,
}


def main() -> None:
    """Print WMAE, ratio to seasonal naive and seconds of every peer on every cut."""
    warnings.simplefilter("ignore")
    history = history_of(*load(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
    for cut in CUTS:
        weeks = min(backtesting.LONGEST_TEST, history.weeks - cut)
        test = slice(cut, cut + weeks)
        naive = 0.0
        for name, predict in [("seasonal naive", PEERS["seasonal naive"]), *PEERS.items()]:
            clock = time.perf_counter()
            found = predict(history.until(cut), weeks)
            seconds = time.perf_counter() - clock
            distance = backtesting.wmae(history.sales[test], np.nan_to_num(found), history.holidays[test])
            if not naive:
                naive = distance
                continue
            print(f"{cut:4} {name:44} {distance:8.1f} {distance / naive:6.3f} {seconds:8.2f} s", flush=True)


if __name__ == "__main__":
    main()
