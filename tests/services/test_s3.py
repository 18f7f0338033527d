"""Whole commands with their buckets on an S3 server, and what they do when it fails."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.lake import s3_client, s3_uploads
from retailstream.adapters.lake.s3 import S3Lake, Storage, open_s3
from retailstream.errors import RetailStreamError, TransientError
from tests.environment import FEATURES, SALES, STORES, csv, new_environment
from tests.services.faulty import Fault, faulty_proxy
from tests.services.s3_server import SECRET
from tests.services.servers import free_port

if TYPE_CHECKING:
    from tests.environment import Environment, Summary
    from tests.services.faulty import Faulty
    from tests.services.s3_server import S3Server

CHAIN = Path(__file__).parents[1] / "analytics" / "fixtures" / "chain"
REAL = Path(__file__).parents[3] / "shared" / "datasets" / "retail"


def opened(bucket: str, folder: Path) -> S3Lake:
    return open_s3(bucket, folder / "copies", Storage())


@pytest.fixture
def buckets(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two buckets, which every command of the test uses."""
    raw, clean = s3.new_bucket(), s3.new_bucket()
    monkeypatch.setenv("RETAILSTREAM__LAKE__RAW", f"s3://{raw}")
    monkeypatch.setenv("RETAILSTREAM__LAKE__CLEAN", f"s3://{clean}/within")
    monkeypatch.setenv("RETAILSTREAM__QUALITY__MAX_ORPHAN_STORES", "99")  # the chain has some
    return raw, clean


@pytest.fixture
def faulty(s3_proxy: Faulty, monkeypatch: pytest.MonkeyPatch) -> Faulty:
    """A server that fails on demand, and clients with little patience."""
    monkeypatch.setattr(s3_client, "SILENCE", 1)
    monkeypatch.setattr(s3_client, "PATIENCE", 1)
    monkeypatch.setattr(s3_client, "TRIES", 2)
    s3_proxy.silence = 3
    return s3_proxy


def small(env: Environment) -> Environment:
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE", "1,1,2010-03-05,2.20,FALSE")})
    env.write({"stores/s.csv": csv(STORES, "1,A,2")})
    return env


def rows(summary: Summary) -> dict[str, int]:
    return {dataset: counts["rows_out"] for dataset, counts in summary["datasets"].items()}


@pytest.mark.parametrize("source", [CHAIN, REAL], ids=["chain", "real"])
def test_a_run_over_buckets_ends_as_one_over_folders_and_again_moves_nothing(
    buckets: tuple[str, str], s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    if not source.is_dir():
        pytest.skip(f"{source} is not there")
    env, folders = new_environment(tmp_path / "s3"), new_environment(tmp_path / "folders")
    shutil.copytree(source, env.source, dirs_exist_ok=True)
    summary = env.run()
    objects = {
        (bucket, item["Key"]): item["ETag"]
        for bucket in buckets
        for page in s3.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for item in page.get("Contents", ())
    }
    with faulty_proxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
        assert env.run()["status"] == "noop"
        assert not [request for request in proxy.sent if request.startswith(("PUT", "POST", "DELETE"))]

    for name in ("RAW", "CLEAN"):
        monkeypatch.delenv(f"RETAILSTREAM__LAKE__{name}")
    assert rows(folders.stage("run", "--source", str(env.source))) == rows(summary)
    clean = folders.home / "lake" / "clean"
    named = {path.relative_to(clean).as_posix() for path in clean.rglob("*") if path.is_file()}
    assert {key.removeprefix("within/") for bucket, key in objects if bucket == buckets[1]} == named
    assert folders.files("warehouse") == env.files("warehouse")
    if source == REAL:
        assert (rows(summary)["sales"], len(objects)) == (421_570, 423 + 36)


def test_no_merge_sweeps_objects_of_others(buckets: tuple[str, str], s3: S3Server, env: Environment) -> None:
    small(env)
    clean = buckets[1]
    for key in ("within/stores/", "within/sales/month=2010-02/part-0.parquet"):  # the first is a folder of a console
        s3.client().put_object(Bucket=clean, Key=key, Body=b"theirs" * (not key.endswith("/")))
    error = env.run(code=2)["error"]
    assert (
        f"'sales/' in s3://{clean}/within holds files that are not ours, such as 'sales/month=2010-02/part-0" in error
    )
    assert s3.client().get_object(Bucket=clean, Key=key)["Body"].read() == b"theirs"
    s3.client().delete_object(Bucket=clean, Key=key)
    assert env.run()["status"] == "ok"


def test_more_objects_than_a_page_holds_are_listed_and_deleted(bucket: str, tmp_path: Path) -> None:
    lake = opened(bucket, tmp_path)
    (tmp_path / "x").write_bytes(b"x")
    keys = [f"k/{number:04}" for number in range(1_234)]
    assert all(lake.add_all([(key, tmp_path / "x") for key in keys]))
    assert list(lake.sizes("k/")) == keys
    lake.delete(keys)
    assert lake.sizes("") == {}


def by(number: int) -> bytes:
    """Return what a writer writes; were it what is there already, the object would be as it was, and a second one wins."""
    return b"by writer %d" % number


def written(lakes: list[S3Lake], barrier: threading.Barrier, number: int) -> str | None:
    """Write at the same moment as all others, and return the error."""
    barrier.wait()
    try:
        lakes[number].write("k", by(number))
    except TransientError as error:
        return error.message
    return None


def test_of_many_that_write_an_object_at_once_one_wins(bucket: str, tmp_path: Path) -> None:
    lakes = [opened(bucket, tmp_path) for _ in range(16)]
    for before in (None, b"0"):
        assert [lake.read("k") for lake in lakes] == [before] * 16
        with ThreadPoolExecutor(16) as pool:
            told = list(pool.map(partial(written, lakes, threading.Barrier(16)), range(16)))
        (winner,) = [number for number, error in enumerate(told) if error is None]
        assert {error for error in told if error} == {
            f"object 'k' in s3://{bucket} was changed by another run meanwhile"
        }
        assert lakes[0].read("k") == by(winner)
        lakes[0].write("k", b"0")


def test_a_large_file_goes_in_parts_and_a_killed_upload_of_it_is_taken_away(
    bucket: str, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_uploads, "PART_BYTES", 5 << 20)
    data = bytes(range(251)) * 50_000
    (tmp_path / "large").write_bytes(data)
    s3.client().create_multipart_upload(Bucket=bucket, Key="a/large")  # what a killed run leaves

    lake = opened(bucket, tmp_path)
    assert list(lake.add_all([("a/large", tmp_path / "large")])) == [True]

    assert lake.fetch("a/large").read_bytes() == data
    assert s3.client().head_object(Bucket=bucket, Key="a/large")["ETag"].endswith('-3"')
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=bucket)
    assert list(lake.add_all([("a/large", tmp_path / "large")])) == [True]
    (tmp_path / "large").write_bytes(data[::-1])
    with pytest.raises(RetailStreamError, match="is there already, with other bytes"):
        list(lake.add_all([("a/large", tmp_path / "large")]))
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=bucket)


