"""Is everything there that an environment needs? Each part is tried, not just looked up."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from retailstream import questions, wiring
from retailstream.access import too_open
from retailstream.adapters.sqlite_file import problems
from retailstream.adapters.state.sqlite import refuse_newer_home
from retailstream.contracts import CONTRACTS
from retailstream.errors import RetailStreamError
from retailstream.masking import masked_text
from retailstream.memory import open_memory
from retailstream.places import check_folders, check_places
from retailstream.ports import no_progress
from retailstream.source_files import scan
from retailstream.targets import check_file, check_folder
from retailstream.transfers import Place, open_extractor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from retailstream.access import Access
    from retailstream.settings import Settings
    from retailstream.settings.tree import Source

State = Literal["OK", "SKIPPED", "FAILED"]


@dataclass(frozen=True)
class Finding:
    """One dependency: whether it works, and what was found or why not."""

    name: str
    state: State
    detail: str

    def as_dict(self) -> dict[str, str]:
        """Return the finding as the listing prints it."""
        return asdict(self)


def diagnose(home: Path, settings: Settings) -> Iterator[Finding]:
    """Try every part that the settings name; parts that they do not name are skipped."""
    yield _tried("home", lambda: _home(home, settings.access))
    yield _tried("state", lambda: _state(home, settings.database.url))
    yield _tried("places", lambda: _apart(home, settings))
    yield _tried("source", lambda: _source(settings.source))
    for name, url in (
        ("lake.raw", settings.lake.raw),
        ("lake.clean", settings.lake.clean),
        ("features", settings.features.url),
    ):
        yield _tried(name, lambda url=url: _lake(settings, url))  # type: ignore[misc]
    yield _tried("warehouse", lambda: _warehouse(settings))
    yield _tried("database", lambda: _database(settings.database.url))
    yield _tried("engine", lambda: _engine(settings))
    yield _tried("analyze", lambda: _analyze(settings))
    yield _tried("sqoop", lambda: _sqoop(settings))
    yield _tried("pandas", lambda: metadata.version("pandas"))
    yield _tried("charts", _charts)
    yield _tried("pushgateway", lambda: _pushgateway(settings.monitoring.pushgateway))
    yield _tried("metrics_file", lambda: _metrics_file(settings.monitoring.metrics_file))


def _tried(name: str, attempt: Callable[[], str | Finding]) -> Finding:
    try:
        found = attempt()
    except RetailStreamError as error:
        return Finding(name, "FAILED", error.message)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return Finding(name, "FAILED", masked_text(f"{place}{error.strerror or error}"))
    except (sqlite3.Error, metadata.PackageNotFoundError, ImportError) as error:
        return Finding(name, "FAILED", masked_text(f"{type(error).__name__}: {error}"))
    return found if isinstance(found, Finding) else Finding(name, "OK", found)


def _writable(folder: Path, name: str) -> str:
    check_folder(folder, name)
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not os.access(there, os.W_OK):
        raise RetailStreamError(f"{there} cannot be written to")
    return f"{folder.absolute()}{'' if folder.exists() else ' (made by the first run)'}"


def _home(home: Path, access: Access) -> str:
    """Tell of a home that was made when others could read it: what is there already keeps its mode."""
    refuse_newer_home(home)
    found = _writable(home, "the home")
    others = {"owner": "go=", "group": "o="}
    if home.is_dir() and too_open(home, access):
        return f"{found}, which others may read: chmod -R {others[access]} {home.absolute()}"
    return found


def _state(home: Path, database: str) -> str:
    """Read the whole memory of the environment: a file that was cut off opens as well as a whole one."""
    path = home / "state.db"
    if database.startswith("mysql"):
        with open_memory(home, database, create=False) as memory:
            return f"{len(memory.ledger.stages()):,} stages have run"
    if found := problems(path, deep=False):
        raise RetailStreamError(f"{path} is damaged: {' '.join(found[0].split())}")
    return f"{path.absolute()}{'' if path.exists() else ' (made by the first run)'}"


def _apart(home: Path, settings: Settings) -> str:
    check_places(settings)
    check_folders(home, settings)
    return "each is a folder, and lies apart"


def _source(source: Source) -> str | Finding:
    folder = Path(source.path)
    if not folder.is_dir():
        return Finding("source", "SKIPPED", f"{folder} does not exist; name a folder with --source or source.path")
    return f"{folder.absolute()}, {scan(folder, CONTRACTS, follow_links=source.follow_links).readable:,} files"


def _lake(settings: Settings, url: str) -> str:
    lake = wiring.open_lake(settings, url)
    return f"{lake.url}, {len(lake.sizes('')):,} objects"


def _warehouse(settings: Settings) -> str:
    with wiring.open_warehouse(settings) as warehouse:
        rows = [f"{name} {warehouse.table(contract).manifest().rows:,}" for name, contract in CONTRACTS.items()]
    return f"{warehouse.url}, rows of {', '.join(rows)}"


def _database(url: str) -> str:
    with wiring.open_database(url, create=False) as database:
        tables = [name for name, contract in CONTRACTS.items() if database.digests(contract) is not None]
        version = f"; SQLite {sqlite3.sqlite_version}" if url.startswith("sqlite") else ""
        return f"{database.url}, tables {', '.join(tables) or 'none yet'}{version}"


def _analyze(settings: Settings) -> str:
    query = "select count(*) as stores from stores"
    asked = questions.put(settings, lambda engine: engine.answer("doctor", query, {}))
    ((stores,),) = asked.found.rows
    return f"{settings.analyze.engine}, which finds {stores:,} stores"


def _sqoop(settings: Settings) -> str:
    if settings.sqoop.engine == "native":
        return "native, in this process"
    with TemporaryDirectory() as folder:
        place = Place(Path(folder), partial(wiring.open_lake, settings), no_progress)
        with open_extractor(settings, place) as extractor:
            return extractor.check()


def _pushgateway(url: str) -> str | Finding:
    if not url:
        return Finding("pushgateway", "SKIPPED", "monitoring.pushgateway is not set")
    from retailstream.adapters.metrics.pushgateway import Pushgateway  # noqa: PLC0415 -- what is named, and no more

    gateway = Pushgateway(url)
    gateway.check()
    return f"{gateway.address}, ready"


def _metrics_file(path: str) -> str | Finding:
    if not path:
        return Finding("metrics_file", "SKIPPED", "monitoring.metrics_file is not set")
    check_file(Path(path), "monitoring.metrics_file", makes_folder=True)
    return _writable(Path(path).parent, "the folder of monitoring.metrics_file")


def _charts() -> str:
    import_module("vl_convert")  # machine code, which may be there and not load
    return f"altair {metadata.version('altair')}, vl-convert {metadata.version('vl-convert-python')}"


def _engine(settings: Settings) -> str:
    memory = f"{settings.engine.memory} of memory"
    with TemporaryDirectory() as folder, wiring.open_engine(settings, Path(folder, "engine")) as engine:
        engine.fingerprint(CONTRACTS["stores"], [])
    if settings.engine.name == "glue" and not settings.engine.glue_job:
        raise RetailStreamError("engine.glue_job is not set")
    if settings.engine.name == "spark":
        with TemporaryDirectory() as folder, wiring.open_merger(settings, Path(folder, "engine")) as merger:
            merger.check(CONTRACTS["stores"], [], settled=()).merge(current={})
        return f"spark {metadata.version('pyspark')}, {memory}"
    return f"duckdb {metadata.version('duckdb')}, {memory}"
