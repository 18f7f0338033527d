"""What the C runtime of AWS sends, and what it leaves to boto3."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import ReadOnlyCredentials

from retailstream.adapters.lake import s3_runtime
from retailstream.adapters.lake.s3 import S3Lake, Storage, open_s3
from retailstream.adapters.lake.s3_client import new_client, new_session
from retailstream.adapters.lake.s3_runtime import SMALL_BYTES, Runtime, open_runtime
from retailstream.errors import RetailStreamError, TransientError
from tests.services.certificates import make_authority, make_certificate
from tests.services.s3_server import KEY, SECRET, S3Server
from tests.services.servers import free_port, program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.faulty import Fault, Faulty


def opened(bucket: str, folder: Path, storage: Storage | None = None) -> S3Lake:
    return open_s3(bucket, folder / "copies", storage or Storage())


def files(folder: Path, number: int) -> list[tuple[str, Path]]:
    """Write files, and return them with their keys."""
    paths = [folder / f"{name}.csv" for name in range(number)]
    for path in paths:
        path.write_text(f"rows of {path.name}")
    return [(f"sales/{path.name}", path) for path in paths]


def by_runtime(s3_proxy: Faulty) -> list[bool]:
    """Say of each request whether the runtime made it."""
    return ["CRTS3NativeClient" in headers["user-agent"] for headers in s3_proxy.headers]


def test_small_files_go_by_the_runtime_one_request_each_and_proved(
    bucket: str, s3_proxy: Faulty, tmp_path: Path
) -> None:
    added = files(tmp_path, 40)
    lake = opened(bucket, tmp_path)
    assert list(lake.add_all(added)) == [True] * 40
    assert by_runtime(s3_proxy) == [True] * 40
    assert all("x-amz-checksum-crc64nvme" in headers for headers in s3_proxy.headers)
    assert {headers["if-none-match"] for headers in s3_proxy.headers} == {"*"}
    assert [lake.read(key) for key, _path in added] == [path.read_bytes() for _key, path in added]


def test_large_files_and_such_that_are_gone_are_for_boto3(bucket: str, s3_proxy: Faulty, tmp_path: Path) -> None:
    large, empty = tmp_path / "large", tmp_path / "empty"
    large.write_bytes(b"x" * (SMALL_BYTES + 1))
    empty.write_bytes(b"")
    lake = opened(bucket, tmp_path)
    assert list(lake.add_all([("l", large), ("gone", tmp_path / "gone"), ("e", empty)])) == [True, False, True]
    assert sorted(by_runtime(s3_proxy)) == [False, True]
    assert lake.sizes("") == {"e": 0, "l": SMALL_BYTES + 1}


@pytest.mark.parametrize("key", ["a b+c%d/ü#?.csv", "a//b", "~'(!)*@:$,=;&"])
def test_any_key_is_written_as_boto3_writes_it(bucket: str, s3_proxy: Faulty, tmp_path: Path, key: str) -> None:
    lake = opened(bucket, tmp_path)
    lake.write(key, b"by boto3")
    lake.delete([key])
    assert list(lake.add_all([(key, files(tmp_path, 1)[0][1])])) == [True]
    assert by_runtime(s3_proxy) == [False, False, True]
    assert s3_proxy.sent[0] == s3_proxy.sent[2]


def test_what_is_there_already_is_compared_and_the_runtime_goes_on(
    bucket: str, s3_proxy: Faulty, tmp_path: Path
) -> None:
    added = files(tmp_path, 36)
    list(opened(bucket, tmp_path).add_all(added[:10]))
    lake = opened(bucket, tmp_path)
    s3_proxy.headers.clear()
    assert list(lake.add_all(added)) == [True] * 36
    assert sum(by_runtime(s3_proxy)) == 36
    added[0][1].write_text("other rows")
    with pytest.raises(RetailStreamError, match="is there already, with other bytes"):
        list(lake.add_all(added))


@pytest.mark.parametrize("fault", ["500", "503", "reset"])
def test_a_server_that_is_down_for_a_moment_loses_nothing(
    bucket: str, s3_proxy: Faulty, tmp_path: Path, fault: Fault
) -> None:
    added = files(tmp_path, 40)
    s3_proxy.fail(fault, "PUT /", 10)
    lake = opened(bucket, tmp_path)
    assert list(lake.add_all(added)) == [True] * 40
    assert [lake.read(key) for key, _path in added] == [path.read_bytes() for _key, path in added]


def test_a_server_that_falls_silent_is_waited_for_once_and_then_left_to_boto3(
    bucket: str, s3_proxy: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_runtime, "PATIENCE", 3)
    s3_proxy.silence = 60
    s3_proxy.fail("silent", "PUT /", 6)
    lake = opened(bucket, tmp_path)
    added = files(tmp_path, 8)
    clock = time.monotonic()
    assert list(lake.add_all(added[:6])) == [True] * 6
    assert time.monotonic() - clock < 16  # six times the patience were more
    assert by_runtime(s3_proxy) == [True] * 6 + [False] * 6
    s3_proxy.headers.clear()
    assert list(lake.add_all(added[6:])) == [True] * 2
    assert by_runtime(s3_proxy) == [False] * 2


def test_storage_is_asked_for_as_the_settings_say(bucket: str, s3_proxy: Faulty, tmp_path: Path) -> None:
    lake = opened(bucket, tmp_path, Storage("AES256", storage_class="STANDARD_IA"))
    assert list(lake.add_all(files(tmp_path, 1))) == [True]
    assert by_runtime(s3_proxy) == [True]
    assert s3_proxy.headers[-1]["x-amz-server-side-encryption"] == "AES256"
    assert s3_proxy.headers[-1]["x-amz-storage-class"] == "STANDARD_IA"


def runtime(bucket: str) -> Runtime | None:
    session = new_session()
    return open_runtime(session, new_client(session, connections=1), bucket)


def test_each_file_is_signed_with_the_credentials_of_its_moment(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = runtime(bucket)
    assert found
    now = ReadOnlyCredentials(KEY, SECRET, None)
    monkeypatch.setattr(found._credentials, "get_frozen_credentials", lambda: now)
    done = []
    for (key, path), secret in zip(files(tmp_path, 4), [SECRET, SECRET, "expired", SECRET], strict=True):
        now = ReadOnlyCredentials(KEY, secret, None)
        stored = found.begin(key, path, {})
        done.append(bool(stored and stored()))
    assert done == [True, True, False, False]


def test_through_a_proxy_boto3_alone_knows_the_way(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runtime(bucket)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert runtime(bucket) is None
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert runtime(bucket)


def test_a_server_that_is_not_there_is_told_of_by_boto3(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    clock = time.monotonic()
    with pytest.raises(TransientError, match="is not available: Could not connect"):
        list(opened(bucket, tmp_path).add_all(files(tmp_path, 3)))
    assert time.monotonic() - clock < 60


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server with TLS, and a stranger's authority beside it."""
    program("openssl")
    folder = tmp_path_factory.mktemp("s3")
    make_authority(folder, "ca")
    make_authority(folder, "stranger")
    make_certificate(folder, "server", "ca")
    server = S3Server(program("versitygw"), folder, free_port(), "server")
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", None])
def test_with_tls_the_authorities_are_those_of_boto3(
    encrypted: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    def trust(authority: str) -> None:
        path = str(encrypted.folder / f"{authority}.pem")
        if variable is None:
            (tmp_path / "config").write_text(f"[default]\nca_bundle = {path}\n")
        else:
            monkeypatch.setenv(variable, path)

    bucket = encrypted.new_bucket()
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in encrypted.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    trust("ca")
    found = runtime(bucket)
    assert found
    stored = found.begin("k", files(tmp_path, 1)[0][1], {})
    assert stored
    assert stored()

    trust("stranger")
    with pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
        list(opened(bucket, tmp_path).add_all(files(tmp_path, 2)))
    assert encrypted.client().list_objects_v2(Bucket=bucket)["KeyCount"] == 1