def test_a_copy_is_taken_once_and_checked_each_time(bucket: str, s3: S3Server, tmp_path: Path) -> None:
    with faulty_proxy(s3.endpoint) as proxy, pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
        opened(bucket, tmp_path).write("k", b"v")
        first = opened(bucket, tmp_path).fetch("k")
        before = first.stat().st_mtime_ns
        again = opened(bucket, tmp_path).fetch("k")
    assert (first, before) == (again, again.stat().st_mtime_ns)
    assert [request.split()[0] for request in proxy.sent] == ["PUT", "GET", "GET"]


def test_a_landed_object_that_was_changed_is_named_and_nothing_is_published(
    env: Environment, buckets: tuple[str, str], s3: S3Server
) -> None:
    small(env).stage("ingest", "--source", str(env.source))
    s3.client().put_object(Bucket=buckets[0], Key="sales/landing-000001/w.csv", Body=b"other")
    error = env.stage("glue-merge", code=1)["error"]
    assert "'sales/landing-000001/w.csv'" in error
    assert "no longer has the bytes it landed with" in error
    s3.client().delete_object(Bucket=buckets[0], Key="sales/landing-000001/w.csv")
    error = env.stage("glue-merge", code=1)["error"]
    assert error.startswith(f"landed file 'sales/landing-000001/w.csv' in s3://{buckets[0]} is missing")
    assert s3.client().list_objects_v2(Bucket=buckets[1])["KeyCount"] == 0


