"""The pipeline with its feature files in HDFS and its warehouse in Hive, and what it does when their servers fail."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.environment import FEATURES, Environment, Outcome, csv, new_environment
from tests.stages.months import history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.hadoop import Hadoop

REAL = Path(__file__).parents[3] / "shared" / "datasets" / "retail"

MOMENTS = {"datanode": (0.3, 0.5, 0.7), "metastore": (0.3, 0.5, 0.7), "hiveserver2": (0.5,)}
"""When a server is killed, as shares of what a stage takes undisturbed; these stages do without HiveServer2."""

CORRECTIONS = {
    "sales/later.csv": csv(
        "Store,Dept,Date,Weekly_Sales,IsHoliday",
        "1,1,2010-02-05,777.77,FALSE",
        "1,1,2010-03-05,888.88,FALSE",
        "1,1,2010-12-31,999.99,TRUE",
    ),
    "features/later.csv": csv(
        FEATURES,
        "1,2010-02-05,42.5,2.5,NA,NA,NA,NA,NA,211.5,8.5,FALSE",
        "1,2010-12-31,42.5,2.5,NA,NA,NA,NA,NA,211.5,8.5,TRUE",
    ),
}
"""A second drop: it changes months that are there, and brings one that is not."""


@dataclass(frozen=True)
class Cluster:
    """Where an environment lies on the servers."""

    hadoop: Hadoop
    name: str

    @property
    def variables(self) -> dict[str, str]:
        host, port = self.hadoop.hiveserver2
        return {
            "HADOOP_CONF_DIR": str(self.hadoop.conf),
            "RETAILSTREAM__FEATURES__URL": f"{self.hadoop.hdfs}/tests/{self.name}/features",
            "RETAILSTREAM__WAREHOUSE__URL": f"hive://{host}:{port}/{self.name}?retry_seconds=2",
            "RETAILSTREAM__HIVE__METASTORE": self.hadoop.metastore,
            "RETAILSTREAM__HIVE__LOCATION": f"{self.hadoop.hdfs}/tests/{self.name}/warehouse",
            "RETAILSTREAM__QUALITY__MAX_ORPHAN_STORES": "99",
        }

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return what a plain client of Hive reads."""
        return sorted(self.hadoop.query(f"select * from {self.name}.{table}"), key=str)


