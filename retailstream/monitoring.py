"""The health of an environment with its adapters, and the figures that are told of it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from retailstream import metrics, wiring
from retailstream.health import Limits, history
from retailstream.health.limits import parse_nulls, parse_share
from retailstream.health.stock import Stores
from retailstream.landing import RawStore
from retailstream.landings import Scope
from retailstream.stages import monitor

if TYPE_CHECKING:
    from retailstream.health import Health
    from retailstream.metrics import Sample
    from retailstream.wiring import Environment


def look(env: Environment) -> Health:
    """Return the health of an environment."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(TemporaryDirectory()), "engine")
        engine = stack.enter_context(wiring.open_engine(env.settings, work, env.duckdb))
        stores = Stores(
            env.clean_lake(),
            stack.enter_context(wiring.open_database(env.settings.database.url, create=False)),
            stack.enter_context(wiring.open_warehouse(env.settings)),
            tuple(RawStore(env.books(scope).landings, env.raw_lake(scope)) for scope in Scope),
        )
        return monitor.run(
            stores=stores,
            engine=engine,
            ledger=env.ledger,
            quarantine=env.quarantine,
            limits=_limits(env),
            now=metrics.now(),
        )


def run_figures(env: Environment) -> dict[str, list[Sample]]:
    """Return the figures of the last run of each stage, as the ledger has them."""
    return dict(history.run_figures(env.ledger))


def tell_health(env: Environment, found: Health) -> None:
    """Tell the figures of a look, and what business asks for; a look of any command is one of `monitor`."""
    env.telemetry.tell(monitor.STAGE, lambda: health_figures(env, found))


def health_figures(env: Environment, found: Health) -> list[Sample]:
    """Return the figures of a look, and those of the newest week."""
    from retailstream.analytics.figures import business  # noqa: PLC0415 -- only those who tell figures need it

    with wiring.open_warehouse(env.settings) as warehouse:
        return [*found.samples(), *warehouse.ask(business)]


def _limits(env: Environment) -> Limits:
    quality = env.settings.quality
    return Limits(
        rejects=env.limit,
        orphan_stores=quality.max_orphan_stores,
        nulls=parse_nulls(quality.max_nulls),
        volume_change=parse_share(quality.max_volume_change) if quality.max_volume_change else None,
        landing_days=quality.max_landing_age_days or None,
        week_days=quality.max_week_age_days or None,
        slowdown=env.settings.monitoring.max_slowdown or None,
        missing_stores=quality.max_missing_stores,
        gap_days=quality.max_date_gap_days or None,
        future_days=quality.max_future_days,
    )
