"""What is damaged is made anew from what is before it: warehouse from database from clean from raw from the source.

Nothing is made by other means than the stages': what is damaged is marked, and its stage makes it anew. Decisions are
kept, as the memory has them. Of the raw files only those are touched that have not the bytes they landed with, if the
source has them.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retailstream import execution, stage_wiring, verification, wiring
from retailstream.adoption import adopt
from retailstream.contracts import CONTRACTS, FEATURES
from retailstream.errors import LockHeldError, RetailStreamError, TransientError
from retailstream.foreign import move_aside
from retailstream.integrity.damage import CLEAN, DATABASE, FEATURE_FILES, MEMORY, MOVE, RAW, REPAIR, WAREHOUSE
from retailstream.landing import last_merged
from retailstream.landings import Scope
from retailstream.publishing import PublishedTable, manifest_key
from retailstream.relanding import land_again
from retailstream.reports import RunWarning, StageReport, outcome
from retailstream.source_files import hashed, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retailstream.contracts import Contract
    from retailstream.execution import Entry, Request
    from retailstream.integrity import Damage
    from retailstream.ports import Table
    from retailstream.reports import Summary
    from retailstream.source_files import SourceFile
    from retailstream.wiring import Environment

log = logging.getLogger(__name__)

STAGE: Final = "repair"

ASIDE: Final = ".damaged"
"""The ending of a database file that was set aside."""

_ROUNDS: Final = 3
"""How often it is looked whether mending has shown more: a place, the next one, and the one behind that."""

BACKUP: Final = "put it into the source, or bring it or state.db back from a backup, then retailstream repair"


@dataclass
class Repair:
    """A repair in the making: what was found, what is left of it, and why stages could not make it anew."""

    env: Environment
    found: list[Damage]
    left: list[Damage] = field(default_factory=list)
    warnings: list[RunWarning] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    """A raw file that is lost for good, for each dataset that has one."""

    @property
    def mended(self) -> list[Damage]:
        """What is damaged no longer."""
        left = {(damage.place, damage.thing) for damage in self.left}
        return [damage for damage in self.found if (damage.place, damage.thing) not in left]

    def as_dict(self) -> Summary:
        """Return what came of it, as the JSON summary prints it."""
        told = {"damaged": self.found, "mended": self.mended, "left": self.left}
        return {name: [damage.as_dict() for damage in damages] for name, damages in told.items()} | {"why": self.why}


def repair(env: Environment, entry: Entry, request: Request) -> Repair:
    """Mend what can be mended, under the locks of the entry; a plan says what is damaged, and changes nothing."""
    repair = Repair(env, verification.look(env, deep=True).damages)
    if request.dry_run or not repair.found:
        repair.left = repair.found
        entry.report = StageReport(STAGE, outcome(dry_run=request.dry_run, changed=False))
        return repair
    entry.at_work = True
    for found in _rounds(repair):
        round_ = replace(repair, found=found)
        _move_aside(round_)
        _drop_manifests(round_)
        _land(round_)
        _mark(round_)
        _remake(round_, entry, request)
    repair.left = [_with_reason(damage) for damage in repair.left]
    status = outcome(dry_run=False, changed=bool(repair.mended))
    entry.report = StageReport(STAGE, status, warnings=tuple(repair.warnings))
    return repair


def _rounds(repair: Repair) -> Iterator[list[Damage]]:
    """Yield what is to be mended, round by round: what was hidden behind a damage shows once that is mended."""
    new = repair.found
    for _ in range(_ROUNDS):
        yield new
        repair.left = verification.look(repair.env, deep=True).damages
        new = [damage for damage in repair.left if damage not in repair.found]
        if not new:
            return
        repair.found = [*repair.found, *new]


def check_memory(env: Environment) -> None:
    """Raise RetailStreamError where the memory cannot be read at all: nothing can be mended without it."""
    try:
        env.memory.state.ask("select count(*) from landings")
    except TransientError:
        raise
    except RetailStreamError as error:
        raise RetailStreamError(
            f"without the memory nothing can be mended: {error.message}",
            hint="retailstream restore FILE brings it back from a backup",
        ) from error


def _move_aside(repair: Repair) -> None:
    """Take others' files out of the folders that readers of the warehouse look into; they are not ours to delete."""
    for damage in _of(repair, WAREHOUSE):
        if damage.mend == MOVE:
            with _opened(repair.env, damage.place) as table:
                lake = table(CONTRACTS[damage.dataset or ""]).lake
                place = move_aside(lake, damage.thing)
            text = f"'{damage.thing}' in {lake.url} is none of ours, and was moved to {place}"
            repair.warnings.append(RunWarning("set_aside", text))