@pytest.fixture
def cluster(hadoop: Hadoop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A database and folders of the test's own, which every command of the test uses."""
    made = Cluster(hadoop, f"retail_{uuid4().hex[:12]}")
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    yield made
    hadoop.query(f"drop database if exists {made.name} cascade")
    hadoop.dfs("-rm", "-r", "-f", "-skipTrash", f"/tests/{made.name}")


def started(env: Environment, stage: str) -> subprocess.Popen[str]:
    words = (stage, *(("--source", str(env.source)) if stage == "features" else ()))
    program = [sys.executable, "-c", "from retailstream.cli.app import main; main()"]
    command = [*program, *words, "--json", *env.options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> Outcome:
    stdout, stderr = process.communicate(timeout=120)
    assert "Traceback" not in stderr
    return Outcome(process.returncode, stdout, stderr)


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_files_land_in_hdfs_and_tables_in_hive_and_a_second_run_finds_nothing(
    env: Environment, cluster: Cluster, engine: str
) -> None:
    env.write(history())
    summary = env.run("--engine", engine)
    assert (summary["status"], summary["health"]["healthy"]) == ("ok", True)
    assert "landing-000001" in cluster.hadoop.dfs("-ls", "-R", f"/tests/{cluster.name}/features")
    before = cluster.hadoop.dfs("-ls", "-R", f"/tests/{cluster.name}")
    assert env.run()["status"] == "noop"
    assert cluster.hadoop.dfs("-ls", "-R", f"/tests/{cluster.name}") == before
    embedded = new_environment(env.home.parent / "embedded")
    embedded.write(history())
    with pytest.MonkeyPatch.context() as patched:
        for name in cluster.variables:
            patched.delenv(name)
        embedded.run()
        wanted = {name: embedded.clean(name) for name in ("sales", "stores", "features")}
    for name, rows in wanted.items():
        width = len(cluster.rows(name)[0]) - (name != "stores")
        found = [row[:width] for row in cluster.rows(name)]
        assert [tuple(map(str, row)) for row in found] == sorted(
            (tuple(map(str, row[:width])) for row in rows), key=str
        )


def test_the_real_set_is_in_hive_to_the_cent(env: Environment, cluster: Cluster) -> None:
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not there")
    summary = env.stage("run", "--source", str(REAL))
    assert (summary["status"], summary["health"]["healthy"]) == ("ok", True)
    asked = {
        "sales": ("count(*), sum(weekly_sales)", (421_570, Decimal("6737218987.11"))),
        "features": ("count(*), count(distinct store)", (8_190, 45)),
        "stores": ("count(*), sum(size)", None),
    }
    for table, (what, wanted) in asked.items():
        [found] = cluster.hadoop.query(f"select {what} from {cluster.name}.{table} where store > 0")
        assert found == (wanted or (45, found[1]))
    assert env.stage("run", "--source", str(REAL))["status"] == "noop"


def test_what_others_put_where_hive_reads_is_told_refused_and_moved_aside(env: Environment, cluster: Cluster) -> None:
    hadoop, name = cluster.hadoop, cluster.name
    env.write(history())
    env.run()
    words = ("analyze", "yearly-stores", "--format", "json")
    whole, answer = cluster.rows("stores"), env.command(*words).stdout
    root = f"/tests/{name}/warehouse"
    (file,) = [path for path in hadoop.files(root) if path.startswith("stores/")]
    copy = f"{file.rpartition('/')[0]}/copy of {file.rpartition('/')[2]}"
    hadoop.dfs("-cp", f"{root}/{file}", f"{root}/{copy}")
    assert cluster.rows("stores") == sorted([*whole, *whole], key=str)

    assert env.command("monitor", "--check").exit_code == 3
    check = env.checks()["foreign_files"]
    assert (check["state"], check["hint"].partition(" in hive://")[0]) == ("fail", copy)
    refused = env.command(*words, "--engine", "hive")
    assert (refused.exit_code, copy in refused.stderr, "retailstream repair" in refused.stderr) == (1, True, True)
    for engine in ("duckdb", "spark"):
        assert env.command(*words, "--engine", engine).stdout == answer
    hadoop.query(f"insert into {name}.sales partition (month='2013-05') values (1, 1, null, 1.00, false, null)")
    told = env.command("verify", "--json")
    assert {damage["thing"].rpartition("/")[0] for damage in told.document["damaged"]} >= {
        copy.rpartition("/")[0],
        "sales",
    }

    repaired = env.command("repair", "--json")

    assert repaired.exit_code == 0, repaired.stdout + repaired.stderr
    assert cluster.rows("stores") == whole
    assert f"_aside/{copy}" in hadoop.files(root)
    assert [path for path in hadoop.files(root) if path.startswith("_aside/sales/month=2013-05/")]
    assert ("month=2013-05",) not in hadoop.query(f"show partitions {name}.sales")
    assert env.command(*words, "--engine", "hive").stdout == answer
    assert env.command("monitor", "--check").exit_code == 0


@pytest.fixture(scope="module")
def undisturbed(hadoop: Hadoop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """The seconds that each stage takes for the second drop."""
    env = new_environment(tmp_path_factory.mktemp("undisturbed"))
    cluster = Cluster(hadoop, f"retail_{uuid4().hex[:12]}")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in cluster.variables.items():
            patched.setenv(name, value)
        prepare(env)
        took = {}
        for stage in ("features", "sqoop"):
            began = time.monotonic()
            assert ended(started(env, stage)).exit_code == 0
            took[stage] = time.monotonic() - began
    return took


def prepare(env: Environment) -> None:
    """Run the first drop, and bring the second one as far as the stages before `features` and `sqoop` do."""
    env.write(history())
    assert env.run()["status"] == "ok"
    env.write(CORRECTIONS)
    for stage in ("ingest", "glue-merge", "load-rds"):
        env.stage(stage, *(("--source", str(env.source)) if stage == "ingest" else ()))


@pytest.mark.parametrize("server", MOMENTS)
@pytest.mark.parametrize(("stage", "table"), [("features", "features"), ("sqoop", "sales")])
def test_a_server_that_is_killed_at_any_moment_leaves_whole_tables_and_the_next_run_repairs(
    env: Environment, cluster: Cluster, undisturbed: dict[str, float], server: str, stage: str, table: str
) -> None:
    prepare(env)
    seen = [cluster.rows(table)]
    for share in MOMENTS[server]:
        process = started(env, stage)
        time.sleep(share * undisturbed[stage])
        with cluster.hadoop.killed(server):
            outcome = ended(process)
        assert outcome.exit_code in {0, 4}, outcome.stderr
        if outcome.exit_code == 4:
            assert outcome.document["status"] == "failed"
            assert "hint: run the same command again" in outcome.stderr
        seen.append(cluster.rows(table))

    assert env.run()["health"]["healthy"]

    new = cluster.rows(table)
    assert len(new) == len(seen[0]) + 1
    assert new != seen[0]
    assert all(rows in (seen[0], new) for rows in seen)


@pytest.mark.parametrize(("stage", "table"), [("features", "features"), ("sqoop", "sales")])
def test_a_namenode_in_safe_mode_is_waited_for_in_vain_and_the_old_data_can_be_read(
    env: Environment, cluster: Cluster, stage: str, table: str
) -> None:
    prepare(env)
    old, question = cluster.rows(table), ("analyze", "fuel-prices", "--format", "csv")
    answer = env.command(*question).stdout
    with cluster.hadoop.in_safe_mode():  # HiveServer2 itself opens no session then
        outcome = ended(started(env, stage))
        assert (outcome.exit_code, outcome.document["status"]) == (4, "failed"), outcome.stderr
        assert "safe mode" in outcome.error.lower()
        assert env.command(*question).stdout == answer
    assert cluster.rows(table) == old
    assert env.run()["health"]["healthy"]
    assert len(cluster.rows(table)) == len(old) + 1


@pytest.mark.parametrize(("stage", "table"), [("features", "features"), ("sqoop", "sales")])
def test_a_full_disk_keeps_the_old_data_and_with_room_again_the_same_command_repairs(
    env: Environment, cluster: Cluster, stage: str, table: str
) -> None:
    prepare(env)
    old = cluster.rows(table)
    cluster.hadoop.dfsadmin("-setSpaceQuota", "1k", f"/tests/{cluster.name}/warehouse")
    outcome = ended(started(env, stage))
    assert (outcome.exit_code, outcome.document["status"]) == (1, "failed"), outcome.stderr
    assert "quota" in outcome.error.lower()
    assert cluster.rows(table) == old
    cluster.hadoop.dfsadmin("-clrSpaceQuota", f"/tests/{cluster.name}/warehouse")
    assert env.run()["health"]["healthy"]
    assert len(cluster.rows(table)) == len(old) + 1
