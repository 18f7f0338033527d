"""A lake that is a folder: each object a file, appearing by rename."""

from __future__ import annotations

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retailstream.durable import make_folder, naming, replace, sync, sync_folders
from retailstream.errors import RetailStreamError
from retailstream.hashing import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PART = ".part"
"""The ending of a file being written; what a killed process leaves is overwritten by the next one."""

LONGEST: Final = 255
"""How many bytes a name may have in a folder."""

AT_ONCE: Final = 64
"""How many files are on their way at a time: a disk syncs many in little more time than one."""

TOGETHER: Final = 256
"""For how many files their folders are synced once."""


class FolderLake:
    """Objects are files below `root`, which is made when the first is stored."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def url(self) -> str:
        """The folder as a URL."""
        return self._root.absolute().as_uri()

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the bytes of each object below the prefix, by key."""
        folder = self._root / prefix.rpartition("/")[0]
        root = f"{self._root}{os.sep}"
        try:
            found = {
                entry.path.removeprefix(root).replace(os.sep, "/"): entry.stat().st_size for entry in _files(folder)
            }
        except OSError as error:
            place = error.filename or folder
            raise RetailStreamError(
                f"{place} cannot be listed: {error.strerror}", hint="retailstream doctor"
            ) from error
        return {key: found[key] for key in sorted(found, key=lambda key: key.split("/")) if key.startswith(prefix)}

    def put(self, key: str, path: Path) -> None:
        """Store a copy of the file's bytes durably, taking the place of what was there."""
        self.put_all([(key, path)])

    def put_all(self, files: Sequence[tuple[str, Path]]) -> None:
        """Store copies of files' bytes durably, many at a time, each taking the place of what was there."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda file: self._put(*file), files))
        self._sync_folders([key for key, _path in files])

    def add_all(self, files: Sequence[tuple[str, Path]]) -> Iterator[bool]:
        """Store copies of files under keys that are free, or hold those bytes; yield whether each was there, durably.

        Raises RetailStreamError where a key holds other bytes already.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for start in range(0, len(files), TOGETHER):
                some = files[start : start + TOGETHER]
                there = list(pool.map(lambda file: self._add(*file), some))
                self._sync_folders([key for (key, _path), added in zip(some, there, strict=True) if added])
                yield from there

    def fetch(self, key: str) -> Path:
        """Return the object's own file."""
        path = self._target(key)
        if not path.is_file():
            raise RetailStreamError(f"object '{key}' is missing in {self.url}", hint="retailstream doctor")
        return path

    def fetch_all(self, keys: Sequence[str]) -> list[Path]:
        """Return the objects' own files."""
        return [self.fetch(key) for key in keys]

    def drop_copies(self, keys: Iterable[str]) -> None:
        """Do nothing: what is fetched are the objects' own files."""

    def read(self, key: str) -> bytes | None:
        """Return a small object's bytes, or None where there is none."""
        target = self._target(key)
        try:
            with naming(target):
                return target.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes) -> None:
        """Store a small object durably, in one step."""
        target = self._target(key)
        make_folder(target.parent)
        part = _part(target)
        with naming(part):
            part.write_bytes(data)
        replace(part, target)
        self._sync_folders([key])

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, and the folders that they leave empty."""
        for key in keys:
            path = self._target(key)
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == self._root or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()

    def _put(self, key: str, path: Path) -> None:
        """Store a copy of the file's bytes; the disk holds them, but perhaps not their name, nor that of its folder."""
        target = self._target(key)
        part = _part(target)
        with naming(part):
            try:
                shutil.copyfile(path, part)
            except FileNotFoundError:
                make_folder(self._root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, part)
        sync(part)
        part.replace(target)

    def _sync_folders(self, keys: Iterable[str]) -> None:
        """Have the disk hold the names of objects, also in folders that a killed process made and did not sync."""
        found = {folder for key in keys for folder in self._target(key).parents if folder.is_relative_to(self._root)}
        sync_folders([*sorted(found, reverse=True), self._root.parent] if found else [])

    def _add(self, key: str, path: Path) -> bool:
        target = self._target(key)
        try:
            if target.exists() and sha256(target) != sha256(path):
                raise RetailStreamError(
                    f"object '{key}' in {self.url} is there already, with other bytes than {path}",
                    hint="each environment needs a raw folder of its own",
                )
            self._put(key, path)
        except FileNotFoundError:
            return False
        return True

    def _target(self, key: str) -> Path:
        return Path(self._root, key)


def _part(target: Path) -> Path:
    """Return where a file is written before it has its name; a name as long as names may be has no room for more."""
    name = target.name + PART
    if len(os.fsencode(name)) > LONGEST:
        name = hashlib.sha256(os.fsencode(target.name)).hexdigest() + PART
    return target.with_name(name)


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Yield the files below a folder, none where it is not there."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.is_file():
                yield entry
