"""What lies in the home of an environment that Airflow has worked on."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.services.airflow_dag.server import Run

ROOT = Path(__file__).parents[3]
CLI = Path(sys.executable).with_name("retailstream")
SALES, STORES = "Store,Dept,Date,Weekly_Sales,IsHoliday", "Store,Type,Size"


def write(source: Path, sales: list[str], *, name: str = "week") -> None:
    """Write a drop of these sales, of a store that is known."""
    files = {f"sales/{name}.csv": [SALES, *sales], f"stores/{name}.csv": [STORES, "1,A,151315"]}
    for path, lines in files.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text("".join(f"{line}\n" for line in lines))
    (source / "features").mkdir()


def cli(*words: str | Path, code: int = 0) -> Any:
    """Run a command outside of Airflow, and return its JSON."""
    done = subprocess.run([CLI, *words, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@dataclass(frozen=True)
class Entry:
    """A run as the ledger has it."""

    stage: str
    attempt: int
    status: str
    exit_code: int | None
    started_at: str
    ended_at: str | None
    process_id: int
    error: str | None

    @property
    def end(self) -> tuple[str, int, str, int | None]:
        """How it ended."""
        return self.stage, self.attempt, self.status, self.exit_code


def entries(home: Path, run: Run) -> list[Entry]:
    """Return what the ledger has of a run, in order; nothing where there is no ledger yet."""
    if not (home / "state.db").exists():
        return []
    columns = ", ".join(field.name for field in fields(Entry))
    query = f"select {columns} from runs where run_id = ? order by rowid"
    with closing(sqlite3.connect(home / "state.db", timeout=10)) as connection:
        if not connection.execute("select 1 from sqlite_master where name = 'runs'").fetchone():
            return []  # the first command is about to make it
        return [Entry(*row) for row in connection.execute(query, (run.id,))]


def ends(home: Path, run: Run) -> list[tuple[str, int, str, int | None]]:
    """Return how the stages of a run ended, by name and attempt."""
    return sorted((entry.end for entry in entries(home, run)), key=lambda end: end[:2])


def rows(home: Path) -> list[tuple[Any, ...]]:
    """Return all rows of the relational database."""
    queries = ("select * from sales order by store, dept, date", "select * from stores order by store")
    with closing(sqlite3.connect(f"file:{home / 'retail.db'}?mode=ro", uri=True)) as connection:
        return [row for query in queries for row in connection.execute(query)]
