"""Files that are finer than their table, single sales or days where rows are weeks: they close the gate."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.gate_reasons import Reason
from retailstream.rejects import ACCEPTED, Reject

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from retailstream.contracts import Contract
    from retailstream.dated_files import NewFiles
    from retailstream.landings import Landed
    from retailstream.ports import FileFigures, LandedFile
    from retailstream.quarantine import Quarantine
    from retailstream.runs import Limit, Run

SHARED_KEYS: Final = "shared_keys"
"""The rule of a file whose records have too many keys in common: it is finer than its table."""


@dataclass(frozen=True)
class FinerFile:
    """A file whose records share keys, so many of them; `correction` is the later landing of a better one of its name.

    It is not merged. The gate closes for it, but where it is corrected.
    """

    file: LandedFile
    figures: FileFigures
    correction: int | None

    def reject(self, contract: Contract) -> Reject:
        """Return it as the quarantine keeps it, as a whole."""
        found = f"{self.figures.sharing_key:,} of {self.figures.records:,} records"
        return Reject(contract.name, self.file.landing, self.file.file, None, SHARED_KEYS, None, found, None)


def reasons(contract: Contract, finer: Sequence[FinerFile], limit: Limit | None) -> list[Reason]:
    """Return why the gate closes for files finer than their table and not corrected, the first of them by name."""
    found = [file for file in finer if file.correction is None]
    if limit is None or not found:
        return []
    first, key = found[0], f"{', '.join(contract.key[:-1])}{' and ' * (len(contract.key) > 1)}{contract.key[-1]}"
    others = f", as in {len(found) - 1:,} more file{'s' * (len(found) > 2)}" if len(found) > 1 else ""
    text = (
        f"{first.figures.sharing_key:,} of {first.figures.records:,} records of {first.file.file!a} share their {key}"
        f" with another of its records{others}, the limit is {limit.text}"
        f"{'; are these single sales or days?' if contract.by_month else ''}"
    )
    hint = (
        f"drop it again under its name with one record for each {key}; or retailstream quarantine discard"
        f" {shlex.quote(first.file.file)} --reason TEXT; or a higher quality.max_superseded_in_file"
    )
    return [Reason(text, hint)]


def find(new: NewFiles, limit: Limit | None, accepted: Collection[tuple[int, str]]) -> list[FinerFile]:
    """Return the files of which more records share a key than the limit allows, but for (landing, file) accepted."""
    if limit is None:
        return []
    over = [
        file
        for file in new.told(())
        if (file.landing, file.file) not in accepted
        and not limit.allows(new.figures[file.number].sharing_key, new.figures[file.number].records)
    ]
    numbers = {file.number for file in over}
    better = {file.file: file.landing for file in new.files if file.number not in numbers}
    return [
        FinerFile(
            file, new.figures[file.number], landing if (landing := better.get(file.file, 0)) > file.landing else None
        )
        for file in over
    ]


def settle(
    quarantine: Quarantine, contract: Contract, merged: Iterable[Landed], finer: Iterable[FinerFile], run: Run
) -> None:
    """Close the entries of files that were finer than their table: they are corrected now, or come in as they are."""
    places = {(file.landing, file.file) for file in merged}
    corrected = {(found.file.landing, found.file.file): found.correction for found in finer}
    for entry in quarantine.entries(dataset=contract.name, rule=SHARED_KEYS):
        place = entry.reject.landing, entry.reject.file
        if place in corrected:
            reason = f"corrected by landing {corrected[place]}"
            quarantine.settle([entry], state="replayed", reason=reason, run_id=run.run_id)
        elif place in places:
            reason = (
                f"quality.max_superseded_in_file was {run.rules.sharing_key.text if run.rules.sharing_key else 'any'}"
            )
            quarantine.settle([entry], state=ACCEPTED, reason=reason, run_id=run.run_id)