@pytest.mark.parametrize("versioned", [False, True], ids=["deleted", "delete markers"])
def test_raw_objects_that_a_rule_took_away_are_seen_and_land_again(
    env: Environment, buckets: tuple[str, str], s3: S3Server, monkeypatch: pytest.MonkeyPatch, versioned: bool
) -> None:
    features = s3.new_bucket()
    monkeypatch.setenv("RETAILSTREAM__FEATURES__URL", f"s3://{features}/f")
    client, raw = s3.client(), {buckets[0]: 2, features: 2}
    if versioned:
        for bucket in raw:
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    small(env)
    for week in (5, 12):
        env.write({f"features/{week}.csv": csv(FEATURES, f"1,2010-02-{week:02},42.3,2.57,,,,,,211.1,8.1,FALSE")})
    env.run()
    before = {bucket: held(s3, bucket) for bucket in raw}
    assert {bucket: len(objects) for bucket, objects in before.items()} == raw
    gone = {bucket: min(objects) for bucket, objects in before.items()}
    for bucket, key in gone.items():
        client.delete_object(Bucket=bucket, Key=key)
    if versioned:
        markers = [client.list_object_versions(Bucket=bucket).get("DeleteMarkers", []) for bucket in raw]
        assert [[marker["Key"] for marker in found] for found in markers] == [[key] for key in gone.values()]

    assert env.failing() == ["raw_files", "feature_files"]
    assert gone[buckets[0]] in env.checks()["raw_files"]["hint"]
    summary = env.run()

    told = [(warning["code"], warning["dataset"]) for warning in summary["warnings"]]
    assert sorted(told) == [("landed_again", "features"), ("landed_again", "sales")]
    assert {bucket: held(s3, bucket) for bucket in raw} == before
    assert env.failing() == []
    assert env.run()["status"] == "noop"
    if versioned:  # nobody has taken an earlier version away
        versions = [client.list_object_versions(Bucket=bucket)["Versions"] for bucket in raw]
        assert [[v["Key"] for v in found].count(key) for found, key in zip(versions, gone.values(), strict=True)] == [
            2,
            2,
        ]


def test_an_older_version_that_somebody_put_back_is_seen_and_replaced(
    env: Environment, buckets: tuple[str, str], s3: S3Server
) -> None:
    client, key = s3.client(), "sales/landing-000001/w.csv"
    client.put_bucket_versioning(Bucket=buckets[0], VersioningConfiguration={"Status": "Enabled"})
    small(env).run()
    before = held(s3, buckets[0])
    client.put_object(Bucket=buckets[0], Key=key, Body=b"what was there")
    assert env.failing() == ["raw_files"]
    assert [warning["code"] for warning in env.run()["warnings"]] == ["landed_again"]
    assert held(s3, buckets[0]) == before


