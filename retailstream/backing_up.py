"""A backup of an environment, consistent while runs go on: it takes no lock, and waits for nobody.

The order makes it so. Published tables come first, each as one version of it; then the memory of one moment, which has
noted every landing of those versions; then the raw files that the memory names, which are never changed. A later run
finds a log that is at most ahead of the tables, as after any merge that is pending.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from retailstream.adapters.database.sqlite_connection import connected
from retailstream.adapters.lake.folder import PART, FolderLake
from retailstream.adapters.state.copying import copy_sqlite, copy_to
from retailstream.adapters.state.sqlite import open_sqlite_state
from retailstream.archives import writing
from retailstream.durable import naming
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.homes import DATABASE, LANDED, MADE, MEMORY, parts_of
from retailstream.landings import LandingLog, Scope
from retailstream.publishing import MANIFEST
from retailstream.reports import RunWarning

if TYPE_CHECKING:
    from retailstream.archives import Archive
    from retailstream.homes import Part
    from retailstream.landings import Landed
    from retailstream.reports import Summary
    from retailstream.wiring import Environment

PATIENCE: Final = 20
"""How often a table is read anew because a run has published another version meanwhile."""

_SCOPES: Final = {"raw": Scope.SALES_AND_STORES, "features": Scope.FEATURES}

log = logging.getLogger(__name__)


@dataclass
class Backup:
    """What a backup holds, by part; what it does not, and why; and what the operator should know."""

    files: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    elsewhere: list[Part] = field(default_factory=list)
    made_again: list[str] = field(default_factory=list)
    warnings: list[RunWarning] = field(default_factory=list)

    def as_dict(self) -> Summary:
        """Return what the summary has of it."""
        return {
            "bytes": self.bytes,
            "parts": self.files,
            "made_again": self.made_again,
            "elsewhere": [part.as_dict() for part in self.elsewhere],
            "warnings": [warning.as_dict() for warning in self.warnings],
        }


def back_up(env: Environment, file: Path, *, whole: bool, made_at: str) -> Backup:
    """Write a backup to a file, in the place of one that is there: all that cannot be made again, or all there is.

    Raises UsageError for a file that cannot be one, RetailStreamError where there is nothing, or the memory is damaged.
    """
    if file.absolute().is_relative_to(env.home.absolute()):
        raise UsageError(f"{file} lies in the home, and would be lost with it", hint="name a file elsewhere")
    parts, done = parts_of(env.home, env.settings), Backup()
    done.elsewhere = [part for part in parts.values() if part.path is None]
    made = {name: part.path for name, part in parts.items() if name not in LANDED and part.path}
    with (
        writing(file, made_at=made_at, whole=whole) as archive,
        TemporaryDirectory(dir=file.absolute().parent, prefix=".retailstream-") as scratch,
    ):
        if whole:
            for name in MADE:
                _add_tables(archive, name, made.get(name), done)
            _add_database(archive, made.get(DATABASE), Path(scratch))
        else:
            done.made_again = list(made)
        landed = {name: path for name in LANDED if (path := parts[name].path)}
        before = {name: _objects(path) for name, path in landed.items()}
        _add_memory(env, archive, Path(scratch))
        known = {name: _known(Path(scratch), scope) for name, scope in _SCOPES.items()}
        for name, path in landed.items():
            _add_landed(archive, name, path, before[name], known[name], done)
        if set(archive.members) == {MEMORY} and not any(found.files for found in known.values()):
            raise RetailStreamError(f"there is nothing to back up in {env.home}", hint="retailstream run")
        for member in archive.members.values():
            part = member.name.split("/")[0]
            done.files[part] = done.files.get(part, 0) + 1
            done.bytes += member.bytes
    for warning in done.warnings:
        log.warning("%s", warning.text)
    return done


def _add_memory(env: Environment, archive: Archive, scratch: Path) -> None:
    copy_to(env.memory.state, scratch / MEMORY)
    archive.add(MEMORY, scratch / MEMORY)


def _add_database(archive: Archive, path: Path | None, scratch: Path) -> None:
    if path is None or not path.is_file():
        return
    with connected(path, create=False) as connection:
        copy_sqlite(connection, scratch / DATABASE)
    archive.add(DATABASE, scratch / DATABASE)


@dataclass(frozen=True)
class _Known:
    """The landed files that the copy of the memory knows, and which landing is not complete yet."""

    files: list[Landed]
    unfinished: int | None


def _known(scratch: Path, scope: Scope) -> _Known:
    with open_sqlite_state(scratch / MEMORY) as copy:
        log = LandingLog(copy, scope)
        return _Known(log.files(), log.unfinished())


def _objects(folder: Path) -> set[str]:
    return {key for key in FolderLake(folder).sizes("") if not key.endswith(PART)}


def _add_landed(archive: Archive, part: str, folder: Path, before: set[str], known: _Known, done: Backup) -> None:
    """Add the files that the memory knows, and those that lay there before it was asked; none that came later."""
    expected = {file.key: file for file in known.files}
    for key in sorted(before | set(expected)):
        file = expected.get(key)
        try:
            member = archive.add(f"{part}/{key}", folder / key)
        except FileNotFoundError:
            if file and file.landing != known.unfinished:
                done.warnings.append(_warning("missing_raw", "is missing", file))
            continue
        if file and file.landing != known.unfinished and member.sha256 != file.sha256:
            done.warnings.append(_warning("damaged_raw", "no longer has the bytes it landed with", file))


def _warning(code: str, what: str, file: Landed) -> RunWarning:
    return RunWarning(code, f"{file.key} {what}; the backup has it so", file.dataset, file.file)


def _add_tables(archive: Archive, part: str, folder: Path | None, done: Backup) -> None:
    """Add each published table as one version: the files that its manifest names, and then the manifest."""
    if folder is None:
        return
    for key in sorted(key for key in FolderLake(folder).sizes("") if key.endswith(f"/{MANIFEST}")):
        for _attempt in range(PATIENCE):
            if _add_version(archive, part, folder, key, done):
                break
        else:
            raise TransientError(f"{folder / key} changes all the time", hint="run the same command again")


def _add_version(archive: Archive, part: str, folder: Path, key: str, done: Backup) -> bool:
    """Add what a manifest names; say whether that was all there, or the manifest has changed meanwhile."""
    try:
        with naming(folder / key):
            data = (folder / key).read_bytes()
        partitions: dict[str, Any] = json.loads(data)["partitions"]
        files = {partition["file"]: partition["sha256"] for partition in partitions.values()}
    except (ValueError, KeyError, TypeError, AttributeError, FileNotFoundError) as error:
        done.warnings.append(RunWarning("damaged_table", f"{part}/{key} cannot be read ({error}); run makes it again"))
        return True
    for file, digest in files.items():
        if f"{part}/{file}" in archive.members:
            continue
        try:
            member = archive.add(f"{part}/{file}", folder / file)
        except FileNotFoundError:
            if (folder / key).read_bytes() != data:
                return False
            text = f"{part}/{file} is missing; run makes it again"
            done.warnings.append(RunWarning("damaged_table", text))
            continue
        if member.sha256 != digest:
            done.warnings.append(RunWarning("damaged_table", f"{part}/{file} is damaged; the backup has it so"))
    archive.add_bytes(f"{part}/{key}", data)
    return True
