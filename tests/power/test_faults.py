"""Each call that writes fails once: the run ends in order, and the next one as if nothing had been."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.power.recording import Call
from tests.power.shimmed import left, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.power.recording import Event
    from tests.power.shimmed import Recorded
    from tests.resume.processes import Zygote

FAULTS: Final = int(os.environ.get("FAULTS", "24"))
"""How many calls fail, spread over both deliveries; `make test-faults` has all of them fail, in each way."""

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


@pytest.mark.slow
@pytest.mark.parametrize("share", range(FAULTS))
@pytest.mark.parametrize("name", ["first", "second"])
def test_a_run_in_which_a_call_failed_ends_in_order_and_the_next_one_as_if_it_had_not(
    shimmed: Zygote, deliveries: dict[str, Recorded], tmp_path: Path, name: str, share: int
) -> None:
    delivery = deliveries[name]
    env = delivery.environment(tmp_path / "disk")
    found = faults(delivery)
    assert FAULTS <= len(found)
    number, way = found[share * len(found) // FAULTS]
    delivery.before(env.home.parent)

    outcome = run(shimmed, env, fault=(number, way))

    assert outcome.exit_code in ENDS, outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert "bug" not in outcome.stderr
    assert outcome.exit_code == 0 or "error: " in outcome.stderr
    again = run(shimmed, env)
    assert again.exit_code == 0, again.stderr
    assert left(env) == delivery.left
