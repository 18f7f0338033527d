"""A backup put back in place: unpacked beside it and verified first, then moved there; what was there is set aside.

While things are moved, a folder says so, and no other command takes what belongs to two times for an environment. The
memory comes last, as it is what the rest is judged by.
"""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from retailstream import durable, stage_wiring
from retailstream.adapters.state.copying import copy_to, is_empty, replace_by
from retailstream.archives import damaged, remove, unpack
from retailstream.errors import UsageError
from retailstream.homes import DATABASE, LANDED, MADE, MEMORY, RESTORING, parts_of
from retailstream.ledger import begun
from retailstream.locks import TABLES, Holder
from retailstream.reports import RunWarning
from retailstream.stages import TABLE

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.archives import Index
    from retailstream.reports import Summary
    from retailstream.wiring import Environment

UNPACKED: Final = ".unpacked"
"""A folder of the home with what a restore has not verified yet."""

_JOURNALS: Final = ("-wal", "-shm")

log = logging.getLogger(__name__)


@dataclass
class Restored:
    """What was put in place, by part; where what was there before is now; and what the operator should know."""

    index: Index
    files: dict[str, int] = field(default_factory=dict)
    aside: Path | None = None
    warnings: list[RunWarning] = field(default_factory=list)

    def as_dict(self) -> Summary:
        """Return what the summary has of it."""
        return {
            "parts": self.files,
            "made_at": self.index.made_at,
            "set_aside": str(self.aside) if self.aside else None,
            "warnings": [warning.as_dict() for warning in self.warnings],
        }


STAGE: Final = "restore-backup"
"""What the ledger calls it; the plain word is that of `quarantine restore`."""


def restore(env: Environment, file: Path, summary: Summary, *, force: bool, memory_only: bool) -> Restored:
    """Put a backup in place of an environment, and enter that into its ledger with a summary, which is completed.

    Raises UsageError where something is there already and `force` does not ask for it to be set aside, or where the
    settings have a part elsewhere; RetailStreamError for a file that is no sound backup. Nothing was changed then.
    """
    clock, at = time.monotonic(), summary["started_at"]
    with env.memory.hold((*stage_wiring.SCOPES["run"], TABLES), Holder(summary["run_id"], STAGE, at)):
        done = _restore(env, file, force=force, memory_only=memory_only, at=at)
        env.ledger.mark_killed([*stage_wiring.SCOPES, TABLE])
        run = env.memory.enter(begun(summary["run_id"], STAGE, at, env.loaded.hash))
        summary |= done.as_dict() | {"outputs": [str(env.home)], "seconds": round(time.monotonic() - clock, 3)}
        ended_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        env.memory.close(run.closed(ended_at=ended_at, summary=summary, inputs=(), exit_code=0))
    return done


def _restore(env: Environment, file: Path, *, force: bool, memory_only: bool, at: str) -> Restored:
    unpacked = env.home / UNPACKED
    remove(unpacked)
    unpacked.mkdir(parents=True, mode=0o700)
    try:
        index = unpack(file, unpacked)
        targets = _targets(env, file, unpacked, memory_only=memory_only)
        _refuse_occupied(env, targets, force=force)
        done = Restored(index)
        for member in index.members:
            part = member.name.split("/")[0]
            if part in targets:
                done.files[part] = done.files.get(part, 0) + 1
        remove(env.home / RESTORING)
        unpacked.rename(env.home / RESTORING)
        durable.sync_folders([env.home])
    finally:
        remove(unpacked)
    _put_in_place(env, targets, done, at)
    _tell_later_landings(env, targets, done)
    for warning in done.warnings:
        log.warning("%s", warning.text)
    return done


def _targets(env: Environment, file: Path, unpacked: Path, *, memory_only: bool) -> dict[str, Path]:
    """Return where each part goes, those that are only to make way included; the memory last."""
    if not (unpacked / MEMORY).is_file():
        raise damaged(file, "it has no memory")
    if memory_only:
        return {MEMORY: env.home / MEMORY}
    parts = parts_of(env.home, env.settings)
    for path in sorted(unpacked.iterdir()):
        if path.name == MEMORY:
            continue
        part = parts.get(path.name)
        if part is None:
            raise damaged(file, f"it holds '{path.name}', which is no part of an environment")
        if part.path is None:
            raise UsageError(
                f"the backup has what belongs to {part.setting}, which is not in the home but {part.url}",
                hint="restore it with settings as they were, or only its memory with --memory-only",
            )
    local = {name: part.path for name in (*LANDED, *MADE, DATABASE) if (part := parts[name]).path}
    return {**local, MEMORY: env.home / MEMORY}


def _refuse_occupied(env: Environment, targets: dict[str, Path], *, force: bool) -> None:
    there = [path for path in targets.values() if path.is_file() or (path.is_dir() and any(path.iterdir()))]
    named = str(there[0]) if there else "its memory on the server"
    if not force and (there or (_is_remote(env) and not is_empty(env.memory.state))):
        raise UsageError(
            f"the environment is not empty: {named} is there",
            hint="--force sets what is there aside, and deletes nothing",
        )


def _put_in_place(env: Environment, targets: dict[str, Path], done: Restored, at: str) -> None:
    """Move each part to its place, and what is there aside, which is found again where this is stopped."""
    waiting, aside = env.home / RESTORING, _new_folder(env.home, at)
    for name, target in targets.items():
        if name == MEMORY and _is_remote(env):
            _replace_memory(env, waiting / MEMORY, aside)
            continue
        for path in (target, *(target.with_name(target.name + ending) for ending in _JOURNALS)):
            if path.exists():
                _move(path, aside / _within(env, path))
        if (waiting / name).exists():
            _move(waiting / name, target)
    done.aside = aside if aside.exists() else None
    durable.sync_folders([env.home])
    remove(waiting)


def _within(env: Environment, path: Path) -> Path:
    return path.absolute().relative_to(env.home.absolute())


def _is_remote(env: Environment) -> bool:
    return env.settings.database.url.startswith("mysql")


def _replace_memory(env: Environment, new: Path, aside: Path) -> None:
    """Replace the memory on a server; the one that was there is kept as a file."""
    if not is_empty(env.memory.state):
        aside.mkdir(parents=True, exist_ok=True)
        copy_to(env.memory.state, aside / MEMORY)
    replace_by(env.memory.state, new)


def _new_folder(home: Path, at: str) -> Path:
    """Return a folder of the home that is not there yet, named by the time: `before-restore-20261129T124500`."""
    stem = "before-restore-" + at[:19].replace("-", "").replace(":", "")
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    return next(path for path in map(home.joinpath, names) if not path.exists())


def _move(source: Path, target: Path) -> None:
    durable.make_folder(target.parent)
    shutil.move(source, target)
    durable.sync_folders([target.parent, source.parent])


def _tell_later_landings(env: Environment, targets: dict[str, Path], done: Restored) -> None:
    """Warn of raw files that landed after the backup, which are set aside now: the source may have them no more."""
    if done.aside is None:
        return
    listed = {member.name for member in done.index.members}
    for part in (name for name in LANDED if name in targets):
        folder = done.aside / _within(env, targets[part])
        keys = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        later = [key for key in keys if f"{part}/{key}" not in listed]
        if later:
            some = f"{len(later):,} of the files in {folder} are not in the backup, such as {min(later)}"
            again = f"the next run lands those that the source has; for others: retailstream run --source {folder}"
            done.warnings.append(RunWarning("landed_since", f"{some}; {again}"))
