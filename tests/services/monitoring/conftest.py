from __future__ import annotations

from tests.services.monitoring.chain import shop
from tests.services.monitoring.watching import installed, watch

__all__ = ["installed", "shop", "watch"]
