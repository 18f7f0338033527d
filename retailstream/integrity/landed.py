"""Landed files: whether each is there, as long as it was, and with the bytes it landed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.adoption import unknown_files
from retailstream.integrity.damage import FEATURE_FILES, MEMORY, RAW, Damage
from retailstream.landings import Scope
from retailstream.relanding import damaged

if TYPE_CHECKING:
    from retailstream.integrity.damage import Findings
    from retailstream.landings import Landed, LandingLog
    from retailstream.ports import Lake

LANDINGS = "landings of {}"


def place_of(scope: Scope) -> str:
    """Return what the place is called that a scope's files land in."""
    return FEATURE_FILES if scope is Scope.FEATURES else RAW


def look(findings: Findings, log: LandingLog, lake: Lake, *, deep: bool) -> None:
    """Compare the files of a lake with what is remembered of them."""
    place = place_of(log.scope)
    with findings.looking(place, lake.url):
        sizes = lake.sizes("")
        findings.count(place, len(log.files()))
        if wrong := damaged(log, lake, deep=deep, sizes=sizes):
            lake.drop_copies([file.key for file in wrong])
            wrong = damaged(log, lake, deep=deep, sizes=sizes)
        for file in wrong:
            findings.add(Damage(place, file.key, _told(file, sizes.get(file.key)), dataset=file.dataset))
        for file in unknown_files(log, sizes):
            state = f"it knows nothing of {place} file '{file.key}': it was lost, or is an older copy"
            findings.add(Damage(MEMORY, LANDINGS.format(file.dataset), state, dataset=file.dataset))


def _told(file: Landed, size: int | None) -> str:
    if size is None:
        return "it is missing"
    if size != file.bytes:
        return f"it has {size:,} bytes, and landed with {file.bytes:,}"
    return "it has other bytes than it landed with"
