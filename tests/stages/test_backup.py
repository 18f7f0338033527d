"""A backup brings an environment back; what is no sound backup changes nothing; nothing is lost in silence."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from retailstream.adapters.state.copying import ORDERS
from retailstream.archives import FORMAT, INDEX
from retailstream.landings import Scope
from retailstream.locks import Holder, hold
from tests.environment import SALES, STORES, Environment, copied, csv, new_environment
from tests.stages.months import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.environment import Outcome

TAKEN = "taken.tar"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Two weeks with a reject that is discarded and a record that is withdrawn, and two backups beside it."""
    env = new_environment(tmp_path_factory.mktemp("kept"))
    env.write({"sales/1.csv": csv(SALES, "1,1,2010-02-05,1.00,FALSE", "1,2,2010-02-05,x,FALSE"), **STORE})
    env.run("--max-rejects", "60%")
    env.stage("quarantine", "discard", env.quarantine()[0]["id"], "--reason", "mistyped")
    env.write({"sales/2.csv": csv(SALES, "1,1,2010-02-12,2.00,FALSE", "1,3,2010-02-12,3.00,FALSE")})
    env.stage("quarantine", "withdraw", "sales/1.csv:1", "--reason", "of another shop")
    env.run()
    for name, words in ((TAKEN, []), ("whole.tar.gz", ["--whole"])):
        env.stage("backup", str(env.home.parent / name), *words)
    return env


STORE = {"stores/s.csv": csv(STORES, "1,A,100")}


@pytest.fixture
def env(kept: Environment, tmp_path: Path) -> Environment:
    for name in (TAKEN, "whole.tar.gz"):
        shutil.copy2(kept.home.parent / name, tmp_path / name)
    return copied(kept, tmp_path)


def elsewhere(env: Environment) -> Environment:
    """Return another home for the same source."""
    return Environment(env.source, env.home.with_name("other"))


def remembered(env: Environment) -> dict[str, list[Any]]:
    """Return all that a memory has, but for what a restore adds."""
    with closing(sqlite3.connect(env.home / "state.db")) as connection:
        return {
            table: [row for row in connection.execute(f"select * from {table} order by {order}") if STAGE not in row]
            for table, order in ORDERS.items()
        }


STAGE = "restore-backup"


@pytest.mark.slow
@pytest.mark.parametrize("name", [TAKEN, "whole.tar.gz"])
def test_an_environment_comes_back_with_all_that_it_knew(env: Environment, name: str) -> None:
    other, backup = elsewhere(env), str(env.home.parent / name)

    summary = other.stage("restore", backup)

    assert (summary["stage"], summary["status"], summary["set_aside"], summary["warnings"]) == (STAGE, "ok", None, [])
    assert remembered(other) == remembered(env)
    for folder in ("lake/raw", "features"):
        assert other.files(folder) == env.files(folder)
    assert [run["stage"] for run in other.command("runs", "--stage", STAGE, "--format", "json").document] == [STAGE]
    whole = name.startswith("whole")
    assert other.stage("run", "--source", str(env.source))["status"] == ("noop" if whole else "ok")
    assert rows(other) == rows(env)
    assert other.files("lake/clean", "warehouse") == env.files("lake/clean", "warehouse")
    assert other.failing() == []
    env.write({"sales/3.csv": csv(SALES, "1,1,2010-02-19,4.00,FALSE")})
    assert other.run()["datasets"]["sales"]["rows_out"] == 1
    assert (other.home / "lake/raw/sales/landing-000003/3.csv").is_file()


def test_a_backup_is_one_file_of_its_owner_with_a_list_of_digests(env: Environment) -> None:
    file = env.home.parent / TAKEN
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        names = tar.getnames()
        index = json.load(tar.extractfile(names[-1]) or io.BytesIO())
    assert names[-1] == INDEX
    assert (index["format"], index["whole"]) == (FORMAT, False)
    assert [member["name"] for member in index["members"]] == names[:-1]
    assert {name.split("/")[0] for name in names} == {"state.db", "raw", INDEX}
    assert sorted(path.name for path in env.home.parent.glob(".retailstream*")) == []


