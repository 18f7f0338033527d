"""HDFS, Hive's metastore and HiveServer2 as the stack starts them: their facts, their bounds and how they heal."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.services.hadoop import Hadoop

SERVERS = ("namenode", "datanode", "metastore", "hiveserver2")


def memory(hadoop: Hadoop, server: str) -> int:
    """Return the most memory that a server ever had, in MB."""
    lines = Path(f"/proc/{hadoop.pid(server)}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))


def test_a_table_of_hive_keeps_exact_types_in_parquet_files_of_hdfs(hadoop: Hadoop) -> None:
    rows = hadoop.query(
        "create database facts",
        "create table facts.t (d decimal(12,2), b boolean, w date) partitioned by (store int) stored as parquet",
        "insert into facts.t partition (store) values (1.25, true, date '1500-01-01', 3), (null, false, null, 4)",
        "select store, d, b, w from facts.t order by store",
    )
    assert rows == [(3, Decimal("1.25"), True, "1500-01-01"), (4, None, False, None)]
    assert hadoop.query("select sum(d), count(*) from facts.t") == [(Decimal("1.25"), 2)]
    listed = hadoop.dfs("-ls", "-R", "/warehouse/external/facts.db/t").splitlines()
    files = [line.split() for line in listed if not line.startswith("d")]
    assert [(words[1], words[-1].split("/")[-2]) for words in files] == [("1", "store=3"), ("1", "store=4")]
    hadoop.query("drop database facts cascade")


def test_all_of_them_together_take_less_than_3_gb(hadoop: Hadoop) -> None:
    hadoop.query("select count(*), sum(a) from (select 1 as a union all select 2) t group by a")
    assert sum(memory(hadoop, server) for server in SERVERS) < 3_000


def test_what_was_killed_comes_back_with_its_data(hadoop: Hadoop) -> None:
    hadoop.query(
        "create database kept", "create table kept.t (a int) stored as parquet", "insert into kept.t values (7)"
    )
    for server in (*SERVERS, "mariadb"):
        with hadoop.killed(server):
            pass
    assert hadoop.query("select * from kept.t") == [(7,)]
    hadoop.query("drop database kept cascade")


def test_safe_mode_is_entered_and_left(hdfs: Hadoop) -> None:
    with hdfs.in_safe_mode():
        assert "Safe mode is ON" in hdfs.dfsadmin("-safemode", "get")
    assert "Safe mode is OFF" in hdfs.dfsadmin("-safemode", "get")
