"""The files that stores have dropped: which may be landed, and which are passed over."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from stat import S_IFREG, S_ISREG
from typing import TYPE_CHECKING, Final, NamedTuple

from retailstream.contracts import CONTRACTS, SALES
from retailstream.errors import RetailStreamError, UsageError
from retailstream.hashing import sha256
from retailstream.landings import file_order
from retailstream.reports import RunWarning
from retailstream.source_names import ENDINGS, is_litter, unspeakable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

NAMED: Final = 100
"""How many files that are passed over are named; of the others there is the number."""

SETTLED_NS: Final = 2 * 10**9
"""A file that was changed more lately may be changed again at what its file system takes for the same moment."""

PASSED_OVER: Final = "passed_over"
"""The code of the warning of a file that is not read for its name or its place."""

UNREADABLE: Final = "unreadable_source"
"""The code of the warning of a file or folder that could not be read."""


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


@dataclass(frozen=True)
class Scan:
    """What lies below a source: CSV files of the wanted datasets, a warning for each file that is passed over.

    `readable` counts the CSV files of all datasets.
    """

    files: list[Path]
    warnings: list[RunWarning]
    readable: int


DEEPEST: Final = 100
"""Folders of more levels are not looked into: no drop has them, and paths come to an end."""

LEAVES: Final = "it is a link that leaves the source; source.follow_links = true lets it in"
"""What is wrong with a link to what lies elsewhere: whoever drops files could have any file read that we can."""


def scan(source: Path, datasets: Collection[str], *, follow_links: bool = False) -> Scan:
    """Return the CSV files of these datasets below a source, and what is passed over; UsageError where it is no folder.

    Links to what lies outside the source are passed over, unless they are to be followed. Files of the other known
    datasets are passed over in silence, since another stage lands them; files of no dataset are the business of whoever
    lands sales.
    """
    if not source.is_dir():
        why = "is a file" if source.exists() else "does not exist"
        raise UsageError(f"the source folder {source} {why}", hint="name it with --source, or set source.path")
    wanted: list[Path] = []
    warnings: list[RunWarning] = []
    readable = 0
    there = _found(source, None if follow_links else os.path.realpath(source))
    for path, trouble in sorted(there, key=lambda found: file_order(found[0].relative_to(source).as_posix())):
        name = path.relative_to(source)
        folder = name.parts[0] if len(name.parts) > 1 or (trouble and name.parts) else None
        dataset = folder if folder in CONTRACTS else None
        problem = trouble or _problem(path, name)
        readable += not problem
        if (dataset or SALES.name) not in datasets:
            continue
        if problem:
            warnings.append(passed_over(name, problem, dataset, UNREADABLE if trouble else PASSED_OVER))
        else:
            wanted.append(path)
    if len(warnings) > NAMED:
        text = f"{len(warnings) - NAMED:,} more files are ignored"
        warnings[NAMED:] = [RunWarning(PASSED_OVER, text)]
    return Scan(wanted, warnings, readable)


def passed_over(name: Path, problem: str, dataset: str | None, code: str) -> RunWarning:
    """Return the warning of a file that was not read."""
    return RunWarning(
        code, f"{spoken(name)} is ignored: {problem}", dataset, os.fsencode(name).decode(errors="replace")
    )


def spoken(name: Path) -> str:
    r"""Return a name as it can be printed anywhere: `'sales/new\\nline.csv'`."""
    return ascii(name.as_posix())


def _found(
    folder: Path, root: str | None, above: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[tuple[Path, str | None]]:
    """Yield all that is no folder below a folder, and what is wrong with it; a folder that cannot be looked into, too.

    Links to folders are folders, but for circles; with a `root`, those that leave it are not looked into. Of a hidden
    folder there is the folder alone.
    """
    try:
        found = folder.stat()
        inside = [path for path in folder.iterdir() if not is_litter(path.name)]
    except OSError as error:
        yield folder, f"it cannot be read: {error.strerror}"
        return
    if len(above) >= DEEPEST:
        yield folder, f"it lies more than {DEEPEST} folders deep"
        return
    here = found.st_dev, found.st_ino
    for path in () if here in above else inside:
        if root is not None and path.is_symlink() and not _lies_in(path, root):
            yield path, LEAVES
        elif not os.path.isdir(path):  # noqa: PTH112 -- which takes what may not be looked at for no folder
            yield path, None
        elif not path.name.startswith("."):
            yield from _found(path, root, above | {here})
        elif any(True for _file in _found(path, root, above | {here})):
            yield path, None


def _lies_in(link: Path, root: str) -> bool:
    """Say whether what a link points to in the end lies below a folder, or would if it was there."""
    return os.path.commonpath((os.path.realpath(link), root)) == root


def _problem(path: Path, name: Path) -> str | None:
    """Return why a file is not read, if so."""
    if path.name.startswith("."):
        return "it is hidden"
    if len(name.parts) < 2 or name.parts[0] not in CONTRACTS:
        return f"it lies in none of the folders {', '.join(sorted(CONTRACTS))}"
    if not name.name.lower().endswith(ENDINGS):
        return f"only {' and '.join(ENDINGS)} files are read"
    if unspeakable(str(name)):
        return "its name cannot be written as text"
    if not S_ISREG(_mode(path)):  # a broken link is told as such, a pipe would be waited for
        return "it is no ordinary file"
    return None


def _mode(path: Path) -> int:
    """Return the kind of a file, that of an ordinary one where it cannot be told: reading it tells why."""
    try:
        return path.stat().st_mode
    except OSError:
        return S_IFREG


def hashed(source: Path, path: Path) -> SourceFile:
    """Read a source file once and return it with its content hash; RetailStreamError where it cannot be read."""
    file = path.relative_to(source).as_posix()
    begun = time.time_ns()
    try:
        before, digest, after = _stamp(path), sha256(path), _stamp(path)
    except OSError as error:
        raise RetailStreamError(f"it cannot be read: {error.strerror}", hint="mend it, then run again") from error
    settled = before == after and begun - max(after.written_ns, after.changed_ns) > SETTLED_NS
    return SourceFile(file.partition("/")[0], file, path, digest, after.bytes, after if settled else None)


def unchanged(file: SourceFile) -> bool:
    """Say whether a file still has the bytes that were hashed: a store may be writing it just now."""
    try:
        return (file.stamp is not None and _stamp(file.path) == file.stamp) or sha256(file.path) == file.sha256
    except OSError:
        return False


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
