"""A lake that is a folder of HDFS: each object a file, appearing by rename.

Which cluster a name stands for, who we are and how files are kept is what Hadoop's own settings say (HADOOP_CONF_DIR,
HADOOP_USER_NAME, Kerberos tickets). What is fetched is kept as a local copy, which counts as long as the file has the
time and length that it was copied with. See docs/adr/0021-files-of-hdfs.md.
"""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from retailstream.adapters.lake.copies import Copies
from retailstream.adapters.lake.hdfs_errors import AbsentError, TakenError
from retailstream.adapters.lake.hdfs_files import ASIDE, HdfsFiles, version
from retailstream.durable import naming
from retailstream.errors import RetailStreamError
from retailstream.hashing import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from retailstream.adapters.lake.copies import Download
    from retailstream.adapters.lake.hdfs_files import Cluster

AT_ONCE: Final = 32
"""How many objects are on their way at a time: the driver asks a NameNode that is slow by a millisecond whether a file
is complete, and once more after half a second."""


def open_hdfs(place: str, copies: Path, cluster: Cluster) -> HdfsLake:
    """Return the lake of `host:port/folder`, with a folder for copies; nothing is connected yet."""
    authority, _, folder = place.partition("/")
    root = f"/{folder.strip('/')}".rstrip("/")
    return HdfsLake(HdfsFiles(authority, root, cluster), Copies(copies, f"hdfs://{authority}{root}"))


class HdfsLake:
    """Objects below one folder, which is made when the first is stored."""

    def __init__(self, files: HdfsFiles, copies: Copies) -> None:
        self._files = files
        self._copies = copies

    @property
    def url(self) -> str:
        """The folder as a URL."""
        return self._files.url

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the bytes of each object below the prefix, by key."""
        start = len(self._files.root) + 1
        aside = f"{self._files.root}/{ASIDE}/"
        found = {
            _key(str(file.path)[start:]): int(file.length)
            for file in self._files.listing(self._path(prefix.rpartition("/")[0]))
            if not file.path.startswith(aside)
        }
        return {key: found[key] for key in sorted(found) if key.startswith(prefix)}

    def put(self, key: str, path: Path) -> None:
        """Store a copy of the file's bytes durably, taking the place of what was there."""
        with naming(path), path.open("rb") as stream:
            self._files.store(self._path(key), stream, replace=True)

    def put_all(self, files: Sequence[tuple[str, Path]]) -> None:
        """Store copies of files' bytes, many at a time, each taking the place of what was there."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda file: self.put(*file), files))

    def add_all(self, files: Sequence[tuple[str, Path]]) -> Iterator[bool]:
        """Store copies of files under keys that are free, many at a time; yield whether each file was there.

        Raises RetailStreamError where a key holds other bytes already.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(lambda file: self._add(*file), files)

    def fetch(self, key: str) -> Path:
        """Return a local copy of the object as it is now."""
        kept = self._copies.newest(key)
        found = self._files.status(self._path(key))
        if kept and found and version(found) == kept.version:
            return kept.path
        try:
            copy: Path = self._files.download(self._path(key), lambda download: self._copies.keep(key, download))
        except AbsentError:
            raise RetailStreamError(f"object '{key}' is missing in {self.url}", hint="retailstream doctor") from None
        return copy

    def fetch_all(self, keys: Sequence[str]) -> list[Path]:
        """Return local copies of objects as they are now."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.fetch, keys))

    def drop_copies(self, keys: Iterable[str]) -> None:
        """Take away the local copies of objects, so that they are fetched anew."""
        for key in keys:
            self._copies.drop(key)

    def read(self, key: str) -> bytes | None:
        """Return a small object's bytes, or None where there is none."""
        try:
            data: bytes = self._files.download(self._path(key), _joined)
        except AbsentError:
            return None
        return data

    def write(self, key: str, data: bytes) -> None:
        """Store a small object durably, in one step."""
        self._files.store(self._path(key), io.BytesIO(data), replace=True)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, and the folders that they leave empty."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda key: self._files.remove(self._path(key)), keys))

    def _add(self, key: str, path: Path) -> bool:
        try:
            with naming(path), path.open("rb") as stream:
                self._files.store(self._path(key), stream, replace=False)
        except FileNotFoundError:
            return False
        except TakenError:
            if sha256(self.fetch(key)) != sha256(path):
                raise RetailStreamError(
                    f"object '{key}' in {self.url} is there already, with other bytes than {path}",
                    hint="each environment needs a raw folder of its own",
                ) from None
        return True

    def _path(self, key: str) -> str:
        """Return the path of a key: HDFS takes every character but the colon.

        `"a:b 5%"` → `"/root/a%3Ab 5%25"`
        """
        return f"{self._files.root}/{key.replace('%', '%25').replace(':', '%3A')}".rstrip("/") or "/"


def _key(path: str) -> str:
    return path.replace("%3A", ":").replace("%25", "%")


def _joined(download: Download) -> bytes:
    return b"".join(download.chunks)
