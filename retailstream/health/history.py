"""What ledger and quarantine say: whether the last runs ended well, when files landed last, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream import metrics
from retailstream.enumerating import named
from retailstream.health.checks import Check
from retailstream.reports import summary_of_nothing
from retailstream.source_files import PASSED_OVER, UNREADABLE
from retailstream.source_names import may_hold_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.health.checks import State
    from retailstream.ledger import Ledger
    from retailstream.metrics import Sample
    from retailstream.quarantine import Quarantine
    from retailstream.runs import Limit

CLEANED_BY: Final = {"sales": "glue-merge", "stores": "glue-merge", "features": "features"}
"""The datasets, and the stage that judges the records of each."""

DAY: Final = 86_400

GRACE: Final = 60
"""A run that takes less than so many seconds more than usual is not slow, however short the usual one is."""

KILLED: Final = 137
"""The exit code of a process that was killed, as a shell tells it."""

NAMED: Final = 5
"""How many things of a kind a check names; of the others it has the number."""

_WEEKLY: Final = ("sales", "features")
"""The datasets that come every week; stores seldom open."""


def rejects(ledger: Ledger, quarantine: Quarantine, limit: Limit) -> Iterator[Check | Sample]:
    """Yield the share of rejects of each dataset, and what waits in the quarantine."""
    for dataset in CLEANED_BY:
        yield from _reject_share(dataset, ledger, quarantine, limit)
    files = quarantine.open_files()
    told = named([f"{entry.reject.file} ({entry.reject.rule})" for entry in files])
    hint = f"{told}: retailstream quarantine show {files[0].id}" if files else ""
    yield Check("open_quarantined_files", len(files), 0, "fail" if files else "ok", hint=hint)
    yield metrics.OPEN_FILES.of(len(files))
    yield metrics.OPEN_RECORDS.of(quarantine.count_open())


def landings(ledger: Ledger, limit: int | None, *, now: str) -> Iterator[Check | Sample]:
    """Yield how many days ago a new file of each dataset landed; what never did is no more than a warning."""
    for dataset in CLEANED_BY:
        days = limit if dataset in _WEEKLY else None
        name, told = f"landed_age_{dataset}", f"{days} days" if days is not None else None
        entry = ledger.last_landing(dataset)
        if entry is None or entry.ended_at is None:
            yield Check(name, "never landed", told, "warn", bound=days, hint=f"put files into SOURCE/{dataset}")
            continue
        landed = metrics.seconds_of(entry.ended_at)
        age = round((metrics.seconds_of(now) - landed) / DAY, 1)
        state: State = "ok" if days is None or age <= days else "fail"
        yield metrics.LAST_LANDING.of(landed, dataset)
        hint = f"put newer files into SOURCE/{dataset}, then retailstream run"
        if age < -1:  # zones and clocks that differ a little are well
            state, hint = "warn", "the clock went wrong then, or does now: how old the newest file is cannot be told"
        yield Check(name, f"{age:,g} days", told, state, measure=age, bound=days, hint=hint)


def last_runs(stages: Sequence[str], ledger: Ledger, slowdown: float | None) -> Iterator[Check]:
    """Yield how the last run of each stage ended, and which of them took longest for its habits."""
    yield from (_last_run(stage, ledger) for stage in stages)
    yield _duration(stages, ledger, slowdown)


def warnings(stages: Sequence[str], ledger: Ledger) -> Check:
    """Count what the last run of each stage warned of, and the last that changed something: a noop tells it no more."""
    last = [entry for stage in stages for entry in (ledger.last(stage), ledger.last_change((stage,))) if entry]
    told = dict.fromkeys(
        f"{entry.stage}: {warning['text']}" for entry in last for warning in (entry.summary or {}).get("warnings", ())
    )
    return Check("warnings", "; ".join(told) or "none", None, "warn" if told else "ok", measure=len(told))


def unread(ledger: Ledger) -> Check:
    """Name what the last look into the source passed over although figures may wait in it."""
    last = [entry for stage in ("ingest", "features") if (entry := ledger.last(stage))]
    told = [warning for entry in last for warning in (entry.summary or {}).get("warnings", ())]
    lying = sorted(
        {
            warning["file"] or warning["text"]
            for warning in told
            if warning["code"] == UNREADABLE
            or (warning["code"] == PASSED_OVER and (warning["file"] is None or may_hold_data(warning["file"])))
        }
    )
    if not lying:
        return Check("unread_files", 0, 0, "ok")
    hint = "mend, rename or remove what is named, then retailstream run"
    return Check("unread_files", named([*map(ascii, lying)], NAMED), 0, "fail", measure=len(lying), hint=hint)


def run_figures(ledger: Ledger) -> Iterator[tuple[str, list[Sample]]]:
    """Yield every stage with the figures that its last run has told, or would have: killed ones tell nothing."""
    for stage in ledger.stages():
        entry = ledger.last(stage)
        if entry is None:
            continue
        summary = dict(entry.summary or summary_of_nothing(stage, entry.run_id))
        code = KILLED if entry.exit_code is None else entry.exit_code
        usual = ledger.usual_seconds(entry)
        told = metrics.of_run(summary, code, ended_at=entry.ended_at or entry.started_at, usual=usual)
        found = [sample for sample in told if sample.metric is not metrics.LAST_SUCCESS]
        success = ledger.last_success(stage)
        if success and success.ended_at:
            found.append(metrics.LAST_SUCCESS.of(metrics.seconds_of(success.ended_at)))
        yield stage, found


def _reject_share(dataset: str, ledger: Ledger, quarantine: Quarantine, limit: Limit) -> Iterator[Check | Sample]:
    """Look at the last run that had rows; what was replayed or discarded since counts no more."""
    entry = ledger.last(CLEANED_BY[dataset], dataset=dataset)
    name, bound = f"reject_share_{dataset}", float(limit.share) if limit.share is not None else None
    if entry is None or entry.summary is None:
        yield Check(name, None, limit.text, "ok", bound=bound)
        return
    rows_in = int(entry.summary["datasets"][dataset]["rows_in"])
    rejected = quarantine.open_rejects(dataset, entry.run_id)
    share = round(rejected / rows_in, 6)
    yield metrics.REJECT_RATIO.of(share, dataset)
    state: State = "ok" if limit.allows(rejected, rows_in) else "fail"
    hint = f"{rejected:,} of {rows_in:,} records: retailstream quarantine list --dataset {dataset}"
    yield Check(name, share, limit.text, state, bound=bound, hint=hint)


def _last_run(stage: str, ledger: Ledger) -> Check:
    entry, name = ledger.last(stage), f"last_run_{stage}"
    if entry is None:
        return Check(name, "never ran", "ok", "warn", hint=f"retailstream {stage}")
    hint = entry.error or f"it was stopped: retailstream {stage}"
    return Check(name, entry.status, "ok", "ok" if entry.status in {"ok", "noop"} else "fail", hint=hint)


def _duration(stages: Sequence[str], ledger: Ledger, limit: float | None) -> Check:
    """Compare the last run of each stage that changed something with those before it, and tell of the slowest."""
    told = f"{limit:g} times usual and a minute" if limit is not None else None
    ratios: list[tuple[float, str, bool]] = []
    for stage in stages:
        entry = ledger.last_change((stage,))
        usual = ledger.usual_seconds(entry) if entry else None
        if entry and entry.seconds and usual:
            slow = limit is not None and entry.seconds > max(limit * usual, usual + GRACE)
            ratios.append((entry.seconds / usual, stage, slow))
    if not ratios:
        return Check("run_duration", None, told, "ok", bound=limit)
    ratio, stage, _slow = max(ratios, key=lambda found: (found[2], found[0]))
    state: State = "fail" if any(slow for _ratio, _stage, slow in ratios) else "ok"
    value, hint = f"{stage}: {ratio:.1f} times usual", f"retailstream runs --stage {stage}"
    return Check("run_duration", value, told, state, measure=ratio, bound=limit, hint=hint)
