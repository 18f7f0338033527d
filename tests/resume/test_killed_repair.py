"""A repair killed at any moment: questions meanwhile are right or refused, and the same command again ends as if it had not been."""

from __future__ import annotations

import random
import shutil
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.environment import Environment, copied
from tests.integrity.cases import QUESTIONS, make_homes
from tests.integrity.damages import DAMAGES, KINDS, do
from tests.resume.processes import Moment
from tests.resume.test_killed import KILLS, SEED, landings, rejects, tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integrity.damages import Homes
    from tests.resume.processes import Event, Zygote

Damage = tuple[str, str]

ROWS = {
    "a row changed": "update sales set weekly_sales_cents = 7 where dept = 1 and date = '2010-03-05'",
    "a row gone": "delete from stores where store = 2",
}
"""What else is done to the database: it stays one, with other rows."""

ALL = {kind: DAMAGES for kind in KINDS if kind != "memory"} | {"database": {**DAMAGES, **ROWS}}
"""What can be done to each kind of file that a repair makes anew."""

MANY: tuple[Damage, ...] = (
    ("raw sales file", "bit flipped"),
    ("clean month of sales", "bit flipped"),
    ("manifest of clean sales", "zeroed"),
    ("database", "a row changed"),
    ("month of features in the warehouse", "gone"),
    ("stores in the warehouse", "other version"),
)
"""Something of every place."""

UNREAD: tuple[Damage, ...] = (("database", "zeroed"), ("manifest of sales in the warehouse", "gone"))
"""What SQLite cannot read is set aside."""

TURNS = {
    "a manifest is taken away": ("many", "around", "os.remove", "clean/sales/_manifest.json"),
    "a raw file is taken away": ("many", "around", "os.remove", "2010-03-1.csv"),
    "a raw file is back": ("many", "around", "os.rename", "2010-03-1.csv"),
    "a table is marked": ("many", "around", "os.rename", "features/_damaged"),
    "the clean table is made": ("many", "glue-merge", "os.rename", "_manifest.json"),
    "the database is loaded": ("many", "load-rds", "sqlite", "commit"),
    "the features are made": ("many", "features", "os.rename", ".parquet"),
    "the warehouse is made": ("unread", "sqoop", "os.rename", "_manifest.json"),
    "the mark is taken away": ("many", "sqoop", "os.remove", "_damaged"),
    "a database is set aside": ("unread", "around", "os.rename", "retail.db.damaged"),
    "a new database is loaded": ("unread", "load-rds", "sqlite", "commit"),
}
"""What turns a damaged home into a whole one, and the first event of it."""

FAST = ("the clean table is made", "a database is set aside")


@dataclass(frozen=True)
class Mended:
    """A damaged home, and what a repair does that nothing disturbs."""

    before: Environment
    after: Environment
    events: list[Event]

    def into(self, folder: Path) -> Environment:
        """Return a copy of the damaged home."""
        return copied(self.before, folder)


@dataclass(frozen=True)
class Chain:
    """A whole home with others to take damaged files from, and what questions get of it."""

    homes: Homes
    answers: list[str | None]

    @property
    def whole(self) -> Environment:
        """The home as it should be."""
        return self.homes.whole


@pytest.fixture(scope="module")
def chain(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    homes = make_homes(tmp_path_factory.mktemp("homes"))
    return Chain(homes, answers(zygote, homes.whole))


@pytest.fixture(scope="module")
def cases(zygote: Zygote, chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Mended]:
    damages = {"many": MANY, "unread": UNREAD}
    return {name: mended(zygote, chain, tmp_path_factory.mktemp(name), damages[name]) for name in damages}


def words(env: Environment) -> tuple[str, ...]:
    return ("repair", "--source", str(env.source))


def mended(zygote: Zygote, chain: Chain, folder: Path, damages: tuple[Damage, ...]) -> Mended:
    before = copied(chain.whole, folder / "before")
    for kind, damage in damages:
        if damage in ROWS:
            before.change_database(ROWS[damage])
        else:
            do(chain.homes, before, kind, damage)
    after = copied(before, folder / "after")
    events = zygote.events(after, *words(after))
    assert_whole(zygote, chain, after)
    return Mended(before, after, events)


def answers(zygote: Zygote, env: Environment) -> list[str | None]:
    """Return the rows of questions; None for one that is refused."""
    asked = [zygote.start(env, "analyze", question, "--format", "json").outcome() for question in QUESTIONS]
    return [outcome.stdout if outcome.exit_code == 0 else None for outcome in asked]


def assert_readers_see_the_right_rows_or_none(zygote: Zygote, chain: Chain, env: Environment) -> None:
    """Read a copy, so that the repair which comes next finds what the killed one left."""
    copy = copied(env, env.home.parent / "copy")
    for told, right in zip(answers(zygote, copy), chain.answers, strict=True):
        assert told in (None, right)
    found = zygote.start(copy, "verify", "--deep", "--json").outcome()
    if copy.files() != chain.whole.files() or tables(copy) != tables(chain.whole):
        assert found.exit_code == 3, found.stderr
        assert found.document["damaged"]
    else:
        assert found.exit_code in (0, 3), found.stderr
    shutil.rmtree(copy.home.parent)


def assert_whole(zygote: Zygote, chain: Chain, env: Environment) -> None:
    assert env.files() == chain.whole.files()
    assert tables(env) == tables(chain.whole)
    assert rejects(env) == rejects(chain.whole)
    assert landings(env) == landings(chain.whole)
    assert zygote.start(env, "verify", "--deep").outcome().exit_code == 0


def finish(zygote: Zygote, chain: Chain, env: Environment) -> None:
    outcome = zygote.start(env, *words(env)).outcome()
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr
    assert_whole(zygote, chain, env)


def moment(case: Mended, stage: str, kind: str, ending: str) -> Moment:
    """Return the moment of the first event that is of this kind and ends so."""
    alike = [event for event in case.events if event.stage == stage and event.detail.endswith(ending)]
    return Moment(stage, ending, [event.kind for event in alike].index(kind))


@pytest.mark.parametrize("step", [0, 1], ids=["before", "after"])
@pytest.mark.parametrize("turn", [pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in TURNS])
def test_a_repair_killed_as_something_turns_whole_is_ended_by_the_next(
    zygote: Zygote, chain: Chain, cases: dict[str, Mended], tmp_path: Path, turn: str, step: int
) -> None:
    name, *event = TURNS[turn]
    case, env = cases[name], cases[name].into(tmp_path)
    last = replace(moment(case, *event), later=step)
    assert zygote.start(env, *words(env), last=last).wait() == -signal.SIGKILL

    assert_readers_see_the_right_rows_or_none(zygote, chain, env)
    finish(zygote, chain, env)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEED, SEED + KILLS))
def test_a_repair_killed_at_random_is_ended_by_the_next(
    zygote: Zygote, chain: Chain, tmp_path: Path, seed: int
) -> None:
    """Any one to four damages, any event; every third repair that is to end a killed one is killed as well."""
    chance = random.Random(seed)
    kinds = chance.sample(sorted(ALL), chance.randint(1, 4))
    damages = tuple((kind, chance.choice(sorted(ALL[kind]))) for kind in kinds)
    case = mended(zygote, chain, tmp_path / "case", damages)
    env = case.into(tmp_path / "killed")

    for _ in range(1 + (chance.random() < 1 / 3)):
        assert zygote.start(env, *words(env), last=chance.randrange(len(case.events))).wait() in (-signal.SIGKILL, 0)
        assert_readers_see_the_right_rows_or_none(zygote, chain, env)

    finish(zygote, chain, env)
    shutil.rmtree(tmp_path)
