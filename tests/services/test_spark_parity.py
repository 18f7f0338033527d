"""DuckDB and both versions of Spark clean and merge the same files into the same rows, with the same rejects."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from itertools import count, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from retailstream import cleaning
from retailstream.adapters.engine.duckdb import open_duckdb
from tests.environment import FEATURES, SALES, STORES
from tests.services.merging_jobs import Job, merge
from tests.services.servers import INSTALLED, require
from tests.stages import test_dirty_fields as literals
from tests.stages.test_law import files, quoted, spoilt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.ports import Merger

ROOT = Path(__file__).parents[2]
SPARK_3_5 = INSTALLED.parent / "spark35" / "bin" / "python"
HEADERS = {"sales": f"{SALES},Customers", "features": f"{FEATURES},Customers", "stores": STORES}
DATASETS = tuple(HEADERS)
GZIP = b"\x1f\x8b"

EXAMPLES = settings.default.max_examples // 50 if settings.default else 2
"""An example is dozens of files, and costs Spark seconds."""


@dataclass
class Spark:
    """A version of Spark at work in an environment of Python of its own."""

    process: subprocess.Popen[str]
    log: Path

    def merge(self, job: Job) -> Job:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.log.read_text()[-3000:]
        answer: Job = json.loads(line)
        return answer


@contextmanager
def opened(python: Path, folder: Path) -> Iterator[Spark]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": str(python)}
    command = [str(python), "-m", "tests.services.merging_jobs", str(folder / "work")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    with process:
        yield Spark(process, folder / "log")
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0, (folder / "log").read_text()[-3000:]
    assert (folder / "log").read_text() == ""  # nothing is told where nothing is wrong
    assert {path.name for path in folder.iterdir()} == {"log"}  # nor anything left


@pytest.fixture(scope="module", params=["4", "3.5"])
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    if request.param == "4":
        require(_has_spark(), "pyspark 4 is missing: pip install 'retailstream[spark]'")
        python = Path(sys.executable)
    else:
        require(SPARK_3_5.exists(), f"{SPARK_3_5} is missing: make services")
        python = SPARK_3_5
    with opened(python, tmp_path_factory.mktemp(f"spark{request.param}")) as worker:
        yield worker


def _has_spark() -> bool:
    try:
        return int(metadata.version("pyspark").split(".")[0]) >= 4
    except metadata.PackageNotFoundError:
        return False


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merger]:
    with open_duckdb(tmp_path_factory.mktemp("duck") / "work", memory="500MB") as engine:
        yield engine


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("jobs")
    return (root / str(number) for number in count())


def rows(paths: dict[str, str]) -> list[tuple[Any, ...]]:
    if not paths:
        return []
    with duckdb.connect() as connection:
        found = connection.execute(
            "select parse_filename(filename), * exclude (filename) from read_parquet($paths, filename = true,"
            " hive_partitioning = false)",
            {"paths": list(paths.values())},
        )
        types = [str(column[1]) for column in found.description or []]
        return [tuple(types), *found.fetchall()]


def told(answer: Job) -> Job:
    """Return an answer without its paths; an empty value and none look the same in the quarantine."""
    rejects = [{**reject, "value": reject["value"] or None} for reject in answer["rejects"]]
    return {name: value for name, value in answer.items() if name != "paths"} | {"rejects": rejects}


def assert_same(one: Job, other: Job) -> None:
    ours, theirs = told(one), told(other)
    assert [pair for pair in zip_longest(ours["rejects"], theirs["rejects"]) if pair[0] != pair[1]][:3] == []
    assert ours == theirs
    assert rows(one["paths"]) == rows(other["paths"])


def job(folder: Path, dataset: str, contents: list[bytes], **more: Any) -> Job:
    names = []
    for number, content in enumerate(contents):
        ending = ".csv.gz" if content.startswith(GZIP) else ".csv"
        path = folder / "raw" / f"{number:04} ä[{folder.name}]{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        names.append(path.name)
    return {
        "dataset": dataset,
        "raw": str(folder / "raw"),
        "files": names,
        "settled": [],
        "refused": [],
        "current": {},
    } | more


def compared(spark: Spark, duck: Merger, folder: Path, first: Job, second: Job) -> None:
    """Do two merges of files with other names, the second over what the other engine has written in the first."""
    ours = merge(duck, first | {"out": str(folder / "duck 1")})
    theirs = spark.merge(first | {"out": str(folder / "spark 1")})
    assert_same(ours, theirs)
    settled = [[1, 1], [1, 3], [2, 2]]
    again = second | {"settled": settled, "refused": [2, 4]}
    crossed = merge(duck, again | {"out": str(folder / "duck 2"), "current": theirs["paths"]})
    assert_same(crossed, spark.merge(again | {"out": str(folder / "spark 2"), "current": ours["paths"]}))


@pytest.mark.parametrize("ansi", [True, False], ids=["ansi", "lenient"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_literal_means_the_same(
    spark: Spark, duck: Merger, folders: Iterator[Path], dataset: str, ansi: bool
) -> None:
    """All the literals of the tables of dirty fields, in each column, in a plain file and in a quoted one."""
    texts = sorted(
        {
            text
            for name in dir(literals)
            if name.isupper() and isinstance(table := getattr(literals, name), tuple | dict)
            for text in table
            if isinstance(text, str)
        }
    )
    header = HEADERS[dataset].split(",")
    good = {"Date": "05/02/2010", "IsHoliday": "TRUE", "Type": "A"}
    lines = []
    for place, _name in enumerate(header):
        for text in texts:
            fields = [good.get(other, "1").encode() for other in header]
            fields[place] = text.encode("utf-8", "surrogatepass")
            lines.append(fields)
    plain = [line for line in lines if not set(b"".join(line)) & set(b',"\r\n')]
    contents = [
        b"\n".join([HEADERS[dataset].encode(), *(b",".join(line) for line in plain)]),
        b"\r\n".join([HEADERS[dataset].encode(), *(b",".join(map(always_quoted, line)) for line in lines)]),
    ]
    folder = next(folders)
    jobs = [job(folder / name, dataset, contents, ansi=ansi) for name in ("first", "second")]
    compared(spark, duck, folder, *jobs)


def test_a_long_value_is_cut_alike(spark: Spark, duck: Merger, folders: Iterator[Path]) -> None:
    """As text of letters that take one to four bytes, plain and quoted, with a length on either side of the limit."""
    lengths = (*range(cleaning.VALUE_SHOWN - 1, cleaning.VALUE_SHOWN + 2), 70_000)
    lines = [f"1,{letter * length},5" for letter in ("x", "ü", "€", "😀") for length in lengths]
    plain = "\n".join(["Store,Type,Size", *lines])
    contents = [plain.encode(), plain.replace("1,", '"1",').encode()]
    folder = next(folders)
    jobs = [job(folder / name, "stores", contents, ansi=True) for name in ("first", "second")]

    compared(spark, duck, folder, *jobs)


def always_quoted(content: bytes) -> bytes:
    return quoted(content, always=True)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # noqa: TID251 -- no time of day


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.data())
@pytest.mark.parametrize("ansi", [True, False], ids=["ansi", "lenient"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_dirty_files_give_the_same_rows_and_rejects(
    spark: Spark, duck: Merger, folders: Iterator[Path], dataset: Literal["sales"], ansi: bool, data: st.DataObject
) -> None:
    drawn = files(dataset).map(lambda file: file.content)
    some = st.lists(st.one_of(drawn, drawn, drawn.map(packed), spoilt(dataset)), min_size=20, max_size=30)
    folder = next(folders)
    first = job(folder / "first", dataset, data.draw(some), ansi=ansi)
    second = job(folder / "second", dataset, data.draw(some), ansi=ansi)
    compared(spark, duck, folder, first, second)


@pytest.mark.parametrize("dataset", DATASETS)
def test_nothing_comes_of_nothing(spark: Spark, duck: Merger, folders: Iterator[Path], dataset: str) -> None:
    folder = next(folders)
    for number, contents in enumerate(([], [HEADERS[dataset].encode()], [b"not a table"])):
        jobs = [job(folder / f"{number}{name}", dataset, contents, ansi=True) for name in "ab"]
        compared(spark, duck, folder / str(number), *jobs)
