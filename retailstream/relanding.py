"""Landed raw files that a lake lost, or that have other bytes now, come back from the source, by their hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.enumerating import named
from retailstream.hashing import sha256
from retailstream.reports import RunWarning
from retailstream.source_files import unchanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retailstream.landings import Landed, LandingLog
    from retailstream.ports import Lake
    from retailstream.source_files import SourceFile

LANDED_AGAIN: Final = "landed_again"
"""The code of the warning that raw files were missing or damaged, and are whole again."""


@dataclass(frozen=True)
class LandedAgain:
    """Damaged raw files: those that are whole again, and those whose bytes no file of the source has."""

    landed: list[Landed]
    lost: list[Landed]

    @property
    def warnings(self) -> list[RunWarning]:
        """What an operator should know: something took raw files away, or damaged them."""
        return [_warning(dataset, self.landed) for dataset in sorted({file.dataset for file in self.landed})]


def land_again(
    log: LandingLog,
    lake: Lake,
    files: Sequence[SourceFile],
    *,
    deep: bool,
    sizes: Mapping[str, int] | None = None,
) -> LandedAgain:
    """Put each damaged raw file back in place, if a file of the source has its bytes: same landing, same key."""
    sizes = lake.sizes("") if sizes is None else sizes
    sources = {(file.dataset, file.sha256): file for file in files}
    wrong = damaged(log, lake, deep=deep, sizes=sizes)
    found = [(file, source) for file in wrong if (source := sources.get((file.dataset, file.sha256)))]
    lake.delete(file.key for file, _source in found if file.key in sizes)
    adding = lake.add_all([(file.key, source.path) for file, source in found])
    landed = [file for file, source in found if next(adding) and unchanged(source)]
    whole = {file.key for file in landed}
    lake.delete(file.key for file, _source in found if file.key not in whole)  # better none than one that changed
    return LandedAgain(landed, [file for file in wrong if file.key not in whole])


def damaged(log: LandingLog, lake: Lake, *, deep: bool, sizes: Mapping[str, int] | None = None) -> list[Landed]:
    """Return the landed files that the lake has not, or has with another length; with `deep` with any other bytes.

    A landing that was stopped is not complete, and is left out.
    """
    sizes = lake.sizes("") if sizes is None else sizes
    stopped = log.unfinished()
    files = [file for file in log.files() if file.landing != stopped]
    if deep:
        wrong = {file.key for file in with_other_bytes(lake, files, sizes)}
        return [file for file in files if file.key not in sizes or file.key in wrong]
    return [file for file in files if sizes.get(file.key) != file.bytes]


def with_other_bytes(lake: Lake, files: Sequence[Landed], sizes: Mapping[str, int]) -> list[Landed]:
    """Return those of the files, as far as the lake has them, that are not what was written down; all are read."""
    there = [file for file in files if file.key in sizes]
    same = [file for file in there if sizes[file.key] == file.bytes]
    whole = _with_their_bytes(lake, same)
    doubted = [file for file in same if file.key not in whole]
    lake.drop_copies([file.key for file in doubted])  # it may only be the copy on this machine that is damaged
    whole |= _with_their_bytes(lake, doubted)
    return [file for file in there if file.key not in whole]


def _with_their_bytes(lake: Lake, files: Sequence[Landed]) -> set[str]:
    paths = lake.fetch_all([file.key for file in files])
    return {file.key for file, path in zip(files, paths, strict=True) if sha256(path) == file.sha256}


def _warning(dataset: str, landed: Sequence[Landed]) -> RunWarning:
    mine = [file.file for file in landed if file.dataset == dataset]
    what = "raw file was" if len(mine) == 1 else "raw files were"
    text = f"{len(mine):,} {what} missing or damaged, and landed again from the source: {named([*map(ascii, mine)])}"
    return RunWarning(LANDED_AGAIN, text, dataset, mine[0] if len(mine) == 1 else None)
