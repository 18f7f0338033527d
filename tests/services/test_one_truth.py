"""The real set through S3 and MariaDB, and every answer to it beside the embedded one."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream.analytics.catalog import use_cases
from tests.environment import any_weeks, new_environment

if TYPE_CHECKING:
    from tests.services.mariadb import MariaDb
    from tests.services.s3_server import S3Server

SOURCES = {
    "chain": Path(__file__).parents[1] / "analytics" / "fixtures" / "chain",
    "real": Path(__file__).parents[3] / "shared" / "datasets" / "retail",
}


@pytest.mark.parametrize("name", SOURCES)
def test_services_and_the_embedded_pipeline_give_the_same_answers(
    name: str, s3: S3Server, mariadb: MariaDb, database_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SOURCES[name]
    if not source.is_dir():
        pytest.skip(f"{source} is not there")
    embedded, served = new_environment(tmp_path / "embedded"), new_environment(tmp_path / "served")
    for env in (embedded, served):
        shutil.copytree(source, env.source, dirs_exist_ok=True)
    any_weeks(monkeypatch)  # the chain has gaps
    embedded.run()
    monkeypatch.setenv("RETAILSTREAM__LAKE__RAW", f"s3://{s3.new_bucket()}")
    monkeypatch.setenv("RETAILSTREAM__LAKE__CLEAN", f"s3://{s3.new_bucket()}")
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", mariadb.url(database_name))

    summary = served.run()
    assert (summary["status"], summary["health"]["healthy"]) == ("ok", True)
    assert served.run()["status"] == "noop"

    if name == "real":
        counts = {dataset: figures["rows_out"] for dataset, figures in summary["datasets"].items()}
        assert counts == {"sales": 421_570, "features": 8_190, "stores": 45}
        loaded = mariadb.sql("select count(*), sum(weekly_sales) from sales", database_name)
        assert loaded == [(421_570, Decimal("6737218987.11"))]
        assert mariadb.sql("select count(*) from stores", database_name) == [(45,)]
    for case in use_cases():
        answers = [env.command("analyze", case, "--format", "json") for env in (embedded, served)]
        assert answers[0].exit_code == answers[1].exit_code == 0
        assert json.loads(answers[0].stdout) == json.loads(answers[1].stdout)
