"""What a run would do, for `--dry-run`: figures, and what would be refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from retailstream.dated_files import DATE_ORDER
from retailstream.errors import QualityGateError
from retailstream.merging import check_gate
from retailstream.reports import RunWarning, StageReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.merging import Prepared
    from retailstream.rejects import Reject
    from retailstream.runs import Limit


def plan(stage: str, prepared: Sequence[Prepared], limit: Limit, output: str) -> StageReport:
    """Return what a merge would do, for a dry run: its figures, and which files it would refuse."""
    counts = {ready.pending.contract.name: ready.counts for ready in prepared}
    warnings = [warning for ready in prepared for warning in ready.warnings if warning.code != DATE_ORDER]
    warnings += [refusal(reject) for ready in prepared for reject in ready.refused]
    report = StageReport(stage, "dry-run", counts, outputs=(output,))
    try:
        check_gate(report, prepared, limit)
    except QualityGateError as error:
        warnings.append(RunWarning("over_limit", error.message.replace("was published", "would be published")))
    return replace(report, warnings=tuple(warnings))


def refusal(reject: Reject) -> RunWarning:
    """Return the warning of a plan that a whole file would be refused."""
    found = f" ({reject.value})" if reject.value else ""
    text = f"{reject.file!a} would be refused: {reject.rule}{found}"
    return RunWarning("would_be_refused", text, reject.dataset, reject.file)
