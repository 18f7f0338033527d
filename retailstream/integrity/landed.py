"""Landed files: whether each is there, as long as it was, and with the bytes it landed with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from retailstream.hashing import sha256
from retailstream.integrity.damage import FEATURE_FILES, RAW, RESTORE, Damage
from retailstream.landings import Scope

if TYPE_CHECKING:
    from retailstream.integrity.damage import Findings
    from retailstream.landings import Landed, LandingLog
    from retailstream.ports import Lake

AT_ONCE: Final = 500
"""How many files of a lake are fetched before their bytes are looked at."""

_LANDED: Final = re.compile(r"[^/]+/landing-\d{6,}/.+\.(?:csv|gz)", re.DOTALL | re.IGNORECASE)


def place_of(scope: Scope) -> str:
    """Return what the place is called that a scope's files land in."""
    return FEATURE_FILES if scope is Scope.FEATURES else RAW


def look(findings: Findings, log: LandingLog, lake: Lake, *, deep: bool) -> None:
    """Compare the files of a lake with what is remembered of them."""
    place, landed = place_of(log.scope), log.files()
    with findings.looking(place, lake.url):
        unfinished = log.unfinished()
        sizes = lake.sizes("")
        findings.count(place, len(landed))
        there = []
        for file in landed:
            if sizes.get(file.key) == file.bytes:
                there.append(file)
            elif file.landing != unfinished:
                findings.add(_damage(place, file, _wrong_size(file, sizes.get(file.key))))
        for key in sorted(set(sizes) - {file.key for file in landed}):
            if _LANDED.fullmatch(key):
                state = f"the memory knows no file '{key}' of {place}: it is an older copy, or was lost"
                findings.add(Damage("memory", "landings", state, RESTORE, key.partition("/")[0]))
        for start in range(0, len(there) if deep else 0, AT_ONCE):
            _look_at_bytes(findings, place, lake, there[start : start + AT_ONCE])


def _look_at_bytes(findings: Findings, place: str, lake: Lake, files: list[Landed]) -> None:
    for file, path in zip(files, lake.fetch_all([file.key for file in files]), strict=True):
        with findings.looking(place, file.key, file.dataset):
            if sha256(path) == file.sha256:
                continue
            lake.drop_copies([file.key])
            if sha256(lake.fetch(file.key)) != file.sha256:
                findings.add(_damage(place, file, "it has other bytes than it landed with"))


def _wrong_size(file: Landed, size: int | None) -> str:
    return "it is missing" if size is None else f"it has {size:,} bytes, and landed with {file.bytes:,}"


def _damage(place: str, file: Landed, state: str) -> Damage:
    return Damage(place, file.key, state, dataset=file.dataset)
