"""The comparisons on a set of the real size."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import Cost, Process, measure, ours, peer

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = Path(__file__).parents[2] / "shared" / "datasets" / "retail"

ANALYZE_LIMIT = Cost(0.8, 0)
FORECAST_LIMIT = Cost(5, 1000)
REPORT_LIMIT = Cost(15, 0)
IN_SECONDS = "a limit in seconds"


@dataclass(frozen=True)
class Result:
    """One comparison: `limit` is the ratio that ours must not exceed."""

    name: str
    rows: int
    ours: Cost
    beside: str
    peer: Cost
    limit: float
    most_megabytes: float = 0

    @property
    def ratio(self) -> float:
        """Our seconds by the peer's."""
        return self.ours.seconds / self.peer.seconds

    @property
    def within(self) -> bool:
        """Whether the limit is kept, and the memory where one is named."""
        return self.ratio <= self.limit and not 0 < self.most_megabytes < self.ours.megabytes


def line(result: Result) -> str:
    """Return a comparison in one line."""
    return (
        f"{result.name:34} {result.rows:>11,} {result.ours.seconds:>8.2f} {result.ours.megabytes:>6.0f}"
        f"   {result.beside:34} {result.peer.seconds:>8.2f} {result.peer.megabytes:>6.0f}"
        f"   {result.ratio:5.2f}  {result.limit:.2f}{'' if result.within else '  over'}"
    )


def sample(folder: Path, **sizes: int) -> Path:
    """Write a synthetic set, of about the real size unless told otherwise."""
    words = [word for name, size in sizes.items() for word in (f"--{name}", str(size))]
    retailstream("sample", str(folder), *words)
    return folder


def multiplied(work: Path, times: int, *datasets: str) -> Path:
    """Return files of a chain with so many times the stores: each copy counts its own from another thousand."""
    source = REAL if REAL.is_dir() else sample(work / "sample")
    if times == 1:
        return source
    for path in sorted(path for dataset in datasets for path in (source / dataset).rglob("*.csv")):
        header, *lines = path.read_text().splitlines()
        parts = [line.partition(",") for line in lines]
        copies = (f"{int(store) + 1_000 * copy},{rest}" for copy in range(times) for store, _, rest in parts)
        target = work / "source" / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join((header, *copies)))
    return work / "source"


def retailstream(*words: str) -> dict[str, object]:
    """Run a command that is not measured, and return its summary."""
    command = (*ours(*words).words, "--json")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    document: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return document


def measure_all(source: Path, work: Path, rounds: int) -> Iterator[Result]:
    """Yield every comparison as it is measured."""
    home, out = work / "home", work / "out"
    retailstream("ingest", "--source", str(source), "--home", str(home))
    rows = int(str(retailstream("run", "--source", str(source), "--home", str(home))["rows_out"]))

    def run_anew() -> None:
        shutil.rmtree(work / "fresh", ignore_errors=True)

    def out_anew() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()

    first = ours("run", "--source", str(source), "--home", str(work / "fresh"), prepare=run_anew)
    script = peer("-m", "benchmarks.peers.straight_line", str(source), str(out), prepare=out_anew)
    weekly, week_rows = one_more_week(home, work)
    whole, straight, week = measure([first, script, weekly], rounds)
    yield Result("run", rows, whole, "straight-line script", straight, 2.0, most_megabytes=600)
    yield Result("run, one more weekly file", week_rows, week, "the first full run", whole, 0.25)

    def not_merged() -> None:
        shutil.rmtree(home / "lake" / "clean")

    merge = ours("glue-merge", "--home", str(home), prepare=not_merged)
    raw = home / "lake" / "raw" / "sales"
    bare = [
        peer("-m", "benchmarks.peers.bare_merge", str(raw), str(out / "sales.parquet"), types, prepare=out_anew)
        for types in ("given", "sniffed")
    ]
    merged, given, sniffed = measure([merge, *bare], rounds)
    yield Result("glue-merge", rows, merged, "bare DuckDB, types given", given, 2.0)
    yield Result("glue-merge", rows, merged, "bare DuckDB, types sniffed", sniffed, 2.0)

    def not_loaded() -> None:
        for path in home.glob("retail.db*"):
            path.unlink()

    load = ours("load-rds", "--home", str(home), prepare=not_loaded)
    clean = home / "lake" / "clean" / "sales"
    insert = peer("-m", "benchmarks.peers.bare_insert", str(clean), str(out / "retail.db"), prepare=out_anew)
    yield Result("load-rds", rows, *_beside("bare sqlite3, 500 rows a statement", measure([load, insert], rounds)), 1.5)

    retailstream("run", "--source", str(source), "--home", str(home))
    yield from _analyses(home, rounds)
    yield from _reports(home, work, rounds)
    page, imports = measure([ours("--help"), peer("-c", "import typer, rich")], rounds * 2)
    yield Result("--help", 0, page, "import typer, rich", imports, 2.0)


