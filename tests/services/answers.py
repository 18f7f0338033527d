"""What is asked of every engine, and the answers as text, so that each cell, each type and the order must agree."""

from __future__ import annotations

import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream import settings
from retailstream.analytics.catalog import use_cases
from retailstream.analytics.export import ask, json_text
from retailstream.questions import ask as put
from tests.environment import Environment, new_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retailstream.querying import QueryEngine

Question = tuple[str, dict[str, object]]

SOURCES = {
    "chain": Path(__file__).parents[1] / "analytics" / "fixtures" / "chain",
    "real": Path(__file__).parents[3] / "shared" / "datasets" / "retail",
}

QUESTIONS: Mapping[str, list[Question]] = {
    "chain": [
        *((name, {}) for name in use_cases()),
        ("customer-visits", {"type": "A", "month": 2, "basket": 4}),
        ("customer-visits", {"type": "C", "month": 7, "basket": "39.50"}),
        ("customer-visits", {"basket": "0.01"}),
        ("customer-visits", {"type": "Z"}),
        ("customer-visits", {"type": "' or '1'='1"}),
        ("customer-visits", {"type": "\\' or 1=1 -- "}),
        ("unemployment-forecast", {"threshold": "8.0000000001"}),
        ("weekly-top-stores", {"top": 1}),
        ("weekly-top-stores", {"top": 50}),
    ],
    "real": [
        *((name, {}) for name in use_cases()),
        ("customer-visits", {"type": "A", "month": 12, "basket": "39.50"}),
        ("weekly-top-stores", {"top": 45}),
    ],
}
"""The set of ties, nulls and negatives with many parameters, the real one with a few."""


class Filled:
    """Environments by the name of the source that was run into each, made when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Environment] = {}

    def __getitem__(self, name: str) -> Environment:
        if name not in self._made:
            if not SOURCES[name].is_dir():
                pytest.skip(f"{SOURCES[name]} is not there")
            env = new_environment(self._folder / name)
            shutil.copytree(SOURCES[name], env.source, dirs_exist_ok=True)
            with pytest.MonkeyPatch.context() as patched:
                patched.setenv("RETAILSTREAM__QUALITY__MAX_ORPHAN_STORES", "99")  # the chain has some
                env.run()
            self._made[name] = env
        return self._made[name]


class Embedded(Filled):
    """Environments on this machine alone, and DuckDB's answers from the folders of their warehouses."""

    def __getitem__(self, name: str) -> Environment:
        assert "RETAILSTREAM__WAREHOUSE__URL" not in os.environ, "what is made now would not be on this machine alone"
        return super().__getitem__(name)

    @cache  # noqa: B019 -- there is one
    def expected(self, name: str) -> list[str]:
        """Return all answers."""
        return answers(self[name], "duckdb", QUESTIONS[name])


def answers(env: Environment, engine: str, questions: list[Question]) -> list[str]:
    """Return all answers of an engine, opened once: columns, types, headline and rows."""
    loaded = settings.load(home=env.home, config=None, flags={"analyze.engine": engine})

    def question(queries: QueryEngine) -> list[str]:
        return [_told(queries, name, parameters) for name, parameters in questions]

    return put(env.home, loaded.settings, question).found


def _told(queries: QueryEngine, name: str, parameters: dict[str, object]) -> str:
    found = ask(queries, name, parameters)
    head = json.dumps([name, found.answer.columns, found.types, found.answer.headline])
    rows = json_text(found).replace("}, {", "},\n{")
    return f"{head}\n{rows}"


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    """Environments on this machine alone."""
    return Embedded(tmp_path_factory.mktemp("embedded"))
