"""What a damaged home does: whether the damage is found, whether it is mended, and what questions get meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.environment import PUBLISHED, STORES, Environment, copied, csv, new_environment
from tests.integrity.damages import DAMAGES, KINDS, Homes, do
from tests.stages.months import history, rows, week

if TYPE_CHECKING:
    from pathlib import Path

QUESTIONS: Final = ("monthly-sales", "fuel-prices")
SAME, REFUSED, CHANGED = "as before", "refused", "CHANGED"


@dataclass(frozen=True)
class Case:
    """What came of one damage: `found` by a look or only by a deep one, `mended` or not, and the questions' answers."""

    found: str
    mended: bool
    meanwhile: str
    named: tuple[str, ...]

    @property
    def cell(self) -> str:
        """The case as the table has it."""
        return f"{self.found}, {'mended' if self.mended else 'backup'}"


def make_homes(folder: Path) -> Homes:
    """Run three months, then corrections and a further store; and beside them a chain with other figures."""
    env = new_environment(folder / "whole")
    env.write(history())
    env.run()
    older = copied(env, folder / "older")
    env.write({**week("2010-04", store=2), "stores/stores2.csv": csv(STORES, "1,A,151316")})
    env.run()
    other = new_environment(folder / "other")
    for name, text in history().items():
        other.write({name: text.replace(".25,", ".75,").replace("42.31", "43.31").replace("151315", "99")})
    other.run()
    return Homes(env, older, other)


def answers(env: Environment) -> list[str]:
    """Return the rows of two questions, one of them over features; an error is none."""
    outcomes = [env.command("analyze", question, "--format", "json") for question in QUESTIONS]
    return [outcome.stdout if outcome.exit_code == 0 else "" for outcome in outcomes]


def case_of(homes: Homes, folder: Path, kind: str, damage: str) -> Case | None:
    """Do the damage, look for it, repair it, and look again; None where the damage would change nothing."""
    env = copied(homes.whole, folder)
    if not do(homes, env, kind, damage):
        return None
    expected, meanwhile = answers(homes.whole), answers(env)
    quick, deep = env.command("verify", "--json"), env.command("verify", "--deep", "--json")
    repaired = env.command("repair", "--source", str(env.source), "--json")
    healthy = env.command("verify", "--deep", "--json").exit_code == 0
    assert (repaired.exit_code == 0) == healthy
    assert answers(env) == expected
    if healthy:
        assert env.files(*PUBLISHED) == homes.whole.files(*PUBLISHED)
        assert rows(env) == rows(homes.whole)
    else:
        assert "backup" in repaired.stdout
    changed = [old for old, new in zip(expected, meanwhile, strict=True) if new not in {old, ""}]
    found = {(3, 3): "found", (0, 3): "found by `--deep`"}.get((quick.exit_code, deep.exit_code), "NOT FOUND")
    told = CHANGED if changed else SAME if meanwhile == expected else REFUSED
    return Case(found, healthy, told, tuple(damage["thing"] for damage in deep.document["damaged"]))


def table(cases: dict[tuple[str, str], Case | None]) -> str:
    """Return the table of all cases, as Markdown."""
    lines = [f"| file | {' | '.join(DAMAGES)} | questions meanwhile |", "|---|" + "---|" * (len(DAMAGES) + 1)]
    for kind in KINDS:
        found = [cases[kind, damage] for damage in DAMAGES]
        told = sorted({case.meanwhile for case in found if case})
        cells = [case.cell if case else "—" for case in found]
        lines.append(f"| {kind} | {' | '.join(cells)} | {', '.join(told)} |")
    return "\n".join(lines)
