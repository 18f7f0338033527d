"""Feature files in HDFS, and what commands do when a NameNode or a DataNode fails them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.lake import hdfs_calls
from retailstream.adapters.lake.hdfs import HdfsLake, open_hdfs
from retailstream.adapters.lake.hdfs_files import ASIDE, Cluster
from retailstream.errors import RetailStreamError, TransientError, UsageError
from tests.environment import FEATURES, csv, new_environment
from tests.services.hadoop import Hadoop
from tests.services.servers import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Environment, Summary

CHAIN = Path(__file__).parents[1] / "analytics" / "fixtures" / "chain"
SLACK = 30
"""Seconds that a machine may take for itself which does much else."""

REAL = Path(__file__).parents[3] / "shared" / "datasets" / "retail"


@pytest.fixture
def folder(hdfs: Hadoop, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of HDFS, where every command of the test keeps feature files."""
    folder = f"/tests/{uuid.uuid4().hex}/the features"
    monkeypatch.setenv("RETAILSTREAM__FEATURES__URL", f"{hdfs.hdfs}{folder}")
    return folder


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after seconds, not most of a minute."""
    monkeypatch.setattr(hdfs_calls, "TRYING", 2)


def opened(hdfs: Hadoop, tmp_path: Path, folder: str, cluster: Cluster | None = None) -> HdfsLake:
    return open_hdfs(hdfs.hdfs.removeprefix("hdfs://") + folder, tmp_path / "copies", cluster or Cluster())


def week(number: int) -> dict[str, str | bytes]:
    return {f"features/w{number}.csv": csv(FEATURES, f"1,2010-02-{5 + 7 * number:02},42.3,2.57,,,,,,211.1,8.1,FALSE")}


def features(env: Environment, *words: str, code: int = 0) -> Summary:
    return env.stage("features", "--source", str(env.source), *words, code=code)


def objects(hdfs: Hadoop, folder: str) -> dict[str, int]:
    """Return when each file below a folder was changed last, but for those that are being written."""
    return {
        name: status["modificationTime"]
        for name, status in hdfs.files(folder).items()
        if not name.startswith(f"{ASIDE}/")
    }


@pytest.mark.parametrize("source", [CHAIN, REAL], ids=["chain", "real"])
def test_features_in_hdfs_end_as_in_folders_and_again_move_nothing(
    hdfs: Hadoop, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    if not source.is_dir():
        pytest.skip(f"{source} is not there")
    env, folders = new_environment(tmp_path / "hdfs"), new_environment(tmp_path / "folders")
    shutil.copytree(source / "features", env.source / "features")
    shutil.copytree(source / "features", folders.source / "features")

    done = features(env)
    before = objects(hdfs, folder)
    assert features(env)["status"] == "noop"
    assert objects(hdfs, folder) == before
    monkeypatch.delenv("RETAILSTREAM__FEATURES__URL")
    kept = features(folders)

    assert done["datasets"] == kept["datasets"]
    assert env.files("warehouse") == folders.files("warehouse")
    raw = {path.relative_to(folders.home / "features").as_posix(): path for path in folders.home.glob("features/**/*")}
    assert list(before) == sorted(name for name, path in raw.items() if path.is_file())
    assert all(hdfs.read(f"{folder}/{name}") == raw[name].read_bytes() for name in before)


def test_new_files_alone_are_stored(hdfs: Hadoop, env: Environment, folder: str) -> None:
    env.write(week(0))
    features(env)
    before = objects(hdfs, folder)
    env.write(week(1))
    assert features(env)["files_new"] == 1
    after = objects(hdfs, folder)
    assert list(after) == ["features/landing-000001/w0.csv", "features/landing-000002/w1.csv"]
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    "words", [("-rm", "-skipTrash"), ("-rm",), ("-truncate", "-w", "10")], ids=["gone", "trash", "cut"]
)
def test_feature_files_that_somebody_took_away_are_seen_and_land_again(
    hdfs: Hadoop, env: Environment, folder: str, words: tuple[str, ...]
) -> None:
    env.write(week(0) | week(1))
    features(env)
    before = {name: hdfs.read(f"{folder}/{name}") for name in objects(hdfs, folder)}
    hdfs.dfs(*words, f"{folder}/features/landing-000001/w0.csv")
    assert env.checks()["feature_files"]["state"] == "fail"
    assert "features/landing-000001/w0.csv" in env.checks()["feature_files"]["hint"]

    assert [warning["code"] for warning in features(env)["warnings"]] == ["landed_again"]

    assert {name: hdfs.read(f"{folder}/{name}") for name in objects(hdfs, folder)} == before
    assert env.checks()["feature_files"]["state"] == "ok"
    assert features(env)["status"] == "noop"


def test_a_folder_of_features_that_is_gone_lands_again(hdfs: Hadoop, env: Environment, folder: str) -> None:
    env.write(week(0) | week(1))
    features(env)
    before = {name: hdfs.read(f"{folder}/{name}") for name in objects(hdfs, folder)}
    hdfs.dfs("-rm", "-r", "-skipTrash", folder)
    assert env.checks()["feature_files"]["state"] == "fail"
    features(env)
    assert {name: hdfs.read(f"{folder}/{name}") for name in objects(hdfs, folder)} == before


def test_doctor_tries_the_folder(hdfs: Hadoop, env: Environment, folder: str, hasty: None) -> None:
    env.write(week(0))
    features(env)
    assert doctor(env)["features"] == {
        "name": "features",
        "state": "OK",
        "detail": f"{hdfs.hdfs}{folder}, 1 objects",
    }
    with hdfs.killed("namenode"):
        found = doctor(env, code=1)["features"]
    assert found["state"] == "FAILED"
    assert "is not available: Connection refused" in found["detail"]


def doctor(env: Environment, code: int = 0) -> dict[str, dict[str, str]]:
    outcome = env.command("doctor", "--format", "json")
    assert outcome.exit_code == code, outcome.stdout
    return {finding["name"]: finding for finding in outcome.document}


def test_in_safe_mode_nothing_changes_and_after_it_the_same_command_repairs(
    hdfs: Hadoop, env: Environment, folder: str, hasty: None
) -> None:
    env.write(week(0))
    features(env)
    clean, before = env.clean("features"), objects(hdfs, folder)
    env.write(week(1))
    with hdfs.in_safe_mode():
        error = features(env, code=4)["error"]
        assert "is not available: SafeModeException: Cannot create file" in error
        assert "\n" not in error
        assert (env.clean("features"), objects(hdfs, folder)) == (clean, before)
    assert features(env)["rows_out"] == 1
    assert len(env.clean("features")) == 2


def test_without_a_datanode_old_data_is_readable_and_with_it_the_same_command_repairs(
    hdfs: Hadoop, env: Environment, folder: str, hasty: None
) -> None:
    env.write(week(0))
    features(env)
    clean = env.clean("features")
    env.write(week(1))
    with hdfs.killed("datanode"):
        assert "is not available" in features(env, code=4)["error"]
        assert env.clean("features") == clean
    assert features(env)["rows_out"] == 1
    assert list(objects(hdfs, folder)) == ["features/landing-000001/w0.csv", "features/landing-000002/w1.csv"]


def test_files_that_no_datanode_gives_end_with_4(hdfs: Hadoop, env: Environment, folder: str, hasty: None) -> None:
    assert folder
    env.write(week(0) | {"features/bad.csv": csv(FEATURES, "x,2010-02-05,42.3,2.57,,,,,,211.1,8.1,FALSE")})
    features(env, code=3)  # landed, and over the limit
    shutil.rmtree(env.home / "copies")
    with hdfs.killed("datanode"):
        assert "is not available" in features(env, "--max-rejects", "1", code=4)["error"]
    assert features(env, "--max-rejects", "1")["rows_out"] == 1


def test_a_namenode_that_is_away_for_a_while_is_waited_for(
    hdfs: Hadoop, env: Environment, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdfs_calls, "TRYING", 200)  # for as long as a start takes on a machine that does much else
    env.write(week(0))
    hdfs.kill("namenode")
    healer = threading.Thread(target=hdfs.up, args=("datanode",))
    healer.start()
    try:
        assert features(env)["rows_out"] == 1
    finally:
        healer.join()
    assert list(objects(hdfs, folder)) == ["features/landing-000001/w0.csv"]


def test_a_namenode_that_is_gone_or_silent_is_given_up_within_a_minute(
    hdfs: Hadoop, env: Environment, folder: str
) -> None:
    assert folder
    env.write(week(0))
    for fault, told in ((hdfs.killed, "Connection refused"), (hdfs.suspended, "no answer for 15 seconds")):
        with fault("namenode"):
            clock = time.monotonic()
            error = features(env, code=4)["error"]
            assert time.monotonic() - clock < 60 + SLACK
        assert f"is not available: {told}" in error
    assert features(env)["rows_out"] == 1


def test_a_datanode_that_is_silent_is_given_up_within_a_minute(
    hdfs: Hadoop, tmp_path: Path, folder: str, hasty: None
) -> None:
    lake = opened(hdfs, tmp_path, folder)
    lake.write("k", b"v")
    with hdfs.suspended("datanode"):
        for call in (partial(lake.read, "k"), partial(lake.write, "k", b"w")):
            clock = time.monotonic()
            with pytest.raises(TransientError, match="is not available"):
                call()
            assert time.monotonic() - clock < 32 + SLACK
    hdfs.up("datanode")
    assert lake.read("k") == b"v"


def test_without_room_the_old_data_stays_and_with_it_the_same_command_repairs(
    hdfs: Hadoop, env: Environment, folder: str, hasty: None
) -> None:
    env.write(week(0))
    features(env)
    clean, before = env.clean("features"), objects(hdfs, folder)
    env.write(week(1))
    with hdfs.full(folder):
        assert "is full: DSQuotaExceededException" in features(env, code=1)["error"]
        assert (env.clean("features"), objects(hdfs, folder)) == (clean, before)
    assert features(env)["rows_out"] == 1


@pytest.fixture
def cramped(hdfs: Hadoop, tmp_path: Path) -> Iterator[Hadoop]:
    """HDFS of the test's own, whose DataNode has a disk of 64 MB."""
    assert hdfs  # what it takes is there
    disk = tmp_path / "s" / "data" / "datanode"
    disk.mkdir(parents=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    require(done.returncode == 0, f"a disk cannot be mounted: {done.stderr.decode()}")
    cramped = Hadoop(tmp_path / "s")
    try:
        cramped.up("datanode")
        yield cramped
    finally:
        cramped.stop()
        subprocess.run(["umount", str(disk)], check=True)
        cramped.down()


def test_on_a_full_disk_the_old_data_stays_and_with_room_again_the_same_command_repairs(
    cramped: Hadoop, env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdfs_calls, "TRYING", 12)  # a NameNode knows of room that came or went some seconds later
    monkeypatch.setenv("RETAILSTREAM__FEATURES__URL", f"{cramped.hdfs}/features")
    env.write(week(0))
    features(env)
    clean, before = env.clean("features"), objects(cramped, "/features")
    lake = opened(cramped, tmp_path, "/other")
    lake.write("there", b"v")
    (tmp_path / "filler").write_bytes(b"x" * (16 << 20))
    fillers = [f"filler {number}" for number in range(4)]
    with pytest.raises(RetailStreamError, match=r"is full: .* could only be written to 0 of"):
        list(lake.add_all([(filler, tmp_path / "filler") for filler in fillers]))
    env.write(week(1))

    assert "is full: " in features(env, code=1)["error"]
    assert (env.clean("features"), objects(cramped, "/features")) == (clean, before)

    lake.delete(fillers)
    assert features(env)["rows_out"] == 1


def test_who_may_not_write_is_told_so(
    hdfs: Hadoop, env: Environment, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hdfs.hdfs + folder == os.environ["RETAILSTREAM__FEATURES__URL"]
    monkeypatch.setenv("HADOOP_USER_NAME", "bob")
    env.write(week(0))
    error = features(env, code=2)["error"]
    assert "refuses us: AccessControlException: Permission denied: user=bob, access=WRITE" in error


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("hdfs://", "has no known scheme"),
        ("hdfs://a-nameservice/features", "cannot be used: No NameNode hosts found"),
        ("hdfs://127.0.0.1:99999/features", "cannot be used: InvalidPort"),
        ("hdfs://a host:8020/features", "cannot be used: InvalidDomainCharacter"),
    ],
)
def test_what_the_user_has_to_put_right_ends_with_2(
    env: Environment, monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    env.write(week(0))
    monkeypatch.setenv("RETAILSTREAM__FEATURES__URL", url)
    assert told in features(env, code=2)["error"]


def test_hadoops_own_settings_name_the_cluster(
    hdfs: Hadoop, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(hdfs, tmp_path, folder).write("k", b"v")
    lake = open_hdfs(folder, tmp_path / "copies", Cluster(conf=str(hdfs.conf)))
    assert (lake.url, lake.read("k")) == (f"hdfs://{folder}", b"v")
    monkeypatch.setenv("HADOOP_CONF_DIR", str(hdfs.conf))
    assert open_hdfs(folder, tmp_path / "copies", Cluster()).read("k") == b"v"


def test_what_kerberos_needs_reaches_the_driver(
    hdfs: Hadoop, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hdfs_native  # noqa: PLC0415 -- where it is missing, tests are skipped

    given: dict[str, object] = {}

    def client(address: str, options: dict[str, str], conf: str, **kerberos: object) -> hdfs_native.Client:
        given.update(kerberos, conf=conf)
        return real(address, options, conf)

    real = hdfs_native.Client
    monkeypatch.setattr(hdfs_native, "Client", client)
    opened(hdfs, tmp_path, folder, Cluster(str(hdfs.conf), "ann@NOWHERE", "/a/keytab")).write("k", b"v")
    expected = {"kerberos_principal": "ann@NOWHERE", "kerberos_keytab": "/a/keytab", "conf": str(hdfs.conf)}
    assert given == expected


def test_replication_is_as_the_settings_say(hdfs: Hadoop, tmp_path: Path, folder: str) -> None:
    for number in (0, 2):
        opened(hdfs, tmp_path, folder, Cluster(replication=number)).write(f"k{number}", b"v")
    kept = {name: status["replication"] for name, status in hdfs.files(folder).items()}
    assert kept == {"k0": 1, "k2": 2}
    with pytest.raises(UsageError, match="Requested replication factor of 1000 exceeds maximum"):
        opened(hdfs, tmp_path, folder, Cluster(replication=1000)).write("k", b"v")


def test_keys_that_hdfs_refuses_are_kept_under_other_names(hdfs: Hadoop, tmp_path: Path, folder: str) -> None:
    lake = opened(hdfs, tmp_path, folder)
    keys = ["a:b", "a%3Ab", "a%253Ab", "100%", ":", f"{ASIDE}/x"]
    for key in keys:
        lake.write(key, key.encode())
    assert sorted(lake.sizes("")) == sorted(keys)
    assert [lake.read(key) for key in keys] == [key.encode() for key in keys]
    with pytest.raises(UsageError, match="InvalidPathException"):
        lake.write("a/../b", b"v")


def test_of_many_that_add_an_object_at_once_one_wins(hdfs: Hadoop, tmp_path: Path, folder: str) -> None:
    lakes = [opened(hdfs, tmp_path / str(number), folder) for number in range(8)]
    for number in range(8):
        (tmp_path / f"{number}.csv").write_text(str(number))
    barrier = threading.Barrier(8)

    def added(number: int) -> str:
        barrier.wait()
        try:
            list(lakes[number].add_all([("k", tmp_path / f"{number}.csv")]))
        except RetailStreamError as error:
            return error.message
        return ""

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(added, range(8)))
    (winner,) = [number for number, error in enumerate(told) if not error]
    assert all("is there already, with other bytes" in error for error in told if error)
    assert lakes[0].read("k") == str(winner).encode()


def test_bytes_that_rotted_on_a_disk_are_never_returned(hdfs: Hadoop, tmp_path: Path, folder: str, hasty: None) -> None:
    lake = opened(hdfs, tmp_path, folder)
    data = os.urandom(100_000)
    lake.write("k", data)
    (block,) = [
        path for path in hdfs.place.data("datanode").rglob("blk_*") if path.is_file() and path.read_bytes() == data
    ]
    block.write_bytes(data[:50_000] + bytes([data[50_000] ^ 1]) + data[50_001:])
    for call in (partial(lake.read, "k"), partial(lake.fetch, "k")):
        with pytest.raises(TransientError, match="is not available"):
            call()
    block.write_bytes(data)


def test_a_copy_is_taken_once_and_checked_each_time(hdfs: Hadoop, tmp_path: Path, folder: str) -> None:
    opened(hdfs, tmp_path, folder).write("k", b"v")
    first = opened(hdfs, tmp_path, folder).fetch("k")
    inode = first.stat().st_ino
    with hdfs.killed("datanode"):
        again = opened(hdfs, tmp_path, folder).fetch("k")  # without a byte from a DataNode
    assert (again, again.stat().st_ino) == (first, inode)


KILLED = """
import itertools, os, signal, sys
from retailstream.adapters.lake import hdfs_calls, hdfs_files
from retailstream.cli.app import main

calls, last = itertools.count(1), int(sys.argv.pop(1))

def answer(url, call, *words):
    if next(calls) == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return hdfs_calls.answer(url, call, *words)

hdfs_files.answer = answer
try:
    main()
finally:
    print(next(calls) - 1, file=sys.stderr)
"""
"""A command line that kills itself before a call of HDFS, or tells how many it made."""


def killed_at(env: Environment, call: int) -> tuple[int, str]:
    words = [sys.executable, "-c", KILLED, str(call), "features", "--source", str(env.source), *env.options]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("share", [0, 0.2, 0.4, 0.6, 0.8, 0.9])  # files on their way at a time differ by a few calls
def test_features_that_are_killed_at_a_call_of_hdfs_are_repaired_by_the_same_command(
    hdfs: Hadoop, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    whole = new_environment(tmp_path / "whole")
    whole.write(week(0) | week(1))
    code, told = killed_at(whole, 0)
    expected = hdfs.files(folder)
    assert code == 0

    monkeypatch.setenv("RETAILSTREAM__FEATURES__URL", f"{hdfs.hdfs}{folder} again")
    env = new_environment(tmp_path / "killed")
    env.write(week(0) | week(1))
    calls = int(told.splitlines()[-1])
    assert killed_at(env, 1 + round(share * (calls - 1)))[0] == -signal.SIGKILL
    landed = objects(hdfs, f"{folder} again")
    assert set(landed) <= set(expected)

    assert features(env)["status"] == "ok"
    after = objects(hdfs, f"{folder} again")
    assert list(after) == list(expected)
    assert {name: after[name] for name in landed} == landed
    assert env.files("warehouse") == whole.files("warehouse")


def test_what_a_killed_writer_left_is_invisible_and_goes_a_day_later(hdfs: Hadoop, tmp_path: Path, folder: str) -> None:
    lake = opened(hdfs, tmp_path, folder)
    lake.write("k", b"v")
    for name in ("old", "new"):
        (tmp_path / name).write_text("half")
        hdfs.dfs("-put", str(tmp_path / name), f"{folder}/{ASIDE}/{name}")
    hdfs.dfs("-touch", "-m", "-t", "20200101:000000", f"{folder}/{ASIDE}/old")
    assert lake.sizes("") == {"k": 1}
    opened(hdfs, tmp_path, folder).write("k", b"w")
    assert list(hdfs.files(folder)) == [f"{ASIDE}/new", "k"]


@pytest.mark.usefixtures("hasty")
def test_a_file_that_another_program_holds_open_is_told(hdfs: Hadoop, tmp_path: Path, folder: str) -> None:
    from hdfs_native import Client, WriteOptions  # noqa: PLC0415 -- an extra

    lake = opened(hdfs, tmp_path, folder)
    lake.write("other", b"v")
    writer = Client(hdfs.hdfs).create(f"{folder}/k", WriteOptions(overwrite=True))
    writer.write(b"x" * 661)
    writer.hsync()

    with pytest.raises(TransientError, match=r"gave 0 of the 661 bytes of .*: another program has it open for writing"):
        lake.fetch("k")
    writer.close()
    assert lake.fetch("k").read_bytes() == b"x" * 661


def test_a_large_file_takes_little_memory_and_comes_back_whole(hdfs: Hadoop, tmp_path: Path, folder: str) -> None:
    path = tmp_path / "large"
    with path.open("wb") as stream:
        for number in range(64):
            stream.write(bytes([number]) * (1 << 20))  # four blocks
    lake = opened(hdfs, tmp_path, folder)
    lake.put("large", path)
    fetched = lake.fetch("large")
    with path.open("rb") as one, fetched.open("rb") as other:
        assert all(one.read(1 << 20) == other.read(1 << 20) for _ in range(65))


def test_folders_that_are_left_empty_go_and_one_in_the_way_of_a_key_is_no_object(
    hdfs: Hadoop, tmp_path: Path, folder: str
) -> None:
    lake = opened(hdfs, tmp_path, folder)
    lake.write("a/b/c", b"v")
    assert (lake.read("a/b"), lake.sizes("a/b")) == (None, {"a/b/c": 1})
    lake.delete(["a/b"])
    assert lake.read("a/b/c") == b"v"
    lake.delete(["a/b/c"])
    assert hdfs.dfs("-ls", "-C", folder).split("\n") == [f"{folder}/{ASIDE}", ""]