def _beside(name: str, costs: list[Cost]) -> tuple[Cost, str, Cost]:
    mine, theirs = costs
    return mine, name, theirs


def one_more_week(home: Path, work: Path) -> tuple[Process, int]:
    """Return the run that takes one more weekly file into the whole history, and the rows of that file."""
    week, updated = work / "week", work / "updated"
    rows = _next_week(home, week / "sales" / "next.csv")

    def with_history() -> None:
        shutil.rmtree(updated, ignore_errors=True)
        shutil.copytree(home, updated)

    return ours("run", "--source", str(week), "--home", str(updated), prepare=with_history), rows


def _next_week(home: Path, file: Path) -> int:
    """Write the last week of the raw sales once more, a week later, and return its rows."""
    last = datetime.min  # noqa: DTZ901 -- a day has no zone
    week: list[list[str]] = []
    header: list[str] = []
    for path in sorted((home / "lake" / "raw" / "sales").rglob("*.csv")):
        with path.open() as stream:
            header, *records = csv.reader(stream)
        newest = max(_day(record[2]) for record in records)
        if newest > last:
            last, week = newest, []
        week += [record for record in records if _day(record[2]) == last]
    file.parent.mkdir(parents=True)
    following = f"{last + timedelta(days=7):%Y-%m-%d}"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *([*record[:2], following, *record[3:]] for record in week)])
    return len(week)


@cache
def _day(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y" if "/" in text else "%Y-%m-%d")  # noqa: DTZ007 -- a day has no zone


def _analyses(home: Path, rounds: int) -> Iterator[Result]:
    """Each analysis as a whole process, against a time."""
    listed = retailstream("analyze", "list", "--home", str(home))["items"]
    assert isinstance(listed, list)
    for item in listed:
        name = item["name"]
        [cost] = measure([ours("analyze", name, "--home", str(home), "--format", "csv")], rounds)
        rows = int(str(retailstream("analyze", name, "--home", str(home))["rows"]))
        limit = FORECAST_LIMIT if name == "unemployment-forecast" else ANALYZE_LIMIT
        yield Result(f"analyze {name}", rows, cost, IN_SECONDS, limit, 1.0)


def _reports(home: Path, work: Path, rounds: int) -> Iterator[Result]:
    """Yield the forecast, its backtest and the report of all answers, forecast included, as whole processes."""
    forecast = ours("forecast", "--home", str(home), "--output", str(work / "forecast.parquet"))
    backtest = ours("forecast", "--backtest", "--home", str(home), "--format", "csv")
    report = ours("analyze", "all", "--home", str(home), "--report", str(work / "report"))
    costs = measure([forecast, backtest, report], rounds)
    rows = int(str(retailstream("forecast", "--home", str(home))["rows"]))
    yield Result("forecast", rows, costs[0], IN_SECONDS, FORECAST_LIMIT, 1.0, most_megabytes=1000)
    yield Result("forecast --backtest", 0, costs[1], IN_SECONDS, REPORT_LIMIT, 1.0)
    yield Result("analyze all --report", 0, costs[2], IN_SECONDS, REPORT_LIMIT, 1.0)
