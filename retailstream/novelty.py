"""Which files of a source are new: what a name held last decides, not whether its bytes were ever seen (ADR 33)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from retailstream.reports import RunWarning
from retailstream.source_files import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.landings import Known, Landed

OLD_BYTES = "old_bytes"
"""The code of the warning of a new name with bytes that were corrected since they landed."""


@dataclass(frozen=True)
class News:
    """The files of a source that are new, and those that are not, although their names are.

    `copies` have the bytes of a new file, whose name stands beside them; `renamed` those of a known one. Of `old`
    nobody can tell whether they are to take back what came since: they are not landed.
    """

    new: list[SourceFile]
    copies: list[tuple[SourceFile, str]]
    renamed: list[Landed]
    old: list[SourceFile]

    @property
    def warnings(self) -> list[RunWarning]:
        """What an operator should know of the files that were not landed."""
        return [
            RunWarning(
                OLD_BYTES,
                f"'{file.file}' is not landed: its bytes landed once, and were corrected since; to bring them back, put"
                " them under the name that they had, or add a blank line to their end",
                file.dataset,
                file.file,
            )
            for file in self.old
        ]


def news(files: Sequence[SourceFile], known: Known) -> News:
    """Sort files by what was landed so far; of equal new ones the first by name is landed, the others are its copies.

    A file is new where its name held other bytes last, or never landed and no readable file had its bytes.
    """
    found = News([], [], [], [])
    unknown, first = [], dict[tuple[str, str], SourceFile]()
    for file in files:
        key, last = (file.dataset, file.sha256), known.last.get(file.file)
        if last is not None and last.sha256 == file.sha256:
            continue
        if last is None and (original := known.current.get(key)):
            of = original.copy_of or original.file
            found.renamed.append(replace(original, file=file.file, copy_of=of))
        elif last is None and key in known.ever:
            unknown.append(file)
        elif key in first:
            found.copies.append((file, first[key].file))
        else:
            first[key] = file
            found.new.append(file)
    for file in unknown:
        original_now = first.get((file.dataset, file.sha256))
        found.copies.append((file, original_now.file)) if original_now else found.old.append(file)
    return found