def held(s3: S3Server, bucket: str) -> dict[str, bytes]:
    """Return the bytes of each object of a bucket as it is now."""
    client = s3.client()
    keys = [item["Key"] for item in client.list_objects_v2(Bucket=bucket).get("Contents", ())]
    return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_a_clean_object_that_was_deleted_is_made_again(
    env: Environment, buckets: tuple[str, str], s3: S3Server
) -> None:
    small(env).run()
    (key,) = [
        item["Key"] for item in s3.client().list_objects_v2(Bucket=buckets[1])["Contents"] if "2010-02" in item["Key"]
    ]
    s3.client().delete_object(Bucket=buckets[1], Key=key)
    assert "reconcile_sales_database" in env.failing()
    env.run()
    assert env.failing() == []
    assert s3.client().head_object(Bucket=buckets[1], Key=key)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong+" + SECRET[:4], "refuses us"),
        ("AWS_ACCESS_KEY_ID", "nobody", "refuses us"),
        ("RETAILSTREAM__LAKE__RAW", "s3://not-there", "refuses us"),
        ("RETAILSTREAM__LAKE__RAW", "s3://Not A Bucket", "cannot be used"),
        ("RETAILSTREAM__LAKE__RAW", "s3://", "has no known scheme"),
    ],
)
def test_what_the_user_has_to_put_right_ends_with_2(
    env: Environment, buckets: tuple[str, str], monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    assert buckets
    monkeypatch.setenv(variable, value)
    outcome = small(env).command("ingest", "--source", str(env.source), "--json")
    assert (outcome.exit_code, outcome.document["status"]) == (2, "failed")
    assert message in outcome.document["error"]
    assert SECRET not in outcome.stdout + outcome.stderr
    assert "wrong+" not in outcome.stdout + outcome.stderr


def test_without_credentials_a_command_says_so(
    env: Environment, buckets: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert buckets
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    error = small(env).stage("ingest", "--source", str(env.source), code=2)["error"]
    assert "Unable to locate credentials" in error


def test_a_server_that_is_not_there_is_given_up_within_a_minute(
    env: Environment, buckets: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert buckets
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    clock = time.monotonic()
    error = small(env).stage("ingest", "--source", str(env.source), code=4)["error"]
    assert time.monotonic() - clock < 60
    assert "is not available: Could not connect" in error


def test_a_server_that_is_away_for_some_seconds_is_waited_for(
    env: Environment, buckets: tuple[str, str], s3_server: S3Server
) -> None:
    small(env)
    for words in (["ingest", "--source", str(env.source)], ["glue-merge"]):
        s3_server.stop()
        starting = threading.Timer(4, s3_server.start)
        starting.start()
        try:
            assert env.stage(*words)["status"] == "ok"
        finally:
            starting.join()
    assert buckets


def test_nobody_waits_twice_in_one_command_for_a_server_that_is_not_there(
    env: Environment, buckets: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert buckets
    monkeypatch.setattr(s3_client, "PATIENCE", 4)
    monkeypatch.setenv("RETAILSTREAM__FEATURES__URL", "s3://features")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    clock = time.monotonic()
    assert env.command("doctor").stdout.count("FAILED") >= 3
    assert time.monotonic() - clock < 4 * 3 + 12


FAULTS: list[Fault] = ["500", "503", "reset", "silent"]


@pytest.mark.parametrize("fault", [*FAULTS, "cut", "changed"])
def test_what_fails_once_is_tried_again(
    env: Environment, buckets: tuple[str, str], faulty: Faulty, fault: Fault
) -> None:
    assert buckets
    small(env)
    for stage, where in (("ingest", "PUT /"), ("glue-merge", "GET /")):
        if stage == "ingest" and fault in {"cut", "changed"}:
            env.stage("ingest", "--source", str(env.source))
            continue
        # An answer without a body cannot be cut; what is fetched are the raw files.
        faulty.fail(fault, where if stage == "ingest" else f"GET /{buckets[0]}/s", 1)
        words = ["--source", str(env.source)] if stage == "ingest" else []
        assert env.stage(stage, *words)["status"] == "ok"
        assert len(faulty.met) == 1
    faulty.fail("500", "nothing", 0)
    env.run()
    assert env.failing() == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("where", ["PUT /", "GET /"])
def test_what_fails_all_the_time_ends_with_4_and_the_same_command_again_repairs_it(
    env: Environment, buckets: tuple[str, str], faulty: Faulty, fault: Fault, where: str
) -> None:
    small(env).run()
    env.write({"sales/x.csv": csv(SALES, "1,2,2010-02-05,3.30,FALSE")})
    stage = ["ingest", "--source", str(env.source)] if where == "PUT /" else ["glue-merge"]
    if where == "GET /":
        env.stage("ingest", "--source", str(env.source))
    before = env.files("warehouse"), env.database("select * from sales")

    faulty.fail(fault, where, 1_000)
    clock = time.monotonic()
    error = env.stage(*stage, code=4)["error"]
    assert time.monotonic() - clock < 60
    assert "is not available" in error
    assert SECRET not in error
    faulty.fail(fault, where, 0)

    assert env.failing() == [f"last_run_{stage[0]}"]
    assert (env.files("warehouse"), env.database("select * from sales")) == before
    env.run()
    assert env.failing() == []
    assert len(env.database("select * from sales")) == 3
    assert buckets


@pytest.mark.parametrize("fault", ["cut", "changed"])
def test_a_body_that_is_never_whole_is_not_taken_for_the_object(
    bucket: str, faulty: Faulty, tmp_path: Path, fault: Fault
) -> None:
    lake = opened(bucket, tmp_path)
    lake.write("k", b"0123456789" * 1_000)
    faulty.fail(fault, "GET /", 100)
    with pytest.raises(TransientError, match="is not available"):
        lake.fetch("k")
    with pytest.raises(TransientError, match="is not available"):
        lake.read("k")
    faulty.fail(fault, "GET /", 0)
    assert lake.fetch("k").read_bytes() == b"0123456789" * 1_000
    assert [path.name for path in (tmp_path / "copies").rglob("*") if path.is_file()] == ["k"]


def test_a_publication_whose_answer_was_lost_is_known_for_its_own(bucket: str, faulty: Faulty, tmp_path: Path) -> None:
    lake = opened(bucket, tmp_path)
    assert lake.read("k") is None
    lake.write("k", b"one")
    faulty.fail("cut", "PUT /", 1)
    lake.write("k", b"two")
    assert opened(bucket, tmp_path).read("k") == b"two"


def test_storage_is_asked_for_as_the_settings_say(bucket: str, faulty: Faulty, tmp_path: Path) -> None:
    lake = open_s3(bucket, tmp_path / "copies", Storage("AES256", storage_class="STANDARD_IA"))
    lake.write("k", b"x")
    assert faulty.headers[-1]["x-amz-server-side-encryption"] == "AES256"
    assert faulty.headers[-1]["x-amz-storage-class"] == "STANDARD_IA"
    assert Storage("aws:kms", "a key").arguments == {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "a key"}


def test_what_is_stored_is_proved_by_a_checksum(bucket: str, faulty: Faulty, s3: S3Server, tmp_path: Path) -> None:
    opened(bucket, tmp_path).write("k", b"x")
    assert "x-amz-checksum-crc64nvme" in faulty.headers[-1]
    head = s3.client().head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == faulty.headers[-1]["x-amz-checksum-crc64nvme"]
