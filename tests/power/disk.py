"""A disk as it would be after its power was cut: what was synced is there, of all else any part may be.

Two file systems are played. A *journaled* one keeps changes of folders (a file made, renamed, removed) in the order they
were made, up to some point after the last one that a sync of its folder has asked for, as ext4 does, but without its
kindness of writing a file's data, or its name, with the data of another. A *plain* one has such a point for each folder
of its own. In both a file's bytes since its last sync may be lost, there in part, or zeros of the right length.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from tests.power.recording import Call

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from random import Random

    from tests.power.recording import Event

FileSystem = Literal["journaled", "plain"]
FILE_SYSTEMS: Final[tuple[FileSystem, ...]] = ("journaled", "plain")


@dataclass(eq=False)
class File:
    """A file: its bytes as of its last sync, and the writes (offset, bytes) and new lengths (length, None) since."""

    synced: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def changed(self, changes: Iterable[tuple[int, bytes | None]]) -> bytes:
        """Return the synced bytes with some of the changes since."""
        data = bytearray(self.synced)
        for at, written in changes:
            end = at if written is None else at + len(written)
            if written is None:
                del data[end:]
            data.extend(bytes(max(0, end - len(data))))
            if written is not None:
                data[at:end] = written
        return bytes(data)

    def sync(self) -> None:
        """Have the disk hold it."""
        self.synced, self.since = self.changed(self.since), []

    def left(self, random: Random) -> bytes:
        """Return what a cut may leave of it."""
        if not self.since:
            return self.synced
        match random.choice(("none", "all", "first", "some", "zeros")):
            case "none":
                return self.synced
            case "all":
                return self.changed(self.since)
            case "first":
                return self.changed(self.since[: random.randrange(len(self.since))])
            case "some":
                return self.changed([change for change in self.since if random.random() < 0.5])
            case _:
                return self.synced.ljust(len(self.changed(self.since)), b"\0")


Entries = dict[str, "File | Folder"]


@dataclass(eq=False)
class Folder:
    """A folder: its entries now, those that the disk surely holds, and the changes since, each with its number."""

    now: Entries = field(default_factory=dict)
    synced: Entries = field(default_factory=dict)
    since: list[tuple[int, dict[str, File | Folder | None]]] = field(default_factory=list)


class Disk:
    """The files below one folder of this machine, which calls are played on."""

    def __init__(self, before: Path, root: str) -> None:
        """Begin with the files of a folder, which calls know as `root`."""
        self._root = PurePosixPath(root)
        self._top = _loaded(before)
        self._open: dict[int, File | Folder] = {}
        self._changes = self._sure = 0

    def play(self, event: Event) -> None:
        """Have a call done."""
        match event.call:
            case Call.OPEN:
                self._opened(event)
            case Call.WRITE | Call.TRUNCATE:
                file = self._open[event.file]
                assert isinstance(file, File)
                file.since.append((event.at, event.data if event.call is Call.WRITE else None))
            case Call.RENAME:
                old, new = PurePosixPath(event.path), PurePosixPath(event.target)
                assert old.parent == new.parent, "a rename from folder to folder is not played"
                moved = self._folder(old).now[old.name]
                self._change(self._folder(old), {old.name: None, new.name: moved})
            case Call.UNLINK | Call.RMDIR | Call.MKDIR:
                path = PurePosixPath(event.path)
                self._change(self._folder(path), {path.name: Folder() if event.call is Call.MKDIR else None})
            case Call.SYNC:
                self._sync(self._open[event.file])
            case _:
                raise NotImplementedError(event.call.name)

    def cut(self, random: Random, kind: FileSystem, target: Path) -> None:
        """Write the files that a power cut now may leave into a new folder."""
        point = self._point(random, self._sure, self._changes)
        self._write(self._top, target, random, None if kind == "plain" else point)

    @staticmethod
    def _point(random: Random, first: int, last: int) -> int:
        """Return how many changes of folders last: the ends are the likeliest."""
        return random.choice((first, last, random.randint(first, last)))

    def _write(self, folder: Folder, target: Path, random: Random, point: int | None) -> None:
        target.mkdir()
        entries = dict(folder.synced)
        within = self._point(random, 0, len(folder.since))
        for place, (number, changes) in enumerate(folder.since):
            if place < within if point is None else number <= point:
                entries |= {name: entry for name, entry in changes.items() if entry is not None}
                for name in [name for name, entry in changes.items() if entry is None]:
                    entries.pop(name, None)
        for name, entry in entries.items():
            if isinstance(entry, Folder):
                self._write(entry, target / name, random, point)
            else:
                (target / name).write_bytes(entry.left(random))

    def _opened(self, event: Event) -> None:
        path = PurePosixPath(event.path)
        if path == self._root:
            self._open[event.file] = self._top
            return
        folder = self._folder(path)
        if path.name not in folder.now:
            self._change(folder, {path.name: File()})
        found = self._open[event.file] = folder.now[path.name]
        if event.at & os.O_TRUNC and isinstance(found, File):
            found.since.append((0, None))

    def _folder(self, path: PurePosixPath) -> Folder:
        """Return the folder that a path is in."""
        folder = self._top
        for name in path.relative_to(self._root).parts[:-1]:
            entry = folder.now[name]
            assert isinstance(entry, Folder)
            folder = entry
        return folder

    def _change(self, folder: Folder, changes: dict[str, File | Folder | None]) -> None:
        self._changes += 1
        for name, entry in changes.items():
            if entry is None:
                del folder.now[name]
            else:
                folder.now[name] = entry
        folder.since.append((self._changes, changes))

    def _sync(self, synced: File | Folder) -> None:
        if isinstance(synced, File):
            synced.sync()
            return
        if synced.since:
            self._sure = max(self._sure, synced.since[-1][0])
        synced.synced, synced.since = dict(synced.now), []


def _loaded(folder: Path) -> Folder:
    """Return a folder that the disk holds as it is."""
    entries: Entries = {
        path.name: _loaded(path) if path.is_dir() else File(path.read_bytes()) for path in folder.iterdir()
    }
    return Folder(dict(entries), entries)
