"""What a lake has and nothing remembers: its home is a new one, or the memory was lost or is an older copy.

Without it the next landing would be numbered below rows that clean tables already hold, and would never be merged.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from retailstream.durable import naming
from retailstream.hashing import sha256
from retailstream.landings import Landed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from retailstream.landings import LandingLog, Scope
    from retailstream.ports import Lake
    from retailstream.source_files import SourceFile

_LANDED: Final = re.compile(r"(?P<dataset>[^/]+)/landing-(?P<landing>\d{6,9})/(?P<name>.+)", re.DOTALL)

_ENDINGS: Final = (".csv", ".gz")

_CHUNK: Final = 1 << 16


def adopt(
    log: LandingLog, lake: Lake, sizes: Mapping[str, int], files: Sequence[SourceFile], *, merged: int
) -> dict[str, int]:
    """Write down landed files of a lake that nothing remembers, and return the listing `sizes` as it is then.

    Of landings after `merged`, the last that a table holds, nothing was made yet: a file of them that is no more than
    the beginning of its source's, as where power went, is taken away and written down as what it was to be.
    """
    unknown = unknown_files(log, sizes)
    if not unknown:
        return dict(sizes)
    paths = lake.fetch_all([file.key for file in unknown])
    sources = {file.file: file for file in files}
    found: list[Landed] = []
    gone: list[str] = []
    for file, path in zip(unknown, paths, strict=True):
        digest, source = sha256(path), sources.get(file.file)
        if source and digest != source.sha256 and file.landing > merged and _broke_off(path, source.path):
            found.append(replace(file, sha256=source.sha256, bytes=source.bytes))
            gone.append(file.key)
        else:
            found.append(replace(file, sha256=digest))
    log.adopt(found, merged=merged)
    lake.delete(gone)
    return {key: size for key, size in sizes.items() if key not in gone}


def unknown_files(log: LandingLog, sizes: Mapping[str, int]) -> list[Landed]:
    """Return what a lake has landed and nothing remembers, without hashes."""
    known, stopped = {file.key for file in log.files()}, log.unfinished()
    return [file for file in _landed(sizes, log.scope.datasets) if file.key not in known and file.landing != stopped]


def last_landing(sizes: Mapping[str, int], scope: Scope) -> int:
    """Return the number of the last landing that a lake has something of."""
    return max((file.landing for file in _landed(sizes, scope.datasets)), default=0)


def _landed(sizes: Mapping[str, int], datasets: Sequence[str]) -> Iterator[Landed]:
    """Yield what lies where landed files of these datasets do, without hashes."""
    for key, size in sizes.items():
        match = _LANDED.fullmatch(key)
        if match and match["dataset"] in datasets and key.lower().endswith(_ENDINGS):
            file = f"{match['dataset']}/{match['name']}"
            yield Landed(match["dataset"], int(match["landing"]), file, "", size)


def _broke_off(path: Path, source: Path) -> bool:
    """Say whether a file is the beginning of another, with nothing or zeros behind it."""
    with naming(path), path.open("rb") as ours, naming(source), source.open("rb") as theirs:
        while ours_now := ours.read(_CHUNK):
            theirs_now = theirs.read(len(ours_now))
            if ours_now != theirs_now:
                rest = iter(lambda: ours.read(_CHUNK), b"")
                return theirs_now.startswith(ours_now.rstrip(b"\0")) and not any(map(_has_data, rest))
    return True


def _has_data(chunk: bytes) -> bool:
    return bool(chunk.strip(b"\0"))
