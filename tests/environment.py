"""An environment to test in: a source folder, a home, and the command line run within this process."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from typer.testing import CliRunner

from retailstream.adapters.lake.folder import FolderLake
from retailstream.cli.app import app
from retailstream.contracts import CONTRACTS
from retailstream.manifest_files import checksum_of
from retailstream.publishing import PublishedTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Summary = dict[str, Any]
Row = tuple[object, ...]

SALES = "Store,Dept,Date,Weekly_Sales,IsHoliday"
STORES = "Store,Type,Size"
MARKDOWNS = "MarkDown1,MarkDown2,MarkDown3,MarkDown4,MarkDown5"
FEATURES = f"Store,Date,Temperature,Fuel_Price,{MARKDOWNS},CPI,Unemployment,IsHoliday"

PUBLISHED = ("lake", "features", "warehouse")
"""The folders of a home that a run which finds nothing new leaves untouched."""


def csv(*lines: str) -> str:
    """Return the lines as a file."""
    return "".join(f"{line}\n" for line in lines)


def gzipped(text: str | bytes) -> bytes:
    """Return text packed, always as the same bytes."""
    return gzip.compress(text.encode() if isinstance(text, str) else text, mtime=0)  # noqa: TID251 -- no time of day


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The JSON document of the last line of stdout."""
        assert self.stdout, self.stderr
        return json.loads(self.stdout.splitlines()[-1])

    @property
    def error(self) -> str:
        """The error as stderr has it, without the hint."""
        return next((line for line in self.stderr.splitlines() if line.startswith("error: ")), "")


@dataclass(frozen=True)
class Environment:
    """A source folder and a home, both empty at first."""

    source: Path
    home: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files below the source."""
        for name, content in files.items():
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    @property
    def options(self) -> list[str]:
        """What tells a command which environment is meant."""
        return ["--home", str(self.home)]

    def command(self, *words: str) -> Outcome:
        """Run a command; whatever it meets, it ends without a traceback and does not blame itself."""
        result = CliRunner().invoke(app, [*words, *self.options])
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert "Traceback" not in result.stderr
        assert "this is a bug" not in result.stderr, result.stderr
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def stage(self, *words: str, code: int = 0) -> Summary:
        """Run a command with `--json` that ends with this exit code, and return its summary."""
        outcome = self.command(*words, "--json")
        assert outcome.exit_code == code, outcome.stderr
        summary: Summary = outcome.document
        return summary

    def run(self, *words: str, code: int = 0) -> Summary:
        """Run all stages over the source."""
        return self.stage("run", "--source", str(self.source), *words, code=code)

    def quarantine(self, *words: str) -> list[Summary]:
        """Return the entries that `quarantine list` shows."""
        items: list[Summary] = self.command("quarantine", "list", "--format", "json", *words).document
        return items

    def checks(self) -> dict[str, Summary]:
        """Return the checks of `monitor` by name."""
        return {check["name"]: check for check in self.stage("monitor")["checks"]}

    def failing(self) -> list[str]:
        """Return the names of the checks that fail."""
        return [name for name, check in self.checks().items() if check["state"] == "fail"]

    def clean(self, dataset: str) -> list[Row]:
        """Return the clean rows of a dataset by key, and for each the landing, file and record it came from."""
        folder = "warehouse" if dataset == "features" else "lake/clean"
        table = PublishedTable(FolderLake(self.home / folder), CONTRACTS[dataset])
        paths = [str(path) for path in table.paths(table.manifest())]
        if not paths:
            return []
        with duckdb.cursor() as connection:
            query = f"from read_parquet($paths, hive_partitioning = false) order by {', '.join(table.contract.key)}"
            return connection.execute(query, {"paths": paths}).fetchall()

    def database(self, query: str) -> list[Row]:
        """Return the answer of the relational database."""
        with closing(sqlite3.connect(f"file:{self.home / 'retail.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def change_database(self, statements: str) -> None:
        """Change the relational database behind the product's back."""
        with closing(sqlite3.connect(self.home / "retail.db", isolation_level=None)) as connection:
            connection.executescript(statements)

    def change_state(self, statement: str, *values: object) -> None:
        """Change the memory of the environment behind the product's back; marks are `?`."""
        with closing(sqlite3.connect(self.home / "state.db", isolation_level=None)) as connection:
            connection.execute(statement, values)

    def address(self, path: Path) -> str:
        """Return what the product calls a file of the home."""
        return str(path)

    def overwrite(self, path: Path, data: bytes) -> None:
        """Give other bytes to a file of the home, as whoever owns the place would."""
        path.write_bytes(data)

    def files(self, *folders: str) -> dict[str, bytes]:
        """Return the content of every file in these folders of the home."""
        return {
            path.relative_to(self.home).as_posix(): path.read_bytes()
            for folder in folders or PUBLISHED
            for path in sorted((self.home / folder).rglob("*"))
            if path.is_file()
        }

    def times(self, *folders: str) -> dict[str, tuple[int, int]]:
        """Return when every file and folder of these folders was changed last, and its inode."""
        return {
            path.relative_to(self.home).as_posix(): (path.stat().st_mtime_ns, path.stat().st_ino)
            for folder in folders or PUBLISHED
            for path in sorted((self.home / folder).rglob("*"))
        }


def sealed(document: Mapping[str, Any]) -> bytes:
    """Return a manifest that somebody has changed, with the checksum that it must have then."""
    rest = {name: value for name, value in document.items() if name != "checksum"}
    return json.dumps({**rest, "checksum": checksum_of(rest)}).encode()


def of_format_1(document: Mapping[str, Any]) -> bytes:
    """Return a manifest as it was stored before there were checksums."""
    return json.dumps({name: value for name, value in document.items() if name != "checksum"} | {"format": 1}).encode()


def new_environment(folder: Path) -> Environment:
    """Return an environment within a folder."""
    source = folder / "source"
    source.mkdir(parents=True)
    return Environment(source, folder / "home")


def copied(env: Environment, folder: Path) -> Environment:
    """Return a copy of an environment, so that a test may change what took others long to make."""
    shutil.copytree(env.source, folder / "source")
    # A reader of the database leaves empty files of its log behind.
    shutil.copytree(env.home, folder / "home", ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    return Environment(folder / "source", folder / "home")


def chain_environment(folder: Path) -> Environment:
    """Return an environment that the chain of `tests/analytics/fixtures` was run into."""
    env = new_environment(folder)
    shutil.copytree(Path(__file__).parent / "analytics" / "fixtures" / "chain", env.source, dirs_exist_ok=True)
    env.run()
    return env


def any_weeks(patch: pytest.MonkeyPatch) -> None:
    """Let a chain be as healthy with gaps in it: weeks far apart or to come, stores that stay away or that no store file has."""
    limits = {"ORPHAN_STORES": 99, "MISSING_STORES": 99, "DATE_GAP_DAYS": 0, "FUTURE_DAYS": 36_500}
    for name, limit in limits.items():
        patch.setenv(f"RETAILSTREAM__QUALITY__MAX_{name}", str(limit))


@contextmanager
def any_number_sharing_keys() -> Iterator[None]:
    """Let all records of a file share their key: in files of a few records two are more than any limit allows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETAILSTREAM__QUALITY__MAX_SUPERSEDED_IN_FILE", "100%")
        yield


def law_holds(counts: Mapping[str, int]) -> bool:
    """Say whether every record is accounted for."""
    told = ("rows_out", "rows_quarantined", "rows_duplicate", "rows_superseded")
    return counts["rows_in"] == sum(counts[name] for name in told)
