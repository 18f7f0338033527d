"""What can be said of the engine Spark on a machine that has none."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from retailstream import questions
from retailstream.adapters.engine.spark_session import heap
from retailstream.errors import UsageError
from retailstream.ports import no_progress
from retailstream.settings import Analyze, Settings, Warehouse
from tests.environment import STORES, csv

if TYPE_CHECKING:
    from tests.environment import Environment


@pytest.mark.parametrize(
    ("memory", "java"),
    [
        ("1500MB", "1430m"),
        ("1.5GB", "1430m"),
        ("1500MiB", "1500m"),
        (" 2 gb ", "1907m"),
        ("2g", "1907m"),
        ("1TiB", "1048576m"),
        ("493000KB", "470m"),
    ],
)
def test_a_size_of_duckdb_is_a_size_of_java(memory: str, java: str) -> None:
    assert heap(memory) == java


def test_a_share_is_of_the_memory_of_the_machine() -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    assert abs(int(heap("50%").removesuffix("m")) - whole // 2) <= 1


@pytest.mark.parametrize("memory", ["", "much", "1500", "-1GB", "1e3MB", "1,5GB", "2PB"])
def test_what_is_no_size_says_so(memory: str) -> None:
    with pytest.raises(UsageError, match=f"engine.memory '{memory}' is no size"):
        heap(memory)


@pytest.mark.parametrize("memory", ["100MB", "0%", "490MB"])
def test_less_than_spark_starts_with_is_refused(memory: str) -> None:
    with pytest.raises(UsageError, match="is too small for Spark"):
        heap(memory)


def test_without_pyspark_the_error_names_the_extra(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    env.write({"stores/a.csv": csv(STORES, "1,A,5")})
    outcome = env.command("run", "--source", str(env.source), "--engine", "spark")
    assert outcome.exit_code == 2
    assert outcome.error == "error: engine 'spark' needs pyspark, which is not installed"
    assert "hint: pip install 'retailstream[spark]'" in outcome.stderr
    assert env.clean("stores") == []


def test_analyze_without_pyspark_names_the_extra(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    env.write({"stores/a.csv": csv(STORES, "1,A,5")})
    env.run()
    outcome = env.command("analyze", "yearly-stores", "--engine", "spark")
    assert outcome.exit_code == 2
    assert outcome.error == "error: engine 'spark' needs pyspark, which is not installed"


def test_hive_is_asked_only_for_a_warehouse_in_hive(env: Environment) -> None:
    env.home.mkdir()
    outcome = env.command("analyze", "yearly-stores", "--engine", "hive")
    assert outcome.exit_code == 2
    assert outcome.error.startswith("error: engine 'hive' asks a hive:// warehouse, and warehouse.url is file://")
    assert "hint: use --engine duckdb or spark, or set warehouse.url" in outcome.stderr


def test_an_engine_that_does_not_answer_is_refused(env: Environment) -> None:
    outcome = env.command("analyze", "yearly-stores", "--engine", "glue")
    assert outcome.exit_code == 2
    assert "setting 'analyze.engine' (flag): Input should be 'duckdb', 'spark' or 'hive'" in outcome.error


@pytest.mark.parametrize(
    ("engine", "module", "url"),
    [
        ("spark", "sqlglot", ""),
        ("hive", "pyhive", "hive://h/db"),
    ],
)
def test_an_engine_without_its_packages_names_the_extra(
    env: Environment, monkeypatch: pytest.MonkeyPatch, engine: str, module: str, url: str
) -> None:
    for name in [name for name in sys.modules if name.startswith(("retailstream.adapters.query", f"{module}."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "retailstream.adapters.warehouse.hive_server", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    settings = Settings(
        warehouse=Warehouse(url=url or "file://nowhere"), analyze=Analyze.model_validate({"engine": engine})
    )
    with (
        pytest.raises(UsageError, match=f"^engine '{engine}' needs {module}, which is not installed$") as caught,
        questions._opening(settings, no_progress),
    ):
        pass
    assert caught.value.hint == f"pip install 'retailstream[{engine}]'"
