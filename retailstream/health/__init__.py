from retailstream.health.checks import Check, Health, State, healthy
from retailstream.health.limits import Limits

__all__ = ["Check", "Health", "Limits", "State", "healthy"]
