from retailstream.settings.layers import home_of, variable_of
from retailstream.settings.loading import Loaded, Value, load
from retailstream.settings.tree import HOME, Analyze, Settings, Warehouse

__all__ = ["HOME", "Analyze", "Loaded", "Settings", "Value", "Warehouse", "home_of", "load", "variable_of"]
