"""Each call that writes fails once: the run ends in order, and the next one as if nothing had been."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Final

import pytest

from tests.power.recording import Call
from tests.power.shimmed import left, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Outcome
    from tests.power.recording import Event
    from tests.power.shimmed import Recorded
    from tests.resume.processes import Zygote

PARTS: Final = 12
"""A run's calls are split into so many parts of equal length."""

EVERY: Final = os.environ.get("FAULTS") == "all"
"""Whether each call of a part fails once in each way, which takes an hour or two (`make test-faults`), or only one."""

SHORT: Final = -1
INTERRUPTED: Final = {Call.OPEN, Call.WRITE, Call.TRUNCATE, Call.SYNC}
"""What a signal can break off on a local disk."""

ENDS: Final = {0, 1, 4}
"""Done, failed, and safe to try again."""


def ways(event: Event) -> list[int]:
    """Return how a call can fail."""
    found = [errno.ENOSPC, errno.EIO]
    found += [errno.EINTR] if event.call in INTERRUPTED else []
    return found + ([SHORT] if event.call is Call.WRITE and len(event.data) > 1 else [])


def faults(delivery: Recorded) -> list[tuple[int, int]]:
    """Return the number of each call that can fail, with each way."""
    calls = [event for event in delivery.events if event.can_fail]
    return [(number, way) for number, event in enumerate(calls) for way in ways(event)]


def part(found: list[tuple[int, int]], number: int) -> list[tuple[int, int]]:
    """Return the faults of a part of the run; a sample takes another place, and so another way, in each part."""
    held = found[number * len(found) // PARTS : (number + 1) * len(found) // PARTS]
    return held if EVERY else [held[number % len(held)]]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(PARTS))
@pytest.mark.parametrize("name", ["first", "second"])
def test_a_run_in_which_a_call_failed_ends_in_order_and_the_next_one_as_if_it_had_not(
    shimmed: Zygote, deliveries: dict[str, Recorded], tmp_path: Path, name: str, number: int
) -> None:
    delivery = deliveries[name]
    found = part(faults(delivery), number)
    assert found
    for fault in found:
        env = delivery.environment(tmp_path / "disk")
        delivery.before(env.home.parent)

        outcome = run(shimmed, env, fault)

        assert_in_order(outcome, fault)
        again = run(shimmed, env)
        assert again.exit_code == 0, f"{fault}: {again.stderr}"
        assert left(env) == delivery.left, fault
        shutil.rmtree(env.home.parent)


def assert_in_order(outcome: Outcome, fault: tuple[int, int]) -> None:
    told = f"{fault}: {outcome.stderr}"
    assert outcome.exit_code in ENDS, told
    assert "Traceback" not in outcome.stderr, told
    assert "this is a bug" not in outcome.stderr, told
    assert outcome.exit_code == 0 or "error: " in outcome.stderr, told
    bare = [os.strerror(way) for way in (errno.ENOSPC, errno.EIO, errno.EINTR)]
    assert not any(f"error: {reason}\n" in outcome.stderr for reason in bare), f"no file is named: {told}"
