"""The memory of an environment in MySQL is in its backup; restored it is as it was, there or in a home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.state.copying import ORDERS
from tests.environment import SALES, STORES, Environment, csv

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environment import Row
    from tests.services.mariadb import MariaDb


@pytest.fixture
def remote(env: Environment, mariadb: MariaDb, database_name: str, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment whose memory and database are on a server, with a reject that was discarded."""
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", mariadb.url(database_name))
    env.write({"sales/1.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE", "1,2,2010-02-05,é😀\\,FALSE")})
    env.write({"stores/s.csv": csv(STORES, "1,A,2")})
    env.run("--max-rejects", "60%")
    env.stage("quarantine", "discard", env.quarantine()[0]["id"], "--reason", "mistyped")
    return env


def remembered(mariadb: MariaDb, database: str) -> dict[str, list[Row]]:
    """Return the memory on the server, but for what a restore adds."""
    return {
        table: [row for row in rows if "restore-backup" not in row]
        for table in ORDERS
        for rows in [mariadb.sql(f"select * from retailstream_{table} order by 1, 2, 3", database)]
    }


def test_a_memory_on_a_server_comes_back_and_the_one_that_was_there_is_kept(
    remote: Environment, mariadb: MariaDb, database_name: str, tmp_path: Path
) -> None:
    backup = str(tmp_path / "b.tar.gz")
    summary = remote.stage("backup", backup)
    assert summary["parts"] == {"state.db": 1, "raw": 2}
    (elsewhere,) = summary["elsewhere"]
    assert (elsewhere["setting"], elsewhere["instead"]) == ("database.url", "mysqldump")
    before = {table: [row[:5] for row in rows] for table, rows in remembered(mariadb, database_name).items()}
    remote.write({"sales/2.csv": csv(SALES, "1,1,2010-02-12,2.10,FALSE")})
    remote.run()

    assert "is not empty" in remote.command("restore", backup).error
    restored = remote.stage("restore", backup, "--force")

    after = {table: [row[:5] for row in rows] for table, rows in remembered(mariadb, database_name).items()}
    assert after == before
    kept = Environment(remote.source, remote.home / restored["set_aside"])
    assert (kept.home / "state.db").is_file()
    remote.write({"sales/3.csv": csv(SALES, "1,1,2010-02-19,3.10,FALSE")})
    remote.run()
    assert mariadb.sql("select count(*) from sales", database_name) == [(3,)]
    assert remote.failing() == []
    assert [entry["state"] for entry in remote.quarantine("--all")] == ["discarded"]


def test_a_memory_moves_from_a_server_into_a_home(
    remote: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = str(tmp_path / "b.tar")
    remote.stage("backup", backup)
    monkeypatch.delenv("RETAILSTREAM__DATABASE__URL")
    home = Environment(remote.source, tmp_path / "other")
    home.stage("restore", backup)
    assert [entry["reason"] for entry in home.quarantine("--all")] == ["mistyped"]
    assert home.run()["datasets"]["sales"]["rows_out"] == 1
    assert home.failing() == []
