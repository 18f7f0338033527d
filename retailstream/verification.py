"""A look for damage with the adapters of an environment."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from retailstream import wiring
from retailstream.adapters.sqlite_file import problems
from retailstream.integrity import Holdings, verify
from retailstream.integrity.damage import DATABASE, MEMORY

if TYPE_CHECKING:
    from retailstream.integrity import Findings
    from retailstream.ports import Database
    from retailstream.wiring import Environment


def look(env: Environment, *, deep: bool) -> Findings:
    """Return what is damaged of an environment; nothing is changed."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(TemporaryDirectory()), "engine")
        url = env.settings.database.url
        files = {} if url.startswith("mysql") else {MEMORY: env.home / "state.db", DATABASE: wiring.database_file(url)}

        def database() -> Database:
            return stack.enter_context(wiring.open_database(url, create=False))

        return verify(
            Holdings(
                state=lambda: env.memory.state,
                books=env.books,
                raw=env.raw_lake,
                clean=env.clean_lake(),
                database=database,
                warehouse=stack.enter_context(wiring.open_warehouse(env.settings)),
                engine=stack.enter_context(wiring.open_engine(env.settings, work, env.duckdb)),
                limits=env.read_limits,
                problems={place: partial(problems, path, deep=deep) for place, path in files.items()},
            ),
            deep=deep,
        )