def _drop_manifests(repair: Repair) -> None:
    """Take away manifests that nobody can read: their tables are then made anew, as if there had been none."""
    for damage in _of(repair, CLEAN, WAREHOUSE):
        contract = CONTRACTS[damage.dataset or ""]
        if damage.thing == manifest_key(contract):
            with _opened(repair.env, damage.place) as table:
                table(contract).lake.delete([damage.thing])


def _land(repair: Repair) -> None:
    """Read back what raw stores have and nothing remembers, and land again what they lost, if the source has it."""
    for scope, place in ((Scope.SALES_AND_STORES, RAW), (Scope.FEATURES, FEATURE_FILES)):
        forgotten = [damage for damage in _of(repair, MEMORY) if damage.dataset in scope.datasets]
        if not forgotten and not _of(repair, place):
            continue
        landings, lake, files = repair.env.books(scope).landings, repair.env.raw_lake(scope), _source(repair.env, scope)
        with stage_wiring.open_merged(repair.env, scope) as tables:
            merged = last_merged(tables)
        sizes = adopt(landings, lake, lake.sizes(""), files, merged=merged)
        again = land_again(landings, lake, files, deep=True, sizes=sizes)
        repair.warnings += again.warnings
        repair.lost.update((file.dataset, file.key) for file in reversed(again.lost))


def _source(env: Environment, scope: Scope) -> list[SourceFile]:
    """Return the files of the source that can be read; none where there is no source."""
    source, files = Path(env.settings.source.path), []
    for path in scan(source, scope.datasets).files if source.is_dir() else ():
        try:
            files.append(hashed(source, path))
        except RetailStreamError as error:
            log.warning("%s", error.message)
    return files


def _mark(repair: Repair) -> None:
    """Mark damaged tables, so that their stages make them anew; not those whose own raw files are lost."""
    for damage in _of(repair, CLEAN, DATABASE, WAREHOUSE):
        if damage.mend != REPAIR:
            continue
        if damage.dataset is None:
            _set_aside(repair)
            continue
        contract, from_raw = CONTRACTS[damage.dataset], damage.place == CLEAN or damage.dataset == FEATURES.name
        if from_raw and contract.name in repair.lost:
            lost = repair.lost[contract.name]
            why = f"{damage.place} {contract.name} is not made anew: raw file '{lost}' is lost"
            repair.why += [why] if why not in repair.why else []
        elif damage.place == DATABASE:
            with wiring.open_database(repair.env.settings.database.url, create=False) as database:
                database.doubt(contract)
        else:
            with _opened(repair.env, damage.place) as table:
                table(contract).doubt()


def _set_aside(repair: Repair) -> None:
    """Give a database file that SQLite cannot read another name: the next load makes a new one."""
    path = wiring.database_file(repair.env.settings.database.url)
    for ending in ("-wal", "-shm", ""):
        if (file := path.with_name(path.name + ending)).exists():
            file.replace(path.with_name(path.name + ASIDE + ending))
    text = f"database {path} was set aside as {path.name}{ASIDE}; answers that were saved in it are not made anew"
    repair.warnings.append(RunWarning("set_aside", text))


def _remake(repair: Repair, entry: Entry, request: Request) -> None:
    """Have the stages make anew what is marked, or lags behind; what one of them cannot is told."""
    with wiring.sharing_duckdb(repair.env) as env:
        for stage in _stages(repair):
            with execution.run_of(env, entry, request, stage_wiring.SCOPES[stage][0]) as run:
                try:
                    repair.warnings += stage_wiring.REMAKING[stage](env, run).warnings
                except (TransientError, LockHeldError):
                    raise
                except RetailStreamError as error:
                    why = f"{stage}: {execution.describe(error)}"
                    repair.why += [why] if why not in repair.why else []


def _stages(repair: Repair) -> list[str]:
    """Return the stages that have something to make anew, in their order."""
    places = MEMORY, CLEAN, DATABASE, WAREHOUSE
    datasets = {damage.dataset for damage in _of(repair, *places) if damage.mend != MOVE}
    scopes = {scope for scope in Scope if datasets & {None, *scope.datasets}}
    return [stage for stage in stage_wiring.REMAKING if stage_wiring.SCOPES[stage][0] in scopes]


def _of(repair: Repair, *places: str) -> list[Damage]:
    return [damage for damage in repair.found if damage.place in places]


@contextmanager
def _opened(env: Environment, place: str) -> Iterator[Callable[[Contract], Table]]:
    """Open the published tables of a place."""
    if place == WAREHOUSE:
        with wiring.open_warehouse(env.settings) as warehouse:
            yield warehouse.table
        return
    yield partial(PublishedTable, env.clean_lake())


def _with_reason(damage: Damage) -> Damage:
    if damage.place in {RAW, FEATURE_FILES}:
        return replace(damage, state=f"{damage.state}, and no file of the source has those bytes", mend=BACKUP)
    return damage
