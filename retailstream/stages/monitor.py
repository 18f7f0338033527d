"""The health of an environment in one look: do the stores agree, is the data good and fresh, did the runs end well."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from retailstream.health import Check, Health
from retailstream.health.dating import date_rows, far_dates, missing_stores
from retailstream.health.foreign import foreign
from retailstream.health.history import landings, last_runs, rejects, unread, warnings
from retailstream.health.landed import known_landings, landed_files
from retailstream.health.quality import look_into, orphans
from retailstream.health.reconciliation import reconcile
from retailstream.health.stock import take_stock
from retailstream.stages import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retailstream.health import Limits
    from retailstream.health.stock import Stores
    from retailstream.ledger import Ledger
    from retailstream.metrics import Sample
    from retailstream.ports import Engine
    from retailstream.quarantine import Quarantine

STAGE = "monitor"


def run(*, stores: Stores, engine: Engine, ledger: Ledger, quarantine: Quarantine, limits: Limits, now: str) -> Health:
    """Return every check; it reads all rows of the three stores once, and writes nothing."""
    stock = take_stock(stores, engine)
    dated = date_rows(stock.files, engine, limits, today=datetime.fromisoformat(now).date())
    parts: Iterable[Iterable[Check | Sample]] = (
        reconcile(stock),
        [orphans(stock.files, limits.orphan_stores)],
        rejects(ledger, quarantine, limits.rejects),
        look_into(dated.profiles, limits, now=now),
        missing_stores(stock.files, dated, engine, limits.missing_stores),
        [far_dates(dated, limits)],
        known_landings(stock.files, stores.raw, engine),
        landed_files(stores.raw),
        [foreign(stores.warehouse)],
        landings(ledger, limits.landing_days, now=now),
        last_runs(ORDER, ledger, limits.slowdown),
        [unread(ledger)],
        [warnings(ORDER, ledger)],
    )
    found = list(chain.from_iterable(parts))
    checks = [item for item in found if isinstance(item, Check)]
    return Health(checks, [item for item in found if not isinstance(item, Check)], now)
