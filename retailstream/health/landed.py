"""Whether landed files are still there, and whether every row leads back to one (ADR 35)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.contracts import FEATURES, SALES, STORES
from retailstream.enumerating import named
from retailstream.errors import RetailStreamError, TransientError
from retailstream.health.checks import Check
from retailstream.health.stock import Held
from retailstream.landings import Scope
from retailstream.lost_landings import WAY_OUT, told, unknown_files
from retailstream.relanding import damaged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.health.stock import Files
    from retailstream.landing import RawStore
    from retailstream.landings import LandingLog
    from retailstream.ports import Engine

_CHECKS: Final = {Scope.SALES_AND_STORES: "raw_files", Scope.FEATURES: "feature_files"}

_PLACES: Final = {SALES.name: "clean sales", STORES.name: "clean stores", FEATURES.name: "warehouse features"}
"""The tables that a merge publishes."""


def landed_files(stores: Sequence[RawStore]) -> Iterator[Check]:
    """Tell the landed files that a raw store has not any more, or has with another length; none of them is read."""
    for raw in stores:
        name, limit, count = _CHECKS[raw.log.scope], "every landed file", len(raw.log.files())
        try:
            wrong = damaged(raw.log, raw.lake, deep=False)
        except TransientError:
            raise
        except RetailStreamError as error:
            yield Check(name, error.message, limit, "fail", hint=error.hint)
            continue
        value = f"{len(wrong):,} of {count:,} missing or of another length" if wrong else f"{count:,} files"
        hint = (
            f"{named([file.key for file in wrong])} in {raw.lake.url}: retailstream run lands again what the source"
            " still has; bring back the others from a backup"
        )
        yield Check(name, value, limit, "fail" if wrong else "ok", measure=len(wrong), hint=hint)


def known_landings(files: Files, stores: Sequence[RawStore], engine: Engine) -> Iterator[Check]:
    """Tell tables that reach beyond the landings that are known, or have rows of others; nothing of a damaged one."""
    for raw in stores:
        for dataset in raw.log.scope.datasets:
            held = files.tables[_PLACES[dataset]]
            if isinstance(held, Held):
                yield _known(dataset, held, raw.log, engine)


def _known(dataset: str, held: Held, log: LandingLog, engine: Engine) -> Check:
    name, last = f"landings_{dataset}", log.last()
    limit = f"landing {last} or before"
    unknown = unknown_files(log, dataset, engine.origins(held.paths))
    if held.landing > last:
        hint = (
            "retailstream run finds the landings that the raw store still has, and numbers the next above all of them"
        )
        return Check(name, f"landing {held.landing}", limit, "fail", measure=held.landing - last, hint=hint)
    if unknown:
        value = f"{told(unknown)}, not known to be landed"
        return Check(name, value, limit, "fail", measure=sum(unknown.values()), hint=WAY_OUT)
    return Check(name, f"landing {held.landing}", limit, "ok", measure=0)
