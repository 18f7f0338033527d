"""Backups as one file: a tar whose last member lists the others with their digests.

The list comes last because digests are known only when all was read; so an archive that was cut anywhere has none.
Nothing of an archive is believed before every listed digest was compared.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import zlib
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import mkstemp
from typing import IO, TYPE_CHECKING, Any, Final

from retailstream import durable
from retailstream.durable import naming
from retailstream.errors import RetailStreamError, UsageError
from retailstream.targets import check_file
from retailstream.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT: Final = 1

INDEX: Final = "backup.json"
"""The last member: what the backup is, and what is in it."""

_PIECE: Final = 1 << 20


@dataclass(frozen=True)
class Member:
    """A file of a backup: its name within it, the SHA-256 of its bytes, and how many they are."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Index:
    """What a backup says of itself: its format, who made it when and how, and its files."""

    format: int
    version: str
    made_at: str
    whole: bool
    members: tuple[Member, ...]


class Archive:
    """A backup that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.members: dict[str, Member] = {}
        self._tar = tar

    def add(self, name: str, path: Path) -> Member:
        """Add a file's bytes under a name; FileNotFoundError, and nothing was added, where it is gone."""
        with naming(path), path.open("rb") as stream:
            return self._add(name, stream, os.fstat(stream.fileno()).st_size)

    def add_bytes(self, name: str, data: bytes) -> Member:
        """Add bytes under a name."""
        return self._add(name, BytesIO(data), len(data))

    def _add(self, name: str, stream: IO[bytes], size: int) -> Member:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        read = _Hashing(stream)
        self._tar.addfile(member, read)
        self.members[name] = Member(name, read.digest.hexdigest(), size)
        return self.members[name]


class _Hashing:
    """A stream that works out the digest of what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.digest.update(data)
        return data


@contextmanager
def writing(path: Path, *, made_at: str, whole: bool) -> Iterator[Archive]:
    """Write a backup that only its owner can read, beside its place; it takes it when it is whole and on the disk."""
    check_target(path)
    handle, name = mkstemp(dir=path.absolute().parent, prefix=".retailstream-", suffix=".part")
    try:
        with (
            naming(path),
            os.fdopen(handle, "wb") as file,
            _packed(file, path) as packed,
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            archive = Archive(tar)
            yield archive
            index = Index(FORMAT, __version__, made_at, whole, tuple(archive.members.values()))
            archive.add_bytes(INDEX, json.dumps(asdict(index), indent=1).encode() + b"\n")
        durable.replace(Path(name), path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def check_target(path: Path) -> None:
    """Raise UsageError where no backup can be written at that path."""
    if path.name.endswith((".zst", ".bz2", ".xz")):
        raise UsageError(f"the backup {path} has an ending that is not known", hint="name it .tar, .tar.gz or .tgz")
    check_file(path, "the backup")


@contextmanager
def _packed(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if not path.name.endswith((".gz", ".tgz")):
        yield file
        return
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
        yield packed  # type: ignore[misc]  # a GzipFile is one


def unpack(path: Path, folder: Path) -> Index:
    """Unpack a backup into an empty folder, durably, and return what it is, once every byte was found as listed.

    RetailStreamError for no backup, a damaged or cut one, one that would leave the folder, or that of a newer version.
    """
    with naming(path):
        found = _members(path, folder)
    index = _index(path, folder)
    for expected in index.members:
        if found.get(expected.name) != expected:
            raise damaged(path, f"'{expected.name}' is not what was put into it")
    for name in {INDEX, *found} - {member.name for member in index.members}:
        (folder / name).unlink()
    durable.sync_folders(path for path in (folder, *folder.rglob("*")) if path.is_dir())
    return index


def _members(path: Path, folder: Path) -> dict[str, Member]:
    """Unpack what a backup holds into a folder, and return it."""
    found: dict[str, Member] = {}
    try:
        with tarfile.open(path, "r:*") as tar:
            for member in tar:
                name = _checked(path, member, found)
                stream = tar.extractfile(member)
                if stream is not None:
                    found[name] = _written(name, stream, folder / name)
    except FileNotFoundError as error:
        raise UsageError(f"the backup {path} is missing") from error
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, FileExistsError, NotADirectoryError) as error:
        raise damaged(path, str(error)) from error
    return found


def _checked(path: Path, member: tarfile.TarInfo, found: dict[str, Member]) -> str:
    """Return the name of a member that is a plain file within its folder, and comes once."""
    steps = member.name.split("/")
    safe = member.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and not {"", ".", ".."} & set(steps)
    if not safe or PurePosixPath(member.name).is_absolute() or "\0" in member.name or member.name in found:
        raise damaged(path, f"it holds '{member.name}', which no backup does")
    return member.name


def _written(name: str, stream: IO[bytes], target: Path) -> Member:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with naming(target), target.open("xb") as file:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += file.write(piece)
    durable.sync(target)
    return Member(name, digest.hexdigest(), size)


def _index(path: Path, folder: Path) -> Index:
    try:
        document: dict[str, Any] = json.loads((folder / INDEX).read_bytes())
        if document["format"] > FORMAT:
            raise RetailStreamError(
                f"the backup {path} was written by a newer retailstream (format {document['format']}; this one knows"
                f" {FORMAT})",
                hint="upgrade retailstream; nothing was changed",
            )
        members = tuple(Member(**member) for member in document.pop("members"))
        return Index(members=members, **document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"it has no {INDEX} at its end") from error


def damaged(path: Path, why: str) -> RetailStreamError:
    """Return the error of a backup that cannot be trusted."""
    return RetailStreamError(f"the backup {path} is damaged: {why}", hint="nothing was changed; take another backup")


def remove(folder: Path) -> None:
    """Remove a folder of unpacked copies, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