def test_a_backup_tells_what_is_in_it_and_what_is_not(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAILSTREAM__FEATURES__URL", str(tmp_path / "far"))
    monkeypatch.setenv("RETAILSTREAM__WAREHOUSE__URL", "s3://bucket/warehouse")
    found = env.stage("backup", str(tmp_path / "b.tar"))
    assert found["parts"] == {"state.db": 1, "raw": 3}
    assert found["made_again"] == ["clean", "retail.db"]
    assert found["elsewhere"] == [
        {"setting": "features.url", "url": str(tmp_path / "far"), "instead": "a copy of that folder"},
        {"setting": "warehouse.url", "url": "s3://bucket/warehouse", "instead": "versioning of the bucket"},
    ]
    told = env.command("backup", str(tmp_path / "b.tar")).stdout
    assert "not copied: warehouse.url, s3://bucket/warehouse; what keeps copies of it: versioning of the bucket" in told


@pytest.mark.slow
def test_a_home_that_is_not_empty_is_set_aside_only_by_force_and_never_deleted(env: Environment) -> None:
    env.write({"sales/3.csv": csv(SALES, "1,1,2010-02-19,4.00,FALSE")})
    env.run()
    before, backup = everything(env), str(env.home.parent / TAKEN)

    outcome = env.command("restore", backup)
    assert (outcome.exit_code, "is not empty" in outcome.error) == (2, True)
    assert everything(env) == before
    (env.source / "sales" / "3.csv").unlink()
    summary = env.stage("restore", backup, "--force")

    aside = env.home / summary["set_aside"]
    assert {path: data for path, data in everything(Environment(env.source, aside)).items() if "lock" not in path} == {
        path: data for path, data in before.items() if "lock" not in path
    }
    (warning,) = summary["warnings"]
    assert warning["code"] == "landed_since"
    assert "sales/landing-000003/3.csv" in warning["text"]
    env.run()
    assert len(rows(env)) == 3
    env.stage(*warning["text"].rpartition("retailstream ")[2].split())
    assert len(rows(env)) == 4


@pytest.mark.slow
def test_what_landed_after_a_backup_lands_again_from_the_source(env: Environment) -> None:
    """Weeks 1 and 2, a backup, week 3, the backup, week 4: all are there."""
    env.write({"sales/3.csv": csv(SALES, "1,1,2010-02-19,4.00,FALSE")})
    env.run()
    env.stage("restore", str(env.home.parent / TAKEN), "--force")
    env.write({"sales/4.csv": csv(SALES, "1,1,2010-02-26,5.00,FALSE")})
    env.run()
    assert [row[2] for row in env.database("select * from sales where dept = 1")] == [
        "2010-02-12",
        "2010-02-19",
        "2010-02-26",
    ]
    assert env.failing() == []


def everything(env: Environment) -> dict[str, bytes]:
    return {
        path.relative_to(env.home).as_posix(): path.read_bytes()
        for path in sorted(env.home.rglob("*"))
        if path.is_file() and path.suffix not in {".db-wal", ".db-shm", ".lock"}
    }


def rewritten(file: Path, change: Callable[[dict[str, bytes]], Mapping[str, bytes | tarfile.TarInfo]]) -> None:
    """Write a backup anew with other members."""
    with tarfile.open(file) as tar:
        members = {name: (tar.extractfile(name) or io.BytesIO()).read() for name in tar.getnames()}
    with tarfile.open(file, "w") as tar:
        for name, data in change(members).items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            content = b"" if isinstance(data, tarfile.TarInfo) else data
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def _linked(members: dict[str, bytes]) -> dict[str, bytes | tarfile.TarInfo]:
    link = tarfile.TarInfo("raw")
    link.type, link.linkname = tarfile.SYMTYPE, "/tmp"
    return {"raw": link, **members}


def _newer(members: dict[str, bytes]) -> dict[str, bytes]:
    document = json.loads(members[INDEX]) | {"format": FORMAT + 1, "something": "new"}
    return members | {INDEX: json.dumps(document).encode()}


def _flipped(members: dict[str, bytes]) -> dict[str, bytes]:
    name = next(name for name in members if name.startswith("raw/sales"))
    return members | {name: members[name].replace(b"1", b"2")}


SPOILT: dict[str, tuple[Callable[[dict[str, bytes]], Mapping[str, bytes | tarfile.TarInfo]], str]] = {
    "another digest": (_flipped, "is not what was put into it"),
    "a missing file": (lambda m: {name: m[name] for name in m if "sales" not in name}, "is not what was put into it"),
    "no list": (lambda m: {name: m[name] for name in m if name != INDEX}, f"it has no {INDEX} at its end"),
    "a way out": (lambda m: {"raw/../../out": b"x", **m}, "holds 'raw/../../out', which no backup does"),
    "an absolute path": (lambda m: {"/out": b"x", **m}, "holds '/out', which no backup does"),
    "a link": (_linked, "holds 'raw', which no backup does"),
    "a newer format": (_newer, f"was written by a newer retailstream (format {FORMAT + 1}; this one knows {FORMAT})"),
}


@pytest.mark.parametrize(("change", "message"), SPOILT.values(), ids=SPOILT)
def test_what_is_no_sound_backup_changes_nothing(
    env: Environment, change: Callable[[dict[str, bytes]], Mapping[str, bytes | tarfile.TarInfo]], message: str
) -> None:
    file = env.home.parent / TAKEN
    rewritten(file, change)
    refused(env, file, message)


def refused(env: Environment, file: Path, message: str) -> Outcome:
    """Have a restore refused, in words, and change nothing."""
    before, names = everything(env), sorted(path.name for path in env.home.iterdir())
    outcome = env.command("restore", str(file), "--force")
    assert outcome.exit_code == 1
    assert message in outcome.error
    assert everything(env) == before
    assert sorted(path.name for path in env.home.iterdir()) == names
    return outcome


@pytest.mark.parametrize("name", [TAKEN, "whole.tar.gz"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_a_backup_that_was_cut_is_refused(env: Environment, name: str, share: float) -> None:
    file = env.home.parent / name
    with file.open("r+b") as stream:
        stream.truncate(int(file.stat().st_size * share))
    refused(env, file, f"the backup {file} is damaged: ")


def test_a_backup_goes_where_the_settings_have_its_parts(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    other = elsewhere(env)
    monkeypatch.setenv("RETAILSTREAM__LAKE__RAW", "file://{home}/deep/down")
    other.stage("restore", str(env.home.parent / TAKEN))
    assert (other.home / "deep/down/sales/landing-000001/1.csv").is_file()
    monkeypatch.setenv("RETAILSTREAM__LAKE__RAW", "s3://bucket/raw")
    outcome = elsewhere(other).command("restore", str(env.home.parent / TAKEN))
    assert outcome.exit_code == 2
    assert "belongs to lake.raw, which is not in the home but s3://bucket/raw" in outcome.error


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("home/b.tar", "lies in the home"),
        ("b.tar.zst", "has an ending that is not known"),
        ("none/b.tar", "does not exist"),
        ("pipe", "is no file"),
        ("source", "is no file"),
    ],
)
def test_a_backup_is_not_written_anywhere(env: Environment, name: str, message: str) -> None:
    os.mkfifo(env.home.parent / "pipe")
    outcome = env.command("backup", str(env.home.parent / name))
    assert (outcome.exit_code, message in outcome.error) == (2, True)


def test_nothing_is_no_backup_and_a_damaged_memory_neither(env: Environment) -> None:
    empty = elsewhere(env)
    outcome = empty.command("backup", str(env.home.parent / "b.tar"))
    assert "there is nothing to back up in " in outcome.error
    with (env.home / "state.db").open("r+b") as stream:
        stream.truncate(20_000)
    outcome = env.command("backup", str(env.home.parent / "b.tar"))
    assert outcome.exit_code == 1
    assert not (env.home.parent / "b.tar").exists()
    assert env.stage("restore", str(env.home.parent / TAKEN), "--force")["status"] == "ok"


def test_damaged_raw_files_are_told_and_backed_up_as_they_are(env: Environment) -> None:
    raw = env.home / "lake" / "raw" / "sales"
    (raw / "landing-000001" / "1.csv").write_bytes(b"x")
    (raw / "landing-000002" / "2.csv").unlink()
    summary = env.stage("backup", str(env.home.parent / "b.tar"), "--whole")
    assert [(warning["code"], warning["file"]) for warning in summary["warnings"]] == [
        ("damaged_raw", "sales/1.csv"),
        ("missing_raw", "sales/2.csv"),
    ]
    elsewhere(env).stage("restore", str(env.home.parent / "b.tar"))


def test_a_restore_waits_for_nobody_and_takes_the_locks(env: Environment) -> None:
    with hold(env.home / "locks", [Scope.FEATURES], Holder("r", "features", "monday")):
        assert env.command("restore", str(env.home.parent / TAKEN), "--force").exit_code == 5
        assert env.command("backup", str(env.home.parent / "b.tar")).exit_code == 0


def test_a_memory_that_is_restored_alone_reads_back_what_landed_since(env: Environment) -> None:
    """Weeks 1 and 2, a backup, week 3, the memory of the backup, week 4: no week is missing, none is made up."""
    env.write({"sales/3.csv": csv(SALES, "1,1,2010-02-19,4.00,FALSE")})
    env.run()
    (env.source / "sales" / "3.csv").unlink()
    raw = env.files("lake/raw")

    summary = env.stage("restore", str(env.home.parent / TAKEN), "--force", "--memory-only")

    assert (summary["parts"], summary["warnings"]) == ({"state.db": 1}, [])
    assert env.files("lake/raw") == raw
    env.write({"sales/4.csv": csv(SALES, "1,1,2010-02-26,5.00,FALSE")})
    env.run()
    assert [row[2] for row in env.database("select * from sales where dept = 1")] == [
        "2010-02-12",
        "2010-02-19",
        "2010-02-26",
    ]
    assert (env.home / "lake/raw/sales/landing-000004/4.csv").is_file()
    assert env.failing() == []
