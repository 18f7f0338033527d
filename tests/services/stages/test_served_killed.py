"""A run on services that is killed at any moment leaves nothing half, and the same command again repairs it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.resume.conftest import zygote  # noqa: F401
from tests.resume.drops import FIRST, SECOND
from tests.resume.processes import RACES
from tests.services.stages.served import Served, copied, new_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Row
    from tests.resume.processes import Event, Zygote

POINTS = int(os.environ.get("RETAILSTREAM_KILLS", "60" if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else "12"))
"""How many moments of each run are tried; `make test-kills` says another number."""

WORDS = ("run", "--max-rejects", "60%", "--json", "--source")


@dataclass(frozen=True)
class Drop:
    """A delivery to an environment: as it was before, the events of its run, and how it is after."""

    before: Served
    after: Served
    events: list[Event]


@pytest.fixture(scope="module", params=["first", "second"])
def drop(request: pytest.FixtureRequest, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Drop:  # noqa: F811
    before = new_environment(tmp_path_factory.mktemp("before"))
    before.set_up()
    before.write(FIRST)
    if request.param == "second":
        before.run("--max-rejects", "60%")
        before.write(SECOND)
    after = copied(before, tmp_path_factory.mktemp("after"))
    events = zygote.events(after, *WORDS, str(after.source))
    return Drop(before, after, events)


def tables(env: Served) -> dict[str, list[Row]]:
    there = {name for (name,) in env.mariadb.sql("show tables", env.name)}
    return {
        name: env.database(f"select * from {name} order by 1, 2, 3") if name in there else []
        for name in ("sales", "stores", "retailstream_loads")
    }


def rejects(env: Served) -> list[str]:
    return sorted(json.dumps({**entry, "run_id": ""}) for entry in env.quarantine("--all"))


def rows(env: Served) -> dict[str, list[Row]]:
    """Return the rows of the tables and their digests; the number of the form is noted as soon as there are tables."""
    found = tables(env)
    return found | {"retailstream_loads": [row for row in found.get("retailstream_loads", []) if row[0]]}


def assert_readers_see_whole_versions(drop: Drop, env: Served) -> None:
    assert rows(env) in (rows(drop.before), rows(drop.after))
    files = env.files("lake/clean")
    for name, data in files.items():
        if name.endswith("_manifest.json"):
            for partition in json.loads(data)["partitions"].values():
                content = files[f"lake/clean/{partition['file']}"]
                assert hashlib.sha256(content).hexdigest() == partition["sha256"]


@pytest.mark.parametrize("share", [number / POINTS for number in range(POINTS)])
def test_a_killed_run_leaves_nothing_half_and_the_next_one_ends_as_if_it_had_not_been(
    drop: Drop,
    zygote: Zygote,  # noqa: F811
    tmp_path: Path,
    share: float,
) -> None:
    env = copied(drop.before, tmp_path)
    served = [number for number, event in enumerate(drop.events) if event.kind in {"s3", "mysql"}]
    at = served[int(share * len(served))]
    code = zygote.start(env, *WORDS, str(env.source), last=at).wait()
    assert code == -signal.SIGKILL or (code == 0 and at >= len(drop.events) - RACES)

    assert_readers_see_whole_versions(drop, env)

    again = zygote.start(env, *WORDS, str(env.source)).outcome()
    assert again.exit_code == 0, again.stderr
    assert env.files() == drop.after.files()
    assert tables(env) == tables(drop.after)
    assert rejects(env) == rejects(drop.after)
    assert [name for name in env.failing() if name.startswith("reconcile")] == []
    shutil.rmtree(env.home)
