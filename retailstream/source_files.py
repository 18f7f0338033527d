"""The files that stores have dropped: which are new, and which are none of ours."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from retailstream.contracts import CONTRACTS, SALES
from retailstream.errors import RetailStreamError, UsageError
from retailstream.hashing import sha256
from retailstream.landings import file_order
from retailstream.reports import RunWarning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

ENDINGS = (".csv", ".csv.gz")

SETTLED_NS: Final = 2 * 10**9
"""A file that was changed more lately may be changed again at what its file system takes for the same moment."""


class Stamp(NamedTuple):
    """What changes with a file: its device and number there, its size, and when its bytes and all else were changed."""

    device: int
    number: int
    bytes: int
    written_ns: int
    changed_ns: int


@dataclass(frozen=True)
class SourceFile:
    """A file that may be landed: `file` is its name relative to the source, and the first folder its dataset.

    As long as it has its stamp it has these bytes; without one, only another look into it tells.
    """

    dataset: str
    file: str
    path: Path
    sha256: str
    bytes: int
    stamp: Stamp | None = None


def scan(source: Path, datasets: Collection[str]) -> tuple[list[Path], list[RunWarning]]:
    """Return the CSV files of these datasets below a source, and a warning for each file that is passed over.

    Raises UsageError where the source is no folder. Files of the other known datasets are passed over in silence, since
    another stage lands them; files of no dataset are the business of whoever lands sales.
    """
    if not source.is_dir():
        why = "is a file" if source.exists() else "does not exist"
        raise UsageError(f"the source folder {source} {why}", hint="name it with --source, or set source.path")
    wanted: list[Path] = []
    warnings: list[RunWarning] = []
    for path in sorted(_files(source), key=lambda path: file_order(path.relative_to(source).as_posix())):
        name = path.relative_to(source)
        elsewhere = len(name.parts) < 2 or name.parts[0] not in CONTRACTS
        if (elsewhere and SALES.name not in datasets) or (not elsewhere and name.parts[0] not in datasets):
            continue
        if problem := _passed_over(path, name, CONTRACTS):
            text = f"{name.as_posix()!a} is ignored: {problem}"
            warnings.append(RunWarning("passed_over", text, None if elsewhere else name.parts[0], name.as_posix()))
        else:
            wanted.append(path)
    return wanted, warnings


def _files(folder: Path, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
    """Yield all that is no folder below a folder, hidden ones left out; a link to a folder is one, but for a circle."""
    found = folder.stat()
    here = found.st_dev, found.st_ino
    if here in above:
        return
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path, above | {here})
        else:
            yield path


def _passed_over(path: Path, name: Path, datasets: Collection[str]) -> str | None:
    if len(name.parts) < 2 or name.parts[0] not in datasets:
        return f"it lies in none of the folders {', '.join(sorted(datasets))}"
    if not name.name.lower().endswith(ENDINGS):
        return f"only {' and '.join(ENDINGS)} files are read"
    if not str(name).isprintable():
        return "its name cannot be written as text"
    if path.exists() and not path.is_file():  # a broken link is worth an error, a pipe would be waited for
        return "it is no ordinary file"
    return None


def hashed(source: Path, path: Path) -> SourceFile:
    """Read a source file once and return it with its content hash."""
    file = path.relative_to(source).as_posix()
    begun = time.time_ns()
    try:
        before, digest, after = _stamp(path), sha256(path), _stamp(path)
    except OSError as error:
        raise RetailStreamError(f"{path} cannot be read: {error.strerror}", hint="mend it, then run again") from error
    settled = before == after and begun - max(after.written_ns, after.changed_ns) > SETTLED_NS
    return SourceFile(file.partition("/")[0], file, path, digest, after.bytes, after if settled else None)


def unchanged(file: SourceFile) -> bool:
    """Say whether a file still has the bytes that were hashed: a store may be writing it just now."""
    try:
        return (file.stamp is not None and _stamp(file.path) == file.stamp) or sha256(file.path) == file.sha256
    except FileNotFoundError:
        return False


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def new_files(files: Sequence[SourceFile], known: Collection[tuple[str, str]]) -> list[SourceFile]:
    """Return the files whose content is not known yet; of equal files the first by name."""
    first: dict[tuple[str, str], SourceFile] = {}
    for file in files:
        if (file.dataset, file.sha256) not in known:
            first.setdefault((file.dataset, file.sha256), file)
    return list(first.values())
