"""The power is cut at any moment: the same command ends as if it had not been."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from tests.power.disk import FILE_SYSTEMS, Disk, FileSystem
from tests.power.shimmed import left, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.power.shimmed import Recorded
    from tests.resume.processes import Zygote

MOMENTS: Final = int(os.environ.get("MOMENTS", "16"))
"""How many moments; `make test-power` has more of them."""

SEED: Final = int(os.environ.get("SEED", "0"))


def at(delivery: Recorded, moment: int) -> Disk:
    """Return the disk after so many calls."""
    root = next(event.path for event in delivery.events if event.path).partition("/during/")[0]
    disk = Disk(delivery.disk, f"{root}/during")
    for event in delivery.events[:moment]:
        disk.play(event)
    return disk


def cases(moments: int) -> list[tuple[str, FileSystem, int]]:
    """Return deliveries, file systems and numbers of cuts, in turn."""
    return [(("first", "second")[n % 2], FILE_SYSTEMS[n // 2 % 2], SEED + n) for n in range(moments)]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind", "number"), cases(MOMENTS))
def test_a_run_whose_power_was_cut_ends_as_if_it_had_not_been(
    shimmed: Zygote, deliveries: dict[str, Recorded], tmp_path: Path, name: str, kind: FileSystem, number: int
) -> None:
    delivery, random = deliveries[name], Random(number)
    env = delivery.environment(tmp_path / "disk")
    at(delivery, random.randrange(len(delivery.events))).cut(random, kind, env.home.parent)

    outcome = run(shimmed, env)

    assert outcome.exit_code == 0, outcome.stderr
    assert left(env) == delivery.left


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind", "number"), cases(8))
def test_what_a_run_said_was_done_is_there_after_a_cut(
    deliveries: dict[str, Recorded], tmp_path: Path, name: str, kind: FileSystem, number: int
) -> None:
    delivery = deliveries[name]
    env = delivery.environment(tmp_path / "disk")

    at(delivery, len(delivery.events)).cut(Random(number), kind, env.home.parent)

    found = left(env)
    assert replace(found, files={}) == replace(delivery.left, files={})
    assert found.files.items() >= delivery.left.files.items()  # files that were swept away may be back
