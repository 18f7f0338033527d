"""The forecast: what every department of every store will sell, how sure that is, and how good it was before."""

from retailstream.analytics.forecast.backtesting import Fold, backtest
from retailstream.analytics.forecast.forecasting import Forecast, forecast
from retailstream.analytics.forecast.history import Features, Sales

__all__ = ["Features", "Fold", "Forecast", "Sales", "backtest", "forecast"]
